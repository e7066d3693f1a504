// Everything a client can claim about a run: what the platform's variables say, and what the checkout says. Kept side by
// side: where two disagree, that is worth knowing.
import type { RunEnvironment } from '../config-environment.ts';
import type { Claim } from '../record/observation.ts';
import { toClaims } from './claim-values.ts';
import { readGitCheckout } from './git-checkout.ts';
import { readGithubEvent } from './github-event.ts';
import { claimsOfEnvironment } from './platforms.ts';

/** Never throws. */
export async function collectClaims(environment: RunEnvironment, directory: string): Promise<readonly Claim[]> {
  const [event, checkout] = await Promise.all([
    readGithubEvent(environment.GITHUB_EVENT_PATH),
    readGitCheckout(directory),
  ]);
  const claims = claimsOfEnvironment(environment, event);
  if (checkout === undefined) return claims;
  return [
    ...claims,
    ...toClaims('commit', checkout.commit, 'git'),
    ...toClaims('ref', checkout.branch, 'git'),
    ...toClaims('repository', checkout.origin, 'git'),
  ];
}

// Who a set of claims names, by how well it is known. Says nothing that no claim says: a job of a CI system is a
// runner's, not a person's, and an account that nobody logged in to stays an account. Pure.
import type { Claim, Known } from './observation.ts';

/** Programs that run jobs of a CI system, as the kernel knows their files. */
export const RUNNER_PROGRAMS: readonly string[] = [
  ...['Runner.Worker', 'Runner.Listener', 'gitlab-runner', 'gitlab-runner-helper', 'atlantis', 'buildkite-agent'],
  ...['act_runner', 'forgejo-runner', 'woodpecker-agent', 'circleci-runner', 'Agent.Worker', 'Agent.Listener'],
  ...['drone-runner-exec', 'spacelift-launcher', 'spacelift-worker', 'env0-agent', 'tfc-agent'],
];
const RUNNER_UNIT =
  /^(?:actions\.runner\.[\w.-]+|(?:gitlab-runner|atlantis|buildkite-agent|act_runner|forgejo-runner)(?:@[\w.-]+)?)\.service$/;

/** Fields whose values are references to a person or an account. */
const PERSON_FIELDS: ReadonlySet<string> = new Set(['actor', 'login', 'owner']);
/** Of a login: no login led to the process. */
export const NO_LOGIN = 'none';
/** Stands where a claim held a known secret. */
const WITHHELD = '(hidden)';

export interface NamedActor {
  /** "alice", "alice as root", "uid:1001". */
  readonly name: string;
  readonly known: Known;
  /** A known runner of jobs started it, and no login led to it. */
  readonly isRunner: boolean;
}

/** The persons and accounts that the claims refer to, as they are written there: "uid:1001", "user:alice". */
export function actorReferences(claims: readonly Claim[]): readonly string[] {
  return [...new Set(claims.filter(isPerson).map(({ value }) => value))];
}

/** Those known best: verified before observed before claimed. Empty when nobody is named. */
export function bestActors(claims: readonly Claim[]): readonly NamedActor[] {
  const persons = claims.filter(isPerson);
  const best = (['verified', 'observed', 'claimed', 'unknown'] as const).find((known) =>
    persons.some((claim) => claim.known === known),
  );
  if (best === undefined) return [];
  const known = persons.filter((claim) => claim.known === best);
  if (best === 'observed') return [observedActor(known, claims)];
  const names = known.filter(({ field }) => field === 'actor').map(({ value }) => shortName(value));
  return [...new Set(names)].map((name) => ({ name, known: best, isRunner: false }));
}

/** By login and account of the process; by the owner of the lock file where no process was seen. */
function observedActor(persons: readonly Claim[], claims: readonly Claim[]): NamedActor {
  const nameOf = (field: string): string => {
    const values = persons.filter((claim) => claim.field === field).map(({ value }) => value);
    return shortName(values.find((value) => value.startsWith('user:')) ?? values[0] ?? '');
  };
  const [login, account] = [nameOf('login'), nameOf('actor') || nameOf('owner')];
  const name = login === '' || login === account ? account : account === '' ? login : `${login} as ${account}`;
  return { name, known: 'observed', isRunner: login === '' && isRunners(claims) };
}

/** By what the process cannot change: the files that run in its chain of parents, and its unit. */
function isRunners(claims: readonly Claim[]): boolean {
  const observed = claims.filter(({ known }) => known === 'observed');
  const hasNoLogin = observed.some(({ field, value }) => field === 'login' && value === NO_LOGIN);
  const isRunner = ({ field, value }: Claim): boolean =>
    (/^parent-\d+-program$/.test(field) && RUNNER_PROGRAMS.includes(value)) ||
    (field === 'unit' && RUNNER_UNIT.test(value));
  return hasNoLogin && observed.some(isRunner);
}

function isPerson({ field, value }: Claim): boolean {
  return PERSON_FIELDS.has(field) && value !== '' && value !== WITHHELD && !(field === 'login' && value === NO_LOGIN);
}

function shortName(reference: string): string {
  return reference.replace(/^user:/, '');
}

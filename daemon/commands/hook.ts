// stateseal hook: a platform says that a job, a workflow or a session began or ended. Never fails and never waits long:
// a job must not suffer from being recorded.
import { readRunEnvironment, resolveSpoolDir, wantsTalk } from '../config-environment.ts';
import { ConfigError } from '../errors.ts';
import type { Claim } from '../record/observation.ts';
import { toActor, toClaims, toPullRequest } from '../run/claim-values.ts';
import { startReporter } from '../run/reporter-link.ts';
import type { TellPlatform } from '../run/reporter-messages.ts';
import { outcomeOf } from '../run/platforms.ts';
import { assertOneOf, parseArguments, usageError, type Arguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { parseDuration } from './duration.ts';

const VERB = 'hook';
const PLATFORMS = ['github', 'gitlab', 'atlantis', 'terragrunt', 'ci', 'ssh'] as const;
const OUTCOMES = ['succeeded', 'failed', 'unknown'] as const;

export const hookCommand: Command = {
  name: VERB,
  summary: "tell the recorder of a platform's step",
  usage: `Usage: stateseal hook <${PLATFORMS.join('|')}> <event> [--outcome WORD] [--actor LOGIN]
           [--commit HASH] [--pull-request OWNER/PROJECT#N] [--job-url URL] [--spool DIR] [--budget 2s]

Records that a job, a workflow or a session began or ended (job-started, job-finished, plan, apply, error, …), with what
the platform's variables say of actor, commit, repository, pull request and job. The scripts in hooks/ call it.

--outcome WORD  succeeded, failed or unknown; default: what the platform's variables say
--actor LOGIN, --commit HASH, --pull-request OWNER/PROJECT#N, --job-url URL
                claims, for a platform whose variables are not known; what has another shape is left out,
                and a URL loses userinfo, query and fragment
--spool DIR     as for stateseal exec
--budget TIME   the longest wait; default 2s
--quiet         no word about what could not be recorded, unless STATESEAL_VERBOSE is set

Exit code: 0, always. What could not be recorded is one line on standard error.
`,
  async run(args, context) {
    try {
      await tell(args, context);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      context.stderr(`stateseal: ${error.message} [${error.code}]\n`);
    }
    return 0;
  },
};

async function tell(args: readonly string[], context: CommandContext): Promise<void> {
  const given = parseArguments(VERB, args, {
    outcome: { type: 'string' },
    actor: { type: 'string' },
    commit: { type: 'string' },
    'pull-request': { type: 'string' },
    'job-url': { type: 'string' },
    spool: { type: 'string' },
    budget: { type: 'string' },
  });
  const [platform = '', event = '', ...more] = given.positionals;
  assertOneOf(VERB, '<platform>', [platform], PLATFORMS);
  if (more.length > 0 || !/^[a-z][a-z-]{0,31}$/.test(event)) {
    throw usageError(VERB, 'expected a platform and an event like job-started, got something else');
  }
  const outcome = [given.text('outcome') ?? outcomeOf(readRunEnvironment())];
  assertOneOf(VERB, '--outcome', outcome, OUTCOMES);
  const cwd = process.cwd();
  const budgetMs = parseDuration(VERB, '--budget', given.text('budget') ?? '2s');
  const request: TellPlatform = {
    type: 'platform',
    platform,
    event,
    outcome: outcome[0] ?? 'unknown',
    claims: claimsOfFlags(platform, given),
    cwd,
    spoolDir: resolveSpoolDir(given.text('spool'), cwd, context),
    time: new Date(context.now()).toISOString(),
    budgetMs,
  };
  const link = startReporter();
  try {
    link.send(request);
    const delivery = await link.answer('finished', budgetMs);
    // What is only late is written by the reporter alone.
    const isWorthAWord = delivery.outcome === 'refused' && delivery.reason !== 'timeout' && !context.quiet;
    if (delivery.outcome === 'refused' && (isWorthAWord || wantsTalk())) {
      context.stderr(`stateseal: this step is not recorded (${delivery.reason}): ${delivery.hint}\n`);
    }
  } finally {
    link.close();
  }
}

function claimsOfFlags(platform: string, given: Arguments): readonly Claim[] {
  const [, project, number] = /^([^#]+)#([^#]+)$/.exec(given.text('pull-request') ?? '') ?? [];
  return [
    ...toClaims('actor', toActor(platform, given.text('actor')), 'flag'),
    ...toClaims('commit', given.text('commit'), 'flag'),
    ...toClaims('pull-request', toPullRequest(project, number), 'flag'),
    ...toClaims('job-url', given.text('job-url'), 'flag'),
  ];
}

// The flags of `stateseal log`, and what they ask. Pure.
import type { CountGroup } from '../store/queries-count.ts';
import { parseChangeFilter } from '../answers/change-filter.ts';
import { parseGroup } from '../answers/count-group.ts';
import { LABEL_OPTIONS } from '../answers/label-filter.ts';
import type { ChangeFilter } from '../store/queries-filter.ts';
import { parseArguments, parseCount, refuseFlag, usageError, type Arguments } from './arguments.ts';

export const LOG_USAGE = `Usage: stateseal log [filters]

What      --state <name or reference glob>    --address <glob>    --path <pointer>    --type <resource type glob>
          --action create,update,delete,replace,forget,move,import,taint,untaint
          --kind apply,destroy,refresh,import,manual,rollback,rewritten,replaced,migrated,retired,failed,unknown
          --env prod    --label team=network    labels of the configuration: all keys must fit, values are globs
When      --since 24h|2026-05-01    --until …    (time of the change, UTC; --recorded-since for time of the record)
Who       --actor <glob>   like alice or uid:1001: account, login or owner of the lock file, however it is known
          --run <id or its beginning>    --no-actor, --no-run   changes that name nobody, that no run is tied to
Plan      --no-plan    --beyond-plan (diverged, too)    --verdict as-planned,partly-applied,undetermined,…
Problems  --problems   manual, failed, unknown, rolled back, rewritten or replaced states, gaps, versions not seen,
                       unreadable states, floods, locks left behind, run and source that disagree, spool losses
          --unexplained    problems that no note explains    --emergency    --ticket <glob>    changes with such a note
Output    -n 20        how many, newest first (--json and --csv: all of them unless -n is given)
          -f, --follow     go on with what is recorded next
          --changes        one line per resource instance instead of one per change of a state
          --stat           totals        --count --by state|type|kind|week|tool-version|label.<key>
          --json           one object per line        --csv        changes, or with --changes resource instances
          --at-size <tree size>   answer as of that size of the log: reproducible

An address without index means all its instances, as -target does; * and ? match any text and any character.
The names an instance had before and after its moves are found too. 'replace' is neither 'create' nor 'delete'.
--json: {"object":"change","number","id","state","kind","continuity","time","before","after","counts","claims",
"problem","verdict",…,"actions":[{"address","actions","values":[{"path","before","after","hidden"}]}],"records":[…]}
`;

export type LogOutput = 'lines' | 'changes' | 'stat' | 'count';

export interface LogRequest {
  readonly filter: ChangeFilter;
  readonly limit: number;
  readonly output: LogOutput;
  readonly by: CountGroup;
  readonly format: 'text' | 'json' | 'csv';
  readonly isFollowed: boolean;
}

const VERB = 'log';

const OPTIONS = {
  state: { type: 'string' },
  address: { type: 'string' },
  path: { type: 'string' },
  type: { type: 'string' },
  ...LABEL_OPTIONS,
  action: { type: 'string', multiple: true },
  kind: { type: 'string', multiple: true },
  actor: { type: 'string' },
  run: { type: 'string' },
  'no-actor': { type: 'boolean' },
  'no-run': { type: 'boolean' },
  since: { type: 'string' },
  until: { type: 'string' },
  'recorded-since': { type: 'string' },
  'at-size': { type: 'string' },
  verdict: { type: 'string', multiple: true },
  'no-plan': { type: 'boolean' },
  'beyond-plan': { type: 'boolean' },
  problems: { type: 'boolean' },
  unexplained: { type: 'boolean' },
  emergency: { type: 'boolean' },
  ticket: { type: 'string' },
  limit: { type: 'string', short: 'n' },
  follow: { type: 'boolean', short: 'f' },
  changes: { type: 'boolean' },
  // Renames are always followed; the flag says what people mean.
  moved: { type: 'boolean' },
  stat: { type: 'boolean' },
  count: { type: 'boolean' },
  by: { type: 'string' },
  csv: { type: 'boolean' },
} as const;

/** Filters that need what later versions record: refused, never ignored. */
const PLANNED = ['pr', 'commit', 'no-approval', 'self-approved'];

/** Undefined when only the help was asked for. Throws ConfigError `usage` or `not-recorded-yet`. */
export function parseLogRequest(args: readonly string[], nowMs: number, isJson: boolean): LogRequest | undefined {
  const given = parseArguments(VERB, args, OPTIONS, PLANNED);
  if (given.has('help')) return undefined;
  if (given.positionals.length > 0) throw usageError(VERB, 'expected filters as flags, got a word without one');
  const format = given.has('csv') ? 'csv' : isJson || given.has('json') ? 'json' : 'text';
  const limit = given.text('limit');
  const request: LogRequest = {
    filter: parseChangeFilter(given, nowMs, refuseFlag(VERB)),
    limit: limit === undefined ? (format === 'text' ? 20 : Infinity) : parseCount(VERB, '-n', limit, 1),
    output: parseOutput(given),
    by: parseGroup(given.text('by'), refuseFlag(VERB)),
    format,
    isFollowed: given.has('follow'),
  };
  assertCombination(given, request);
  return request;
}

function parseOutput(given: Arguments): LogOutput {
  if (given.has('count') || given.has('by')) return 'count';
  if (given.has('stat')) return 'stat';
  return given.has('changes') ? 'changes' : 'lines';
}

function assertCombination(given: Arguments, { output, filter, isFollowed, format }: LogRequest): void {
  const isCounted = output === 'count' || output === 'stat';
  const { path, actor, run, without } = filter;
  if (isCounted && [path, actor, run, without].some((asked) => asked !== undefined)) {
    throw usageError(VERB, 'expected --count and --stat without --path, --actor and --run, got both');
  }
  if (isFollowed && (isCounted || filter.atSize !== undefined)) {
    throw usageError(VERB, 'expected --follow without --count, --stat and --at-size, got both');
  }
  if (format === 'csv' && given.has('json')) throw usageError(VERB, 'expected --csv or --json, got both');
}

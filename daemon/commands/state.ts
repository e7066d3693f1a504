// `stateseal state`: the states a log knows, one of them as it was, its history, and what changed in it between two
// times. Reads only.
import { openKnowledge } from '../answers/knowledge.ts';
import { LABEL_OPTIONS, parseLabels } from '../answers/label-filter.ts';
import { withLog } from '../answers/open-log.ts';
import { findState } from '../answers/state-view.ts';
import { assertOneName, parseArguments, parseCount, refuseFlag, usageError, type Arguments } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { diffState, showState } from './state-at.ts';
import { printHistory } from './state-history.ts';
import { printStates } from './state-list.ts';

const VERB = 'state';

export const stateCommand: Command = {
  name: VERB,
  summary: 'states known to the log; one as it was, its history',
  usage: `Usage: stateseal state list [--env prod] [--label team=network]
       stateseal state show <name> [--at TIME]
       stateseal state history <name> [--address <glob>] [-n 20]
       stateseal state diff <name> --from TIME [--to TIME]

list      name, serial, instances, last change, condition, labels and place of every state in the log
show      the state as it was, put together from the log alone; without --at: as it was last seen
history   its changes and gaps, newest first, under every name and place that it had
diff      what differs between two times, net

TIME      2026-03-03T14:00Z, 2026-03-03, 24h (ago), mon, now: the time of the version, UTC; or a record: '#41' or 41
<name>    as list prints it; the place of a state or its id will do

Hidden is what the log hides, and what has become known as a secret since. Without the recorder's keys (a copy of the
database alone) the latter is known only by its place; the answer says so.
active: looked at all the time · unreadable, empty · silent: nobody could look for longer · retired: the file is gone

--json    one object per line: {"object":"state",…}; show: resources and outputs first; diff: as \`stateseal diff\`
Exit codes: 0 · 1 diff found differences · 2 could not run
`,
  async run(args, context) {
    if (args.includes('--help') || args.includes('-h')) {
      context.stdout(stateCommand.usage);
      return 0;
    }
    const [word, ...rest] = args;
    const run = word === undefined || !Object.hasOwn(WORDS, word) ? undefined : WORDS[word];
    if (run === undefined)
      throw usageError(VERB, 'expected list, show, history or diff after state, got something else');
    return run(rest, context);
  },
};

type Run = (args: readonly string[], context: CommandContext) => Promise<number>;

const WORDS: Readonly<Record<string, Run>> = { list, show: showState, history, diff: diffState };

function isJson(given: Arguments, context: CommandContext): boolean {
  return context.json || given.has('json');
}

function list(args: readonly string[], context: CommandContext): Promise<number> {
  const given = parseArguments(VERB, args, LABEL_OPTIONS);
  if (given.positionals.length > 0) throw usageError(VERB, 'expected flags alone after state list, got a word');
  const labels = parseLabels(given, refuseFlag(VERB));
  return withLog(context, (log) => {
    log.queries.atOneMoment(() => printStates(log, labels, context, isJson(given, context)));
    return 0;
  });
}

function history(args: readonly string[], context: CommandContext): Promise<number> {
  const given = parseArguments(VERB, args, { address: { type: 'string' }, limit: { type: 'string', short: 'n' } });
  const name = assertOneName(VERB, given.positionals);
  const text = given.text('limit');
  const asJson = isJson(given, context);
  const limit = text === undefined ? (asJson ? Infinity : 20) : parseCount(VERB, '-n', text, 1);
  return withLog(context, async ({ queries, database }) => {
    const knowledge = await openKnowledge(context, database);
    const request = { limit, address: given.text('address'), isJson: asJson };
    queries.atOneMoment(() => printHistory(queries, findState(queries.states(), name), request, knowledge, context));
    return 0;
  });
}

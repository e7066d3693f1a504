// `stateseal log`: changes and problems, newest first. Reads only; exit code 0 whatever it finds.
import { withLog } from '../answers/open-log.ts';
import type { Queries } from '../store/queries.ts';
import type { Command, CommandContext } from './command.ts';
import { LOG_USAGE, parseLogRequest, type LogRequest } from './log-options.ts';
import { listOf, printLines, printLog } from './log-output.ts';

const FOLLOW_EVERY_MS = 1000;
const FOLLOW_LINES = 1000;

export const logCommand: Command = {
  name: 'log',
  summary: 'changes, newest first',
  usage: LOG_USAGE,
  async run(args, context) {
    const request = parseLogRequest(args, context.now(), context.json);
    if (request === undefined) {
      context.stdout(LOG_USAGE);
      return 0;
    }
    await withLog(context, async ({ queries }) => {
      const seen = queries.atOneMoment(() => {
        printLog(queries, request, context);
        return queries.size();
      });
      if (request.isFollowed) await follow(queries, request, context, seen);
    });
    return 0;
  },
};

/** Looks once a second: a reader of another process gets no call from SQLite. */
async function follow(queries: Queries, request: LogRequest, context: CommandContext, from: number): Promise<void> {
  let seen = from;
  while (await context.pause(FOLLOW_EVERY_MS)) {
    seen = queries.atOneMoment(() => {
      const size = queries.size();
      if (size === seen) return seen;
      const { lines } = listOf(queries, request)({ ...request.filter, fromLeaf: seen }, { limit: FOLLOW_LINES });
      printLines(queries, lines.toReversed(), request, context);
      return size;
    });
  }
}

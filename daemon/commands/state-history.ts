// `stateseal state history`: the life of one state, newest first: changes, gaps, when it was first known and when it went.
// With an address, what each change did to it, under every name that it had.
import { openHistory } from '../answers/state-history.ts';
import type { Knowledge } from '../answers/knowledge.ts';
import type { PagePosition } from '../store/queries-list.ts';
import type { Queries } from '../store/queries.ts';
import type { StateOutline } from '../store/queries-states.ts';
import type { LogLine } from '../store/queries-summary.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { styleOf } from './log-output.ts';
import { formatSubjects } from './render-change.ts';
import { formatLogLines } from './render-log.ts';

export interface HistoryRequest {
  readonly limit: number;
  readonly address: string | undefined;
  readonly isJson: boolean;
}

const PAGE_LINES = 500;
export function printHistory(
  queries: Queries,
  state: StateOutline,
  request: HistoryRequest,
  knowledge: Knowledge,
  context: CommandContext,
): void {
  const history = openHistory(queries, state, request.address, knowledge);
  const style = styleOf(context);
  const print = (lines: readonly LogLine[]): void => {
    if (request.isJson) return lines.forEach((line) => context.stdout(formatJsonLine(history.toJson(line))));
    formatLogLines(lines, style).forEach((text, index) => {
      const line = lines[index];
      const subjects = line === undefined ? [] : history.subjectsOf(line);
      const more = formatSubjects(subjects, { palette: style.palette, isFull: true }, ' '.repeat(8));
      context.stdout(`${[text, ...more].join('\n')}\n`);
    });
  };
  let shown = 0;
  let before: PagePosition | undefined;
  do {
    const limit = Math.min(PAGE_LINES, request.limit - shown);
    const page = queries.findLog(history.filter, { limit, ...(before === undefined ? {} : { before }) });
    print(page.lines);
    shown += page.lines.length;
    before = page.next;
  } while (before !== undefined && shown < request.limit);
  if (request.isJson || context.quiet) return;
  const what = shown === 1 ? '1 entry' : `${shown} entries`;
  context.stdout(
    `\n${styleOf(context).palette.dim(before === undefined ? what : `the newest ${what}: -n for more`)}\n`,
  );
}

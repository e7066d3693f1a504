// The outputs of `stateseal log`: reads page by page and prints as it goes.
import { createLineFormats, createSelect, detailsOf, logCsvHead, type LogItems } from '../answers/log-items.ts';
import type { LogLine } from '../store/queries-summary.ts';
import { formatCsvLine } from '../answers/csv.ts';
import type { PagePosition } from '../store/queries-list.ts';
import type { Queries } from '../store/queries.ts';
import { createPalette } from '../terminal.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import type { LogRequest } from './log-options.ts';
import {
  formatChangeLines,
  formatCountRows,
  formatFooter,
  formatLogLines,
  formatStat,
  PROBLEM_LEGEND,
  type LineStyle,
} from './render-log.ts';

const PAGE_LINES = 500;

export function styleOf(context: CommandContext): LineStyle {
  return { palette: createPalette(context.color), columns: context.columns };
}

/** Prints one answer; returns the lines shown. */
export function printLog(queries: Queries, request: LogRequest, context: CommandContext): void {
  if (request.output === 'count') return printCounts(queries, request, context);
  if (request.output === 'stat') return printStat(queries, request, context);
  if (request.format === 'csv') context.stdout(logCsvHead(itemsOf(request)));
  const shown = printPages(queries, request, context);
  if (request.format === 'text' && !context.quiet && !request.isFollowed) printFooter(queries, request, context, shown);
}

/** Lines in the given order, in the format of the request. */
export function printLines(
  queries: Queries,
  lines: readonly LogLine[],
  request: LogRequest,
  context: CommandContext,
): void {
  const text =
    request.format === 'text'
      ? textOf(queries, lines, request, context).map((line) => `${line}\n`)
      : machineLines(queries, lines, request);
  if (text.length > 0) context.stdout(text.join(''));
}

function printPages(queries: Queries, request: LogRequest, context: CommandContext): number {
  let shown = 0;
  let before: PagePosition | undefined;
  do {
    const limit = Math.min(PAGE_LINES, request.limit - shown);
    const page = listOf(queries, request)(request.filter, { limit, ...(before === undefined ? {} : { before }) });
    // Followed output reads downwards: the newest line stands last, before the ones to come.
    printLines(queries, request.isFollowed ? page.lines.toReversed() : page.lines, request, context);
    shown += page.lines.length;
    before = page.next;
  } while (before !== undefined && shown < request.limit);
  return shown;
}

/** What is listed per resource, and as CSV, are changes alone. */
export function listOf(queries: Queries, request: LogRequest): Queries['findLog'] {
  const onlyChanges = request.output === 'changes' || request.format === 'csv';
  return onlyChanges
    ? (filter, page) => queries.findChangeLog(filter, page)
    : (filter, page) => queries.findLog(filter, page);
}

function textOf(
  queries: Queries,
  lines: readonly LogLine[],
  request: LogRequest,
  context: CommandContext,
): readonly string[] {
  const style = styleOf(context);
  if (request.output === 'lines') return formatLogLines(lines, style);
  return formatChangeLines(
    detailsOf(queries, lines, request.filter.atSize),
    createSelect(queries, request.filter),
    style,
  );
}

function machineLines(queries: Queries, lines: readonly LogLine[], request: LogRequest): readonly string[] {
  const formats = createLineFormats(queries, itemsOf(request), request.filter);
  if (request.format === 'csv') return lines.flatMap((line) => formats.csv(line));
  return lines.flatMap((line) => formats.json(line)).map(formatJsonLine);
}

function itemsOf({ output }: LogRequest): LogItems {
  return output === 'changes' ? 'resources' : 'changes';
}

function printCounts(queries: Queries, request: LogRequest, context: CommandContext): void {
  const rows = queries.counts.by(request.by, request.filter);
  if (request.format === 'json')
    rows.forEach((row) => context.stdout(formatJsonLine({ object: 'count', by: request.by, ...row })));
  else if (request.format === 'csv') {
    const keys = ['changes', 'create', 'update', 'delete', 'replace', 'forget', 'move', 'import'] as const;
    context.stdout(formatCsvLine([request.by, ...keys]));
    rows.forEach((row) => context.stdout(formatCsvLine([row.key, ...keys.map((key) => row[key])])));
  } else context.stdout(`${formatCountRows(request.by, rows, styleOf(context)).join('\n')}\n`);
}

function printStat(queries: Queries, request: LogRequest, context: CommandContext): void {
  const totals = queries.counts.totals(request.filter);
  const { changes, problems, create, update, delete: destroy, replace, forget, move, import: imported } = totals;
  const counted = { changes, problems, create, update, delete: destroy, replace, forget, move, import: imported };
  if (request.format === 'json') context.stdout(formatJsonLine({ object: 'totals', ...counted }));
  else context.stdout(`${formatStat(totals)}\n`);
}

function printFooter(queries: Queries, request: LogRequest, context: CommandContext, shown: number): void {
  const { filter, output } = request;
  const { dim } = createPalette(context.color);
  if ([filter.path, filter.actor, filter.run, filter.without].some((asked) => asked !== undefined)) {
    context.stdout(
      `\n${dim(`${shown} ${shown === 1 ? 'change' : 'changes'} ${shown === request.limit ? 'shown, -n for more' : 'found'}`)}\n`,
    );
    return;
  }
  const totals = queries.counts.totals(filter);
  const records = output === 'changes' ? 0 : queries.countProblemRecords(filter);
  const hint = totals.problems + records > 0 && filter.problemsOnly !== true ? ': add --problems' : '';
  context.stdout(`\n${dim(`${formatFooter(totals, records, shown)}${hint}`)}\n`);
  if (totals.problems + records > 0) context.stdout(`${dim(PROBLEM_LEGEND)}\n`);
}

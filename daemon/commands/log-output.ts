// The outputs of `stateseal log`: reads page by page and prints as it goes.
import { changeJson, detailJson, lineJson, subjectJson } from '../answers/change-json.ts';
import { formatCsvLine } from '../answers/csv.ts';
import { createSelectSubject, type SelectSubject } from '../answers/subject-filter.ts';
import { outputSubject, toSubject, type Subject } from '../answers/subject.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { ChangeFilter } from '../store/queries-filter.ts';
import type { PagePosition } from '../store/queries-list.ts';
import type { Queries } from '../store/queries.ts';
import type { ChangeSummary, LogLine } from '../store/queries-summary.ts';
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
  if (request.format === 'csv') context.stdout(formatCsvLine(csvHead(request)));
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
  return formatChangeLines(detailsOf(queries, lines), selectOf(queries, request.filter), style);
}

function machineLines(queries: Queries, lines: readonly LogLine[], request: LogRequest): string[] {
  const select = selectOf(queries, request.filter);
  if (request.output === 'changes') {
    const rows = detailsOf(queries, lines).flatMap((detail) => selectedSubjects(detail, select));
    return rows.map(({ summary, subject }) =>
      request.format === 'csv'
        ? formatCsvLine(subjectCsv(summary, subject))
        : formatJsonLine(changeSubjectJson(summary, subject)),
    );
  }
  if (request.format === 'csv') return changesOf(lines).map((change) => formatCsvLine(changeCsv(change)));
  return lines.map((line) => formatJsonLine(fullJson(queries, line)));
}

function fullJson(queries: Queries, line: LogLine): ReturnType<typeof lineJson> {
  const detail = line.is === 'change' ? queries.readChange(line.change.leafIndex) : undefined;
  if (detail === undefined) return lineJson(line);
  return detailJson(detail, queries.readRecord(detail.summary.leafIndex));
}

function changeSubjectJson(summary: ChangeSummary, subject: Subject): ReturnType<typeof lineJson> {
  const { number, id, state, kind, time } = changeJson(summary);
  return {
    object: 'resource',
    number: number ?? 0,
    id: id ?? '',
    state: state ?? {},
    kind: kind ?? '',
    time: time ?? '',
    ...subjectJson(subject),
  };
}

function selectOf(queries: Queries, filter: ChangeFilter): SelectSubject {
  const names = filter.address === undefined ? [] : queries.otherNames(filter.address).map(({ address }) => address);
  return createSelectSubject(filter, names);
}

function selectedSubjects(detail: ChangeDetail, select: SelectSubject): { summary: ChangeSummary; subject: Subject }[] {
  return [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)]
    .flatMap((subject) => select(subject) ?? [])
    .map((subject) => ({ summary: detail.summary, subject }));
}

function detailsOf(queries: Queries, lines: readonly LogLine[]): ChangeDetail[] {
  return changesOf(lines).flatMap((change) => queries.readChange(change.leafIndex) ?? []);
}

function changesOf(lines: readonly LogLine[]): ChangeSummary[] {
  return lines.flatMap((line) => (line.is === 'change' ? [line.change] : []));
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

function csvHead(request: LogRequest): string[] {
  if (request.output === 'changes') {
    return ['number', 'time', 'state', 'address', 'deposed', 'previous_address', 'type', 'actions'];
  }
  return [
    ...['number', 'id', 'time', 'recorded', 'state', 'reference', 'kind', 'kind_basis', 'continuity'],
    ...['serial_before', 'serial_after', 'create', 'update', 'delete', 'replace', 'forget', 'move', 'import'],
    ...['taint', 'output', 'actors', 'problem'],
  ];
}

function subjectCsv(summary: ChangeSummary, subject: Subject): (string | number)[] {
  const { name, deposed, previousAddress, resourceType, actions } = subject;
  const head = [summary.leafIndex, summary.effectiveTime, summary.state.name];
  return [...head, name, deposed, previousAddress, resourceType, actions.join(' ')];
}

function changeCsv(change: ChangeSummary): (string | number)[] {
  const { state, counts } = change;
  const actors = change.claims
    .filter(({ field }) => field === 'actor')
    .map(({ value, known }) => `${value} (${known})`);
  return [
    ...[change.leafIndex, change.id, change.effectiveTime, change.recordedTime, state.name, state.reference],
    ...[change.kind, change.kindBasis, change.continuity, change.before?.serial ?? '', change.serial],
    ...[counts.create, counts.update, counts.delete, counts.replace, counts.forget, counts.move, counts.import],
    ...[counts.taint, counts.output, actors.join('; '), change.isProblem ? 'yes' : 'no'],
  ];
}

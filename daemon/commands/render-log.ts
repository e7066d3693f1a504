// The log as lines: one per change or problem record, one per resource with --changes, and the counts. Pure.
import { outputSubject, toSubject, type Subject } from '../answers/subject.ts';
import type { CountRow, Totals } from '../store/queries-count.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { JsonObject } from '../json/value.ts';
import type { InventoryNews } from '../store/inventory.ts';
import type { ParsedRecord } from '../record/record.ts';
import { numberAt, objectAt, textAt } from '../store/queries-fields.ts';
import {
  isProblemLine,
  toIdentity,
  type ChangeSummary,
  type LogLine,
  type StoredRecord,
} from '../store/queries-summary.ts';
import { toRunEnd } from '../store/run-end.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { actorsOf, formatDateTime, formatSerials } from './render-change.ts';
import { formatPath, formatTransition } from './render-value.ts';
import { describeRunProblem, type ProblemText } from './render-link.ts';
import { describeFailedRun, describeRunEnd } from './render-run.ts';
import { formatTable, type Cell } from './render-table.ts';
import { describeVerdict, formatCounts, formatTally, paintSymbol, toRemark, toSymbol } from './symbols.ts';

export interface LineStyle {
  readonly palette: Palette;
  /** 0 = nothing is cut. */
  readonly columns: number;
}

export const PROBLEM_LEGEND =
  '! = manual, failed, rolled back, rewritten, replaced or of unknown kind; or a gap, more or other than its plan, a run that did not succeed, an unreadable or unwatched state, a lock left behind';

/** One aligned line per entry, in the given order. */
export function formatLogLines(lines: readonly LogLine[], style: LineStyle): string[] {
  const rows = lines.map((line) =>
    line.is === 'change' ? changeCells(line.change, style.palette) : recordCells(line, style.palette),
  );
  return formatTable(rows, style.columns);
}

/** One line per resource instance or output that `select` keeps. */
export function formatChangeLines(
  details: readonly ChangeDetail[],
  select: (subject: Subject) => Subject | undefined,
  style: LineStyle,
): string[] {
  const rows = details.flatMap(({ summary, actions, outputs }) =>
    [...actions.map(toSubject), ...outputs.map(outputSubject)]
      .flatMap((subject) => select(subject) ?? [])
      .map((subject) => subjectCells(summary, subject, style.palette)),
  );
  return formatTable(rows, style.columns);
}

/** "7 changes, 4 need a look"; `problemRecords` are lines that are no changes. */
export function formatFooter(
  totals: Pick<Totals, 'changes' | 'problems'>,
  problemRecords: number,
  shown: number,
): string {
  const all = totals.changes + problemRecords;
  const what = [
    `${totals.changes} ${totals.changes === 1 ? 'change' : 'changes'}`,
    ...(problemRecords === 0 ? [] : [`${problemRecords} other ${problemRecords === 1 ? 'record' : 'records'}`]),
  ].join(' and ');
  const need = totals.problems + problemRecords;
  const rest = shown < all ? `, the newest ${shown} shown (-n ${all} shows all)` : '';
  return `${what}${need === 0 ? '' : `, ${need} ${need === 1 ? 'needs' : 'need'} a look`}${rest}`;
}

export function formatStat(totals: Totals): string {
  return `${totals.changes} ${totals.changes === 1 ? 'change' : 'changes'}: ${formatTally(totals)}`;
}

/** A head line and one line per group. */
export function formatCountRows(group: string, rows: readonly CountRow[], style: LineStyle): string[] {
  const { palette } = style;
  const head = [escapeText(group), 'changes', 'add', 'change', 'destroy', 'replace', 'forget', 'move', 'import'];
  const body = rows.map((row) => [
    { text: row.key === '' ? nothingOf(group) : escapeText(row.key) },
    ...[row.changes, row.create, row.update, row.delete, row.replace, row.forget, row.move, row.import].map(
      (count): Cell => ({ text: String(count) }),
    ),
  ]);
  return formatTable([head.map((text) => ({ text, paint: palette.dim })), ...body], style.columns);
}

function nothingOf(group: string): string {
  if (group === 'type') return '(outputs only)';
  return group.startsWith('label.') ? '(no such label)' : '(not known)';
}

function describeLine(stored: StoredRecord): ProblemText {
  const { record } = stored;
  if (record.type !== 'run.finished') return describeProblem(record);
  return { kind: 'run', text: `${record.subject} ${describeRunEnd(toRunEnd(stored))}` };
}

/** What a problem record says, in a few words. */
export function describeProblem(record: ParsedRecord): ProblemText {
  const { type, data } = record;
  const ofRuns = describeRunProblem(record);
  if (ofRuns !== undefined) return ofRuns;
  if (type === 'state.missed') {
    const serials = `serials ${textAt(data, 'fromSerial')}..${textAt(data, 'toSerial')} not seen`;
    return { kind: 'gap', text: `${serials} (${textAt(data, 'reason').replaceAll('-', ' ')})` };
  }
  if (type === 'state.unreadable') return { kind: 'unreadable', text: textAt(data, 'code') + lastGoodOf(data) };
  if (type === 'state.flooded') {
    const [versions, seconds] = [numberAt(data, 'versions'), numberAt(data, 'windowSeconds')];
    return { kind: 'flooded', text: `${versions} versions in ${seconds} s` };
  }
  if (type === 'state.baselined') return { kind: 'known', text: describeBaseline(data) };
  if (type === 'state.retired') return { kind: 'retired', text: textAt(data, 'reason').replaceAll('-', ' ') };
  if (type === 'redaction.changed') {
    return { kind: 'hidden', text: `values in ${numberAt(data, 'instances')} instances are hidden from here on` };
  }
  const operation = textAt(data, 'lock', 'operation');
  return { kind: 'lock left', text: `holder gone${operation === '' ? '' : `, operation ${operation}`}${moveOf(data)}` };
}

/** ", last good serial 41, 212 instances". */
function lastGoodOf(data: JsonObject): string {
  const lastGood = objectAt(data, 'lastGood');
  if (lastGood === undefined) return '';
  const count = numberAt(lastGood, 'instances');
  const instances = Object.hasOwn(lastGood, 'instances') ? `, ${count} ${count === 1 ? 'instance' : 'instances'}` : '';
  return `, last good serial ${textAt(lastGood, 'serial')}${instances}`;
}

/** ", serial 4 → 6 while it was held". */
function moveOf(data: JsonObject): string {
  const [since, at] = [objectAt(data, 'since'), objectAt(data, 'at')];
  if (since === undefined || at === undefined) return '';
  const [from, to] = [textAt(since, 'serial'), textAt(at, 'serial')];
  if (textAt(since, 'lineage') === textAt(at, 'lineage') && from === to)
    return `, serial ${to} not seen to move while it was held`;
  return `, serial ${from} → ${to} while it was held`;
}

function describeBaseline(data: JsonObject): string {
  const since = `${textAt(data, 'reason').replaceAll('-', ' ')}, serial ${textAt(data, 'version', 'serial')}`;
  const copy = textAt(data, 'copyOf') === '' ? '' : ', a copy of another state';
  return `${since}, ${numberAt(data, 'instances')} instances${copy}`;
}

/** What an inventory tells anew: the first places, and how many more. */
function describeNews({ backends, unseen }: InventoryNews): { readonly kind: string; readonly text: string } {
  const places = [
    ...unseen.map(({ reference, code }) => `${reference} (${code})`),
    ...backends.map(({ backend, reference }) => backend?.location ?? reference),
  ];
  const rest = places.length > 3 ? ` and ${places.length - 3} more: stateseal source list --unwatched` : '';
  return { kind: unseen.length > 0 ? 'silent' : 'not watched', text: `${places.slice(0, 3).join(', ')}${rest}` };
}

function changeCells(change: ChangeSummary, palette: Palette): Cell[] {
  return [
    { text: formatDateTime(change.effectiveTime, 'minutes'), paint: palette.dim },
    { text: escapeText(change.state.name), paint: palette.bold },
    { text: formatSerials(change, '→') },
    { text: formatCounts(change.counts) },
    { text: escapeText(change.kind) },
    { text: actorsOf(change.claims).join(', ') },
    { text: describeVerdict(change.verdict) },
    problemCell(change.isProblem, palette),
    { text: `#${change.leafIndex}` },
    { text: noteOf(change), paint: palette.dim },
  ];
}

function recordCells(line: LogLine & { readonly is: 'record' }, palette: Palette): Cell[] {
  const { record, leafIndex } = line.stored;
  const state = toIdentity(record.data);
  const { kind, text } = line.news === undefined ? describeLine(line.stored) : describeNews(line.news);
  return [
    { text: formatDateTime(textAt(record.data, 'effectiveTime') || record.time, 'minutes'), paint: palette.dim },
    { text: escapeText(state.name || state.reference || record.subject), paint: palette.bold },
    { text: '' },
    { text: '' },
    { text: kind },
    { text: '' },
    { text: '' },
    problemCell(isProblemLine(line), palette),
    { text: `#${leafIndex}` },
    { text: escapeText(text) },
  ];
}

function subjectCells(summary: ChangeSummary, subject: Subject, palette: Palette): Cell[] {
  const symbol = toSymbol(subject.actions);
  return [
    { text: formatDateTime(summary.effectiveTime, 'minutes'), paint: palette.dim },
    { text: escapeText(summary.state.name), paint: palette.bold },
    { text: `#${summary.leafIndex}` },
    { text: symbol, paint: (padded) => paintSymbol(symbol, palette) + ' '.repeat(padded.length - symbol.length) },
    { text: escapeText(subject.name) + (subject.deposed === '' ? '' : ` (deposed ${escapeText(subject.deposed)})`) },
    { text: describeValues(subject) },
  ];
}

function describeValues(subject: Subject): string {
  const moved = subject.previousAddress === '' ? [] : [`moved from ${escapeText(subject.previousAddress)}`];
  const remark = toRemark(subject.actions);
  const isAltered =
    subject.actions.includes('update') || subject.actions.includes('create') === subject.actions.includes('delete');
  const values = isAltered ? subject.values : [];
  const shown = values
    .slice(0, 3)
    .map((value) => [formatPath(value.path), formatTransition(value)].filter((part) => part !== '').join(' '));
  const rest = values.length > shown.length ? [`and ${values.length - shown.length} more`] : [];
  return [...moved, ...(remark === '' ? [] : [remark]), ...shown, ...rest].join(', ');
}

function noteOf(change: ChangeSummary): string {
  const notes = [
    ...(change.continuity === 'gap' ? ['versions before it were not seen'] : []),
    ...(change.form === 'opaque' ? ['encrypted: what changed is not known'] : []),
    ...(change.recovered === '' ? [] : ['recovered from the backup']),
    ...(change.movedFrom === '' ? [] : [`moved from ${change.movedFrom}`]),
    ...[describeFailedRun(change.runEnd)].filter((words) => words !== '').map((words) => `run ${words}`),
  ];
  return escapeText(notes.join(', '));
}

function problemCell(isProblem: boolean, palette: Palette): Cell {
  return { text: isProblem ? '!' : '', paint: palette.warning };
}

// One change as a block of lines: its head, then a line or more per resource instance. Pure; prints only what the log
// holds, escaped for the terminal.
import { outputSubject, toSubject, type Subject } from '../answers/subject.ts';
import { bestActors } from '../record/actors.ts';
import type { Claim } from '../record/observation.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { NetValue } from '../store/queries-net.ts';
import type { ChangeSummary } from '../store/queries-summary.ts';
import { escapeText, padRight, textWidth, type Palette } from '../terminal.ts';
import { formatPath, formatTransition, valueSymbol } from './render-value.ts';
import { type ActionSymbol, describeVerdict, paintSymbol, toRemark, toSymbol } from './symbols.ts';

export interface BlockStyle {
  readonly palette: Palette;
  /** Values of what was created or destroyed as well, and every line of it. */
  readonly isFull: boolean;
}

const MAX_SUBJECTS = 24;
const MAX_VALUES = 12;

/** "14:02:11Z  network   41 -> 44   apply   alice (claimed)   #12" and its resources. Ends with a newline. */
export function formatChangeBlock({ summary, actions, outputs }: ChangeDetail, style: BlockStyle): string {
  const head = [
    `${formatClock(summary.effectiveTime)}  ${style.palette.bold(escapeText(summary.state.name))}`,
    formatSerials(summary, ' -> '),
    escapeText(summary.kind),
    ...actorsOf(summary.claims),
    describeVerdict(summary.verdict),
    ...(summary.continuity === 'gap' ? [style.palette.warning('gap before it')] : []),
    style.palette.dim(`#${summary.leafIndex}`),
  ];
  const subjects = [...actions.map(toSubject), ...outputs.map(outputSubject)];
  const indent = ' '.repeat(8);
  const lines = formatSubjects(subjects, style, indent, summary.leafIndex);
  return `${[head.filter((part) => part !== '').join('   '), ...lines].join('\n')}\n`;
}

/** The lines of every subject; all of them when the style is full, else the first with a hint at the rest. */
export function formatSubjects(
  subjects: readonly Subject[],
  style: BlockStyle,
  indent: string,
  number?: number,
): string[] {
  const shown = style.isFull ? subjects : subjects.slice(0, MAX_SUBJECTS);
  const width = style.isFull ? 0 : Math.min(60, Math.max(0, ...shown.map((subject) => textWidth(title(subject)))));
  const lines = shown.flatMap((subject) => formatSubject(subject, style, indent, width));
  const restCount = subjects.length - shown.length;
  if (restCount === 0) return lines;
  const where = number === undefined ? '' : `: stateseal show ${number}`;
  return [...lines, `${indent}    ${style.palette.dim(`and ${restCount} more${where}`)}`];
}

/** "41 -> 44"; "new -> 3" for a newborn state; "41" when the serial stayed. */
export function formatSerials({ before, serial }: Pick<ChangeSummary, 'before' | 'serial'>, arrow: string): string {
  if (before === undefined) return `new${arrow}${escapeText(serial)}`;
  return before.serial === serial ? escapeText(serial) : `${escapeText(before.serial)}${arrow}${escapeText(serial)}`;
}

/** "alice (observed)": who is known best; "uid:1001 (observed, runner)" for a job that no person's login led to. */
export function actorsOf(claims: readonly Claim[]): string[] {
  return bestActors(claims).map(
    ({ name, known, isRunner }) => `${escapeText(name)} (${known}${isRunner ? ', runner' : ''})`,
  );
}

/** "14:02:11Z" of an RFC 3339 UTC time. */
export function formatClock(time: string): string {
  return `${toUtc(time).slice(11, 19)}Z`;
}

/** "2026-06-23 14:02:11Z", or "2026-06-23 14:02Z" without seconds. */
export function formatDateTime(time: string, precision: 'minutes' | 'seconds' = 'seconds'): string {
  const utc = toUtc(time);
  return `${utc.slice(0, 10)} ${utc.slice(11, precision === 'minutes' ? 16 : 19)}Z`;
}

function formatSubject(subject: Subject, style: BlockStyle, indent: string, width: number): string[] {
  const symbol = toSymbol(subject.actions);
  const head = `${indent}${paddedSymbol(symbol, style.palette)} `;
  const values = style.isFull || isAltered(symbol) ? subject.values.filter((value) => !isUnset(value)) : [];
  const moved =
    subject.previousAddress === ''
      ? []
      : [
          `${indent}  ${style.palette.dim('#')} ${escapeText(subject.previousAddress)} has moved to ${escapeText(subject.name)}`,
        ];
  if (symbol === ' ' && values.length === 0 && moved.length > 0) return moved;
  const [only, second] = values;
  if (only !== undefined && second === undefined && (!style.isFull || only.path === '')) {
    return [...moved, `${head}${padRight(title(subject), width)}   ${pathText(only)}${formatTransition(only)}`];
  }
  const nested = formatValues(values, style, `${indent}      `);
  return [...moved, `${head}${title(subject)}`, ...nested, ...formatDoubts(subject, style, `${indent}      `)];
}

function formatValues(values: readonly NetValue[], style: BlockStyle, indent: string): string[] {
  const shown = style.isFull ? values : values.slice(0, MAX_VALUES);
  const paths = shown.map((value) => formatPath(value.path));
  const width = Math.min(48, Math.max(0, ...paths.map(textWidth)));
  const lines = shown.map((value, index) => {
    const path = paths[index] ?? '';
    const gap = path === '' ? '' : '   ';
    const symbol = paintSymbol(valueSymbol(value), style.palette);
    return `${indent}${symbol} ${padRight(path, width)}${gap}${formatTransition(value)}`;
  });
  const restCount = values.length - shown.length;
  return restCount > 0 ? [...lines, `${indent}${style.palette.dim(`and ${restCount} more`)}`] : lines;
}

/** What the lines above cannot say for certain. */
function formatDoubts(subject: Subject, style: BlockStyle, indent: string): string[] {
  const { uncomparedCount, isWhole } = subject;
  const doubts: string[] = [];
  const across = subject.previousAddress === '' ? 'the years: their keys are others' : 'the move';
  if (uncomparedCount > 0)
    doubts.push(
      `${uncomparedCount} hidden ${uncomparedCount === 1 ? 'value' : 'values'} cannot be compared across ${across}`,
    );
  if (!isWhole) doubts.push('values of some steps are no longer here: restore them from the archive');
  return doubts.map((doubt) => `${indent}${style.palette.dim(doubt)}`);
}

function title(subject: Subject): string {
  const deposed = subject.deposed === '' ? '' : ` (deposed object ${escapeText(subject.deposed)})`;
  const remark = toRemark(subject.actions);
  return `${escapeText(subject.name)}${deposed}${remark === '' ? '' : ` ${remark}`}`;
}

function pathText(value: NetValue): string {
  const path = formatPath(value.path);
  return path === '' ? '' : `${path} `;
}

/** Three columns, the symbol at their end, as Terraform aligns -/+ with ~. */
function paddedSymbol(symbol: ActionSymbol, palette: Palette): string {
  return ' '.repeat(3 - symbol.length) + paintSymbol(symbol, palette);
}

/** An attribute that came or went with its object and never had a value. */
function isUnset({ before, after }: NetValue): boolean {
  const isNull = (side: NetValue['before']): boolean => side.is === 'shown' && side.value === null;
  return (before.is === 'absent' && isNull(after)) || (isNull(before) && after.is === 'absent');
}

/** What came or went needs no list of values in a short block. */
function isAltered(symbol: ActionSymbol): boolean {
  return symbol === '~' || symbol === '-/+' || symbol === '+/-';
}

function toUtc(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? '????-??-??T??:??:??' : new Date(ms).toISOString();
}

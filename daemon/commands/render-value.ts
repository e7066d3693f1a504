// One value for people: its path as Terraform's users write it, what it was and what it is, hidden values by name only.
// Pure. Everything that comes out is safe to print.
import { formatJson } from '../json/format.ts';
import { parsePointer } from '../json/pointer.ts';
import type { Json } from '../json/value.ts';
import type { HiddenBy } from '../record/observation.ts';
import type { NetSide, NetValue } from '../store/queries-net.ts';
import { escapeText } from '../terminal.ts';

/** Columns one side of a change may take before it is shortened. */
const MAX_VALUE_COLUMNS = 72;
/** What stands before the first difference when the beginning of two long texts is left out. */
const LEAD_COLUMNS = 12;

/** "/setting/0/value" → setting[0].value; "/tags/x.y" → tags["x.y"]; '' → ''. A pointer that is none is shown as it is. */
export function formatPath(pointer: string): string {
  if (pointer !== '' && !pointer.startsWith('/')) return escapeText(pointer);
  const steps = pointer === '' ? [] : pointer.slice(1).split('/');
  const isPointer = steps.every((step) => !/~(?![01])/.test(step));
  const names = isPointer ? parsePointer(pointer) : steps;
  return names.map(formatStep).join('').replace(/^\./, '');
}

/** Value text of one side: a JSON scalar, an empty list or map, or the words for a hidden value. */
export function formatSide(side: NetSide): string {
  if (side.is === 'absent') return '';
  if (side.is === 'unknown') return '(known after apply)';
  return side.is === 'hidden' ? `(${hiddenWords(side.by)})` : formatValue(side.value);
}

/** "a" -> "b"; one side alone where the other does not exist; "(sensitive value, changed)". */
export function formatTransition({ before, after }: Pick<NetValue, 'before' | 'after'>): string {
  if (before.is === 'absent') return formatSide(after);
  if (after.is === 'absent') return formatSide(before);
  if (before.is === 'hidden' && after.is === 'hidden') return `(${hiddenWords(after.by)}, changed)`;
  if (before.is === 'shown' && after.is === 'shown') return formatPair(before.value, after.value);
  return `${formatSide(before)} -> ${formatSide(after)}`;
}

/** + came, - went, ~ is another. */
export function valueSymbol({ before, after }: Pick<NetValue, 'before' | 'after'>): '+' | '-' | '~' {
  if (before.is === 'absent') return '+';
  return after.is === 'absent' ? '-' : '~';
}

/** By mark, rule or taint it is a secret; by default it is only not known to be harmless. */
export function hiddenWords(by: HiddenBy): 'sensitive value' | 'hidden by policy' {
  return by === 'default' ? 'hidden by policy' : 'sensitive value';
}

/** A JSON value on one line, long ones shortened. */
export function formatValue(value: Json): string {
  return shorten(formatJson(value), 0);
}

function formatPair(before: Json, after: Json): string {
  const left = formatJson(before);
  const right = formatJson(after);
  const isLong = left.length > MAX_VALUE_COLUMNS || right.length > MAX_VALUE_COLUMNS;
  const from = isLong ? Math.max(0, commonPrefix(left, right) - LEAD_COLUMNS) : 0;
  return `${shorten(left, from)} -> ${shorten(right, from)}`;
}

function shorten(text: string, from: number): string {
  const part = text.slice(from, from + MAX_VALUE_COLUMNS);
  const lead = from > 0 ? '…' : '';
  const tail = from + part.length < text.length ? `… (${text.length} characters)` : '';
  return lead + escapeText(part.toWellFormed()) + tail;
}

function commonPrefix(a: string, b: string): number {
  let length = 0;
  while (length < a.length && a[length] === b[length]) length += 1;
  return length;
}

function formatStep(step: string): string {
  if (/^(?:0|[1-9][0-9]*)$/.test(step)) return `[${step}]`;
  if (/^[A-Za-z_][A-Za-z0-9_-]*$/.test(step)) return `.${step}`;
  return `[${escapeText(formatJson(step))}]`;
}

// What --json prints: one object per line. Text is escaped, so that a line can be printed on any terminal and parsed by
// any JSON reader to the same data. Pure.
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import { escapeJsonText } from '../terminal.ts';

/** One line with its newline. */
export function formatJsonLine(value: Json): string {
  return `${escapeJsonText(formatJson(value))}\n`;
}

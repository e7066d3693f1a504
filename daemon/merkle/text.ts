// What the line-based formats share: strict UTF-8, canonical decimals, base64 hashes, and a cursor over lines
// that never holds more than one line. Knows no particular format.
import { isUtf8 } from 'node:buffer';
import type { ParseError } from '../errors.ts';
import { decodeBase64 } from './base64.ts';
import { isHash, type Hash } from './hash.ts';

/** The text, or undefined when the bytes are not valid UTF-8. A byte order mark stays: it is part of what was signed. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') : undefined;
}

/** Whether UTF-8 holds the text without loss and it has no control characters but newline (signed-note, Format). */
export function isNoteText(text: string): boolean {
  return text.endsWith('\n') && text.isWellFormed() && !controlPattern.test(text);
}

const controlPattern = /[\0-\x09\x0b-\x1f]/;

/** 0 … 2^53 − 1 in ASCII digits without leading zeros, or undefined. */
export function parseDecimal(text: string): number | undefined {
  if (!/^(?:0|[1-9][0-9]{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Throws RangeError unless parseDecimal gives the number back. */
export function formatDecimal(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0)
    throw new RangeError('expected an integer from 0 to 2^53-1, got another');
  return String(value);
}

/** 32 bytes of strict base64, or undefined. */
export function parseHash(text: string): Hash | undefined {
  const bytes = text.length === 44 ? decodeBase64(text) : undefined;
  return bytes !== undefined && isHash(bytes) ? bytes : undefined;
}

/** Lines of a text, in order. Everything but `isAt` throws what `malformed` makes of "expected X at line N". */
export interface LineCursor {
  /** Whether the next line begins with `label` and a space. */
  isAt(label: string): boolean;
  /** The next line, without its newline. */
  next(expected: string): string;
  /** What stands after `label` and a space in the next line. */
  field(label: string): string;
  decimal(label: string): number;
  hash(label: string): Hash;
  /** The rest of the text, lines unread. */
  rest(): string;
  fail(expected: string): ParseError;
}

export function createLineCursor(text: string, malformed: (expected: string) => ParseError): LineCursor {
  let position = 0;
  let line = 0;
  const fail = (expected: string): ParseError => malformed(`${expected} at line ${line}`);
  const next = (expected: string): string => {
    line += 1;
    const end = text.indexOf('\n', position);
    if (end < 0) throw fail(expected);
    const content = text.slice(position, end);
    position = end + 1;
    return content;
  };
  const field = (label: string): string => {
    const content = next(`"${label} …"`);
    if (!content.startsWith(`${label} `)) throw fail(`"${label} …"`);
    return content.slice(label.length + 1);
  };
  const required = <T>(value: T | undefined, expected: string): T => {
    if (value === undefined) throw fail(expected);
    return value;
  };
  return {
    next,
    field,
    fail,
    isAt: (label) => text.startsWith(`${label} `, position),
    decimal: (label) => required(parseDecimal(field(label)), `"${label} <decimal>"`),
    hash: (label) => required(parseHash(field(label)), `"${label} <base64 of 32 bytes>"`),
    rest: () => text.slice(position),
  };
}

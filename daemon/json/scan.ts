// One linear pass over the bytes of a JSON text: nesting, member count, numbers an IEEE double would change.
// It does not validate: JSON.parse does that afterwards. Knows nothing of Terraform.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';

/** What JSON.parse will not tell about a text. Meaningful only when JSON.parse then accepts it. */
export interface JsonScan {
  /** Members of all objects together: colons outside strings. */
  readonly memberCount: number;
  /** Containers still open at the end: above 0 the text is truncated. */
  readonly openCount: number;
  /** True when a key is spelled with a backslash. */
  readonly hasEscapedKey: boolean;
  /** Byte offsets, start then end, of each number token that must be kept as text; in document order. */
  readonly numberSpans: readonly number[];
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
/** Strings longer than this are searched with the engine's own memchr. */
const LONG_STRING = 48;
/** A decimal of at most this many digits survives a double unchanged. */
const SAFE_DIGITS = 15;
const SMALLEST_NORMAL = 2 ** -1022;
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;

/** Scans a whole text. Throws ParseError `json-depth` beyond `maxDepth`, `json-syntax` for a malformed number. */
export function scanJson(bytes: Uint8Array, maxDepth: number): JsonScan {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numberSpans: number[] = [];
  let openCount = 0;
  let memberCount = 0;
  let hasEscapedKey = false;
  let stringStart = 0;
  let at = 0;
  while (at < buffer.length) {
    const byte = buffer[at] ?? 0;
    if (byte <= 0x20) {
      at += 1;
    } else if (byte === QUOTE) {
      stringStart = at;
      at = skipString(buffer, at + 1);
    } else if (byte <= NINE && (byte >= ZERO || byte === MINUS)) {
      const end = skipNumber(buffer, at + 1);
      if (needsText(buffer, at, end)) numberSpans.push(at, end);
      at = end;
    } else {
      if (byte === COLON) {
        memberCount += 1;
        hasEscapedKey ||= hasBackslash(buffer, stringStart, at);
      } else if (byte === 0x7b || byte === 0x5b) openCount += 1;
      else if (byte === 0x7d || byte === 0x5d) openCount -= 1;
      if (openCount > maxDepth) throw tooDeep(maxDepth, at);
      at += 1;
    }
  }
  return { memberCount, openCount, hasEscapedKey, numberSpans };
}

function hasBackslash(buffer: Buffer, start: number, end: number): boolean {
  if (end - start > LONG_STRING) return buffer.subarray(start, end).includes(BACKSLASH);
  for (let at = start; at < end; at += 1) if (buffer[at] === BACKSLASH) return true;
  return false;
}

/** Offset behind the closing quote of the string whose content starts at `start`. */
function skipString(buffer: Buffer, start: number): number {
  const near = Math.min(start + LONG_STRING, buffer.length);
  let at = start;
  while (at < near) {
    const byte = buffer[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return skipLongString(buffer, at);
}

function skipLongString(buffer: Buffer, start: number): number {
  const quote = buffer.indexOf(QUOTE, start);
  if (quote === -1) return buffer.length;
  return isEscaped(buffer, start, quote) ? skipEscapedRun(buffer, quote + 1) : quote + 1;
}

/** A quote is content when an odd run of backslashes, none before `from`, stands right before it. */
function isEscaped(buffer: Buffer, from: number, quote: number): boolean {
  let at = quote;
  while (at > from && buffer[at - 1] === BACKSLASH) at -= 1;
  return (quote - at) % 2 === 1;
}

/** Where one escaped quote stands others follow, as in JSON within JSON: go on byte by byte. */
function skipEscapedRun(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length) {
    const byte = buffer[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    at += byte === BACKSLASH ? 2 : 1;
  }
  return at;
}

function skipNumber(buffer: Buffer, start: number): number {
  let at = start;
  while (at < buffer.length && isNumberByte(buffer[at] ?? 0)) at += 1;
  return at;
}

function isNumberByte(byte: number): boolean {
  if (byte <= NINE) return byte >= ZERO || byte === POINT || byte === MINUS || byte === 0x2b;
  return byte === 0x65 || byte === 0x45;
}

/** True for a token that must be kept as text, and for every subnormal: those values stand for kept tokens. */
function needsText(buffer: Buffer, start: number, end: number): boolean {
  if (isPlain(buffer, start, end)) return false;
  const text = buffer.toString('latin1', start, end);
  if (!NUMBER.test(text)) throw malformedNumber(start);
  const value = Number(text);
  return String(value) !== text || Math.abs(value) < SMALLEST_NORMAL;
}

/**
 * True where digits alone prove a round trip: at most 15 of them, no exponent, no outer zero that would vanish,
 * not below 0.001 (tiny values are written with an exponent). Leading zeros are left to JSON.parse to refuse.
 */
function isPlain(buffer: Buffer, start: number, end: number): boolean {
  const first = buffer[start] === MINUS ? start + 1 : start;
  if (first === end || end - first > SAFE_DIGITS) return false;
  let point = 0;
  for (let at = first; at < end; at += 1) {
    const byte = buffer[at] ?? 0;
    if (byte === POINT && point === 0) point = at;
    else if (byte < ZERO || byte > NINE) return false;
  }
  if (point === 0) return first === start || buffer[first] !== ZERO;
  if (point === first || buffer[end - 1] === ZERO || buffer[end - 1] === POINT) return false;
  return buffer[first] !== ZERO || (point === first + 1 && hasDigitAboveMilli(buffer, point + 1, end));
}

function hasDigitAboveMilli(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < Math.min(start + 3, end); at += 1) if (buffer[at] !== ZERO) return true;
  return false;
}

function tooDeep(maxDepth: number, offset: number): ParseError {
  return new ParseError('json-depth', `expected at most ${maxDepth} nested levels, got more at byte ${offset}`, {
    hint: 'The file is nested deeper than any state or plan: check what wrote it.',
  });
}

function malformedNumber(offset: number): ParseError {
  return new ParseError('json-syntax', `expected a number, got a malformed one at byte ${offset}`, {
    hint: 'The file is not whole JSON: it was caught half-written, damaged, or is of another kind.',
  });
}

// Hostile bytes to JSON data: strict UTF-8, bounded depth, no duplicate keys, every digit of every number kept.
// Never repeats a piece of its input. Knows nothing of Terraform or files.
import { Buffer, constants, isAscii, isUtf8 } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { hasBackslashKey, parseExact } from './exact-parse.ts';
import { isMarker, markNumbers, readMarker } from './exact-numbers.ts';
import { scanJson, type JsonScan } from './scan.ts';
import { NumberText, type Json } from './value.ts';

export interface JsonLimits {
  /** Nested arrays and objects; 512 by default, which later recursive walks rely on. */
  readonly maxDepth?: number;
}

const DEFAULT_MAX_DEPTH = 512;
const SYNTAX_HINT = 'The file is not whole JSON: it was caught half-written, damaged, or is of another kind.';

/**
 * Parses one JSON text (RFC 8259). A number whose text a double would not give back becomes NumberText.
 * `__proto__` is an ordinary own member. Lone surrogates written as escapes are accepted.
 * Throws ParseError: json-too-large, json-bom, json-utf8, json-depth, json-syntax, json-duplicate-key.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): Json {
  assertText(bytes);
  const scan = scanJson(bytes, limits.maxDepth ?? DEFAULT_MAX_DEPTH);
  const root = [readTree(bytes, scan)];
  const memberCount = countMembers(root);
  if (memberCount !== scan.memberCount) throw duplicateKey(scan.memberCount - memberCount);
  return root[0] as Json;
}

/** The engine's parser, with what it gets wrong made good: numbers beyond a double, and some escaped keys. */
function readTree(bytes: Uint8Array, scan: JsonScan): unknown {
  const isExact = scan.numberSpans.length === 0;
  const root = [parseText(decode(isExact ? bytes : markNumbers(bytes, scan.numberSpans)), scan, bytes.length)];
  if (scan.hasEscapedKey && hasBackslashKey(root)) return parseExact(decode(bytes));
  if (!isExact) restoreNumbers(root, bytes, scan);
  return root[0];
}

function assertText(bytes: Uint8Array): void {
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    throw new ParseError('json-too-large', `expected at most ${constants.MAX_STRING_LENGTH} bytes, got more`, {
      hint: 'The file is larger than one string of the runtime can be: split the state.',
    });
  }
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new ParseError('json-bom', 'expected json, got a byte order mark at byte 0', {
      hint: 'An editor saved the file with a byte order mark: save it as plain UTF-8.',
    });
  }
  if (!isUtf8(bytes)) {
    throw new ParseError('json-utf8', 'expected utf-8, got an invalid byte sequence', {
      hint: 'The file is damaged or in another encoding: JSON is UTF-8.',
    });
  }
}

/** Latin-1 is the cheapest way to a string where both encodings agree. */
function decode(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isAscii(buffer) ? buffer.toString('latin1') : buffer.toString('utf8');
}

function parseText(text: string, scan: JsonScan, sizeBytes: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ParseError('json-syntax', `expected json, got ${whereItFailed(error, scan, sizeBytes)}`, {
      hint: SYNTAX_HINT,
    });
  }
}

/** Anchored at the end, where the engine's message holds its own words and nothing of the input. */
function whereItFailed(error: unknown, scan: JsonScan, sizeBytes: number): string {
  if (scan.openCount > 0) return `its end too early, after ${sizeBytes} bytes`;
  const match = error instanceof Error ? / \(line (\d{1,10}) column \d{1,10}\)$/.exec(error.message) : null;
  return match === null ? `something else within ${sizeBytes} bytes` : `something else at line ${match[1]}`;
}

function duplicateKey(count: number): ParseError {
  return new ParseError('json-duplicate-key', `expected unique keys, got ${count} repeated`, {
    hint: 'An object names a key twice, so readers may disagree on its value: find out what wrote the file.',
  });
}

type Container = Record<string, unknown>;

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null && !(value instanceof NumberText);
}

/** Members of all objects in a tree. Recursion is bounded by the depth the scan allowed. */
function countMembers(container: object): number {
  let count = 0;
  if (Array.isArray(container)) {
    for (const value of container as unknown[]) if (isContainer(value)) count += countMembers(value);
    return count;
  }
  for (const key in container) {
    const value = (container as Container)[key];
    count += isContainer(value) ? countMembers(value) + 1 : 1;
  }
  return count;
}

/** Puts the kept numbers back in place. */
function restoreNumbers(container: object, bytes: Uint8Array, scan: JsonScan): void {
  if (Array.isArray(container)) {
    restoreElements(container, bytes, scan);
    return;
  }
  const members = container as Container;
  for (const key in members) {
    const value = members[key];
    if (isContainer(value)) restoreNumbers(value, bytes, scan);
    else if (typeof value === 'number' && isMarker(value)) members[key] = readMarker(value, bytes, scan.numberSpans);
  }
}

function restoreElements(elements: unknown[], bytes: Uint8Array, scan: JsonScan): void {
  for (const [index, value] of elements.entries()) {
    if (isContainer(value)) restoreNumbers(value, bytes, scan);
    else if (typeof value === 'number' && isMarker(value)) elements[index] = readMarker(value, bytes, scan.numberSpans);
  }
}

// Hostile bytes to JSON data: strict UTF-8, bounded depth, no duplicate keys, every digit of every number kept.
// Never repeats a piece of its input. Knows nothing of Terraform or files.
import { Buffer, constants, isAscii, isUtf8 } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { isMarker, markNumbers, readMarker } from './exact-numbers.ts';
import { scanJson, type JsonScan } from './scan.ts';
import type { Json } from './value.ts';

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
  const marked = scan.numberSpans.length === 0 ? bytes : markNumbers(bytes, scan.numberSpans);
  const root = [parseText(decode(marked), scan, bytes.length)];
  const memberCount = scan.numberSpans.length === 0 ? countMembers(root) : restoreNumbers(root, bytes, scan);
  if (memberCount !== scan.memberCount) throw duplicateKey(scan.memberCount - memberCount);
  return root[0] as Json;
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
  return typeof value === 'object' && value !== null;
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

/** Puts the kept numbers back in place, and counts members on the way. */
function restoreNumbers(container: object, bytes: Uint8Array, scan: JsonScan): number {
  if (Array.isArray(container)) return restoreElements(container, bytes, scan);
  const members = container as Container;
  let count = 0;
  for (const key in members) {
    const value = members[key];
    count += 1;
    if (isContainer(value)) count += restoreNumbers(value, bytes, scan);
    else if (typeof value === 'number' && isMarker(value)) members[key] = readMarker(value, bytes, scan.numberSpans);
  }
  return count;
}

function restoreElements(elements: unknown[], bytes: Uint8Array, scan: JsonScan): number {
  let count = 0;
  for (const [index, value] of elements.entries()) {
    if (isContainer(value)) count += restoreNumbers(value, bytes, scan);
    else if (typeof value === 'number' && isMarker(value)) elements[index] = readMarker(value, bytes, scan.numberSpans);
  }
  return count;
}

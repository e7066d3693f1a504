// RFC 6901 JSON Pointers: the one text form of a path into a tree. Knows nothing of what the tree means.
import { ParseError } from '../errors.ts';
import { isJsonArray, isJsonObject, member, type Json } from './value.ts';

export type PointerStep = string | number;

/** Pointer text of a path: '' for the whole value, "/tags/a~1b/0" below it. */
export function formatPointer(steps: readonly PointerStep[]): string {
  let text = '';
  for (const step of steps) text += '/' + (typeof step === 'number' ? String(step) : escapeStep(step));
  return text;
}

/** Steps of a pointer, array indexes still as text. Throws ParseError `json-pointer`. */
export function parsePointer(text: string): readonly string[] {
  if (text === '') return [];
  if (!text.startsWith('/')) throw malformed('a leading slash');
  if (/~(?![01])/.test(text)) throw malformed('~0 or ~1 after a tilde');
  return text.slice(1).split('/').map(unescapeStep);
}

/** The value at a path, undefined where there is none. An array takes a number, or its decimal text. */
export function readPointer(value: Json, steps: readonly PointerStep[]): Json | undefined {
  let node: Json | undefined = value;
  for (const step of steps) {
    node = readStep(node, step);
    if (node === undefined) return undefined;
  }
  return node;
}

/** RFC 6901 §4: an index has no sign and no leading zero; "-" names the element that is not there yet. */
const ARRAY_INDEX = /^(?:0|[1-9][0-9]{0,9})$/;

function readStep(node: Json, step: PointerStep): Json | undefined {
  if (isJsonObject(node)) return member(node, String(step));
  if (!isJsonArray(node) || !ARRAY_INDEX.test(String(step))) return undefined;
  return node[Number(step)];
}

function escapeStep(step: string): string {
  return step.includes('~') || step.includes('/') ? step.replaceAll('~', '~0').replaceAll('/', '~1') : step;
}

function unescapeStep(step: string): string {
  return step.includes('~') ? step.replaceAll('~1', '/').replaceAll('~0', '~') : step;
}

function malformed(expected: string): ParseError {
  return new ParseError('json-pointer', `expected ${expected} in a json pointer, got something else`, {
    hint: 'A JSON Pointer reads /a/b, with ~0 for a tilde and ~1 for a slash (RFC 6901).',
  });
}

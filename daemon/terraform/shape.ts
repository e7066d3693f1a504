// Reads members of a state's JSON with their types checked. An error names the place and the kinds, never a value.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { formatPointer, type PointerStep } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, member, NumberText, type Json, type JsonObject } from '../json/value.ts';
import { escapeUnprintable } from './hcl-string.ts';

/** Where a value stands in the document; kept as a chain, because hardly any is ever printed. */
export interface Place {
  readonly parent: Place | undefined;
  readonly step: PointerStep;
}

export const MAX_NAME_BYTES = 1024;
export const MAX_PATH_BYTES = 16 * 1024;
const MAX_POINTER_UNITS = 200;
const MAX_UINT64 = 2n ** 64n - 1n;

export function below(parent: Place | undefined, step: PointerStep): Place {
  return { parent, step };
}

/** `state-malformed`, with a JSON pointer that may hold names of members, never a value. */
export function malformed(expected: string, value: Json | undefined, place: Place | undefined): ParseError {
  return contradiction(`expected ${expected}, got ${kindOf(value)}`, place);
}

/** `state-malformed` for what is wrong beyond the kind of one value. */
export function contradiction(message: string, place: Place | undefined): ParseError {
  return new ParseError('state-malformed', `${message} at ${formatPlace(place)}`, {
    hint: 'The file is not a state as Terraform or OpenTofu writes it: look for a manual edit or another format.',
  });
}

/** The object at a place. */
export function asObject(value: Json | undefined, place: Place | undefined): JsonObject {
  if (!isJsonObject(value)) throw malformed('an object', value, place);
  return value;
}

export function asArray(value: Json | undefined, place: Place | undefined): readonly Json[] {
  if (!isJsonArray(value)) throw malformed('an array', value, place);
  return value;
}

/** An array member; absent and null are empty, as Terraform reads them. */
export function arrayMember(object: JsonObject, name: string, place: Place | undefined): readonly Json[] {
  const value = member(object, name);
  return value === undefined || value === null ? [] : asArray(value, below(place, name));
}

/** An object member; undefined where it is absent or null. */
export function objectMember(object: JsonObject, name: string, place: Place | undefined): JsonObject | undefined {
  const value = member(object, name);
  return value === undefined || value === null ? undefined : asObject(value, below(place, name));
}

/** A string member of any length; undefined where it is absent or null. */
export function textMember(object: JsonObject, name: string, place: Place | undefined): string | undefined {
  const value = member(object, name);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed('a string', value, below(place, name));
  return value;
}

/** A string of at most `maxBytes` without control characters; absent and null are ''. */
export function lineMember(object: JsonObject, name: string, place: Place | undefined, maxBytes: number): string {
  const value = textMember(object, name, place) ?? '';
  assertLine(value, below(place, name), maxBytes);
  return value;
}

export function assertLine(text: string, place: Place, maxBytes: number): void {
  if (Buffer.byteLength(text) > maxBytes) throw contradiction(`expected at most ${maxBytes} bytes, got more`, place);
  if (/\p{Cc}/u.test(text)) throw contradiction('expected printable text, got control characters', place);
}

/** A boolean member; absent and null are false. */
export function flagMember(object: JsonObject, name: string, place: Place | undefined): boolean {
  const value = member(object, name) ?? false;
  if (typeof value !== 'boolean') throw malformed('a boolean', value, below(place, name));
  return value;
}

/** Decimal text of an unsigned 64-bit integer member, digits as written; undefined where it is absent. */
export function uint64Member(object: JsonObject, name: string, place: Place | undefined): string | undefined {
  const value = member(object, name);
  if (value === undefined) return undefined;
  const text = value instanceof NumberText ? value.text : typeof value === 'number' ? String(value) : '';
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(text) || (text.length === 20 && BigInt(text) > MAX_UINT64)) {
    throw malformed('an unsigned 64-bit integer', value, below(place, name));
  }
  return text;
}

/** Every member not in `known`, verbatim; undefined when there is none. */
export function unknownMembers(object: JsonObject, known: ReadonlySet<string>): JsonObject | undefined {
  const names = Object.keys(object).filter((name) => !known.has(name));
  return names.length === 0 ? undefined : Object.fromEntries(names.map((name) => [name, object[name] as Json]));
}

function formatPlace(place: Place | undefined): string {
  const steps: PointerStep[] = [];
  for (let at = place; at !== undefined; at = at.parent) steps.push(at.step);
  const text = steps.length === 0 ? 'the root' : formatPointer(steps.reverse());
  const start = escapeUnprintable(text.slice(0, MAX_POINTER_UNITS));
  const isWhole = text.length <= MAX_POINTER_UNITS && start.length <= MAX_POINTER_UNITS;
  return isWhole ? start : `${start.slice(0, MAX_POINTER_UNITS - 1)}…`;
}

function kindOf(value: Json | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'an array';
  if (typeof value === 'number' || value instanceof NumberText) return 'a number';
  if (typeof value === 'boolean') return 'a boolean';
  return typeof value === 'string' ? 'a string' : 'an object';
}

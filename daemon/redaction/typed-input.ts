// The bytes that stand for a value in tags and commitments: typed, so that "1", 1 and true never agree, and
// canonical, so that states (JSON) and plans (msgpack) of one value always do. Frozen with the first leaf.
import { Buffer } from 'node:buffer';
import { formatJson } from '../json/format.ts';
import { canonicalNumber } from '../json/number.ts';
import { isJsonArray, isJsonObject, NumberText, type Json, type JsonObject } from '../json/value.ts';

/**
 * Typed input of a value (log format §2), UTF-8 of:
 * - string: `s` and its text in Unicode NFC; a lone surrogate becomes U+FFFD
 * - number: `n`, significand without outer zeros, `e`, exponent, all decimal: 1.0, 1 and 10e-1 are `n1e0`, -1200 is
 *   `n-12e2`, zero is `n0e0`
 * - boolean: `b1` or `b0`
 * - null: `z`
 * - array, object: `j` and deterministic JSON (json/format.ts), strings and keys in NFC, numbers written as above
 */
export function typedInput(value: Json): Uint8Array {
  return Buffer.from(typedText(value));
}

/** Typed input as the text that its UTF-8 bytes are made of. */
export function typedText(value: Json): string {
  if (typeof value === 'string') return 's' + toNfc(value);
  if (value === null) return 'z';
  if (typeof value === 'boolean') return value ? 'b1' : 'b0';
  if (typeof value === 'number' || value instanceof NumberText) return 'n' + numberText(value);
  return 'j' + formatJson(toCanonical(value));
}

/** Decimal text without exponent where that is short, equal for equal numbers: what a person would write. */
export function plainNumber(value: number | NumberText): string {
  const { significand, exponent } = canonicalNumber(value);
  const shift = Number(exponent);
  if (Math.abs(shift) > 64) return `${significand}e${exponent}`;
  if (shift >= 0) return significand + '0'.repeat(shift);
  const sign = significand.startsWith('-') ? '-' : '';
  const digits = significand.slice(sign.length).padStart(1 - shift, '0');
  return `${sign}${digits.slice(0, shift)}.${digits.slice(shift)}`;
}

/** Every character below U+0300 is its own NFC. */
const NEEDS_NORMALIZING = /[^\0-\u02ff]/;

export function toNfc(text: string): string {
  return NEEDS_NORMALIZING.test(text) ? text.normalize('NFC') : text;
}

function numberText(value: number | NumberText): string {
  const { significand, exponent } = canonicalNumber(value);
  return `${significand}e${exponent}`;
}

function toCanonical(value: Json): Json {
  if (typeof value === 'string') return toNfc(value);
  if (typeof value === 'number' || value instanceof NumberText) return new NumberText(numberText(value));
  if (isJsonArray(value)) return value.map(toCanonical);
  return isJsonObject(value) ? toCanonicalObject(value) : value;
}

/** Keys that only NFC would make equal stay as they are: no member may disappear from a commitment. */
function toCanonicalObject(object: JsonObject): JsonObject {
  const entries = Object.entries(object).map(([key, value]) => [key, toCanonical(value)] as const);
  const names = new Set(entries.map(([key]) => toNfc(key)));
  if (names.size < entries.length) return Object.fromEntries(entries);
  return Object.fromEntries(entries.map(([key, value]) => [toNfc(key), value]));
}

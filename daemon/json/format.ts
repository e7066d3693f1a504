// The one deterministic JSON writer: equal data gives equal bytes, whatever the order of keys was.
// Leaves, tags and digests are made of its output, so its rules are frozen with the first leaf.
import { isJsonArray, NumberText, type Json, type JsonObject } from './value.ts';

/**
 * JSON text without white space (log format §1). Keys sorted by UTF-16 code unit; NumberText as its text, other
 * numbers as JavaScript writes them; U+0000–1F, U+007F–9F and lone surrogates as \uXXXX in lower-case hex, `"` and
 * `\` behind a backslash, everything else as it is. Throws TypeError for what is not Json (undefined, NaN).
 */
export function formatJson(value: Json): string {
  switch (typeof value) {
    case 'string':
      return formatString(value);
    case 'number':
      return formatNumber(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return formatContainer(value);
    default:
      throw notJson(value);
  }
}

function formatContainer(value: Json & (object | null)): string {
  if (value === null) return 'null';
  if (isJsonArray(value)) return formatArray(value);
  return value instanceof NumberText ? value.text : formatObject(value);
}

/** join makes one flat string per array; concatenation of a large tree would leave a rope as deep as the tree. */
function formatArray(elements: readonly Json[]): string {
  const texts = new Array<string>(elements.length);
  for (let index = 0; index < elements.length; index += 1) texts[index] = formatJson(elements[index] as Json);
  return '[' + texts.join(',') + ']';
}

function formatObject(object: JsonObject): string {
  const keys = sortedKeys(object);
  let text = '';
  for (const key of keys) text += (text === '' ? '{' : ',') + formatString(key) + ':' + formatJson(object[key] as Json);
  return text === '' ? '{}' : text + '}';
}

/** Most objects come sorted already: a look is cheaper than a sort. Array.sort compares UTF-16 code units. */
function sortedKeys(object: JsonObject): readonly string[] {
  const keys = Object.keys(object);
  for (let index = 1; index < keys.length; index += 1) {
    if ((keys[index - 1] ?? '') > (keys[index] ?? '')) return keys.sort();
  }
  return keys;
}

/** A negative zero is a zero; one that a text spelled out is NumberText. */
function formatNumber(value: number): string {
  if (!Number.isFinite(value)) throw notJson(value);
  return String(value);
}

const QUOTED_OR_UNUSUAL = /["\\\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
const UNUSUAL = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff]/;
/** With the u flag a surrogate class matches lone surrogates only: a pair is one code point. */
const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f\ud800-\udfff]/gu;

/** Most strings need no escape; the engine's own writer is exact where only quotes and backslashes do. */
function formatString(text: string): string {
  if (!QUOTED_OR_UNUSUAL.test(text)) return '"' + text + '"';
  return UNUSUAL.test(text) ? '"' + text.replace(ESCAPED, escapeUnit) + '"' : JSON.stringify(text);
}

function escapeUnit(unit: string): string {
  if (unit === '"' || unit === '\\') return '\\' + unit;
  return '\\u' + unit.charCodeAt(0).toString(16).padStart(4, '0');
}

function notJson(value: unknown): TypeError {
  return new TypeError(`expected json, got ${typeof value}`);
}

// Equality of two places in redacted trees: shown values by meaning, hidden ones by tag. Pure.
import { formatJson } from '../json/format.ts';
import { equalNumbers } from '../json/number.ts';
import { parsePointer, readPointer } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, member, NumberText, type Json } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';
import { childPath } from '../redaction/keys.ts';

export interface Place {
  readonly root: Json | undefined;
  readonly hidden: ReadonlyMap<string, HiddenValue>;
  readonly path: string;
}

/** Nothing and null are equal, as for Terraform. */
export function equalTrees(left: Place, right: Place): boolean {
  return isEqual(valueAt(left), left, valueAt(right), right);
}

export function isText(value: Json): value is string {
  return typeof value === 'string';
}

export function isNumber(value: Json): value is number | NumberText {
  return typeof value === 'number' || value instanceof NumberText;
}

/** Undefined where that cannot be told: a side was rebuilt from the log, or lies under another key. */
export function isSameHidden(left: HiddenValue, right: HiddenValue, isSamePath: boolean): boolean | undefined {
  if (left.tag !== '' && right.tag !== '') return left.tag === right.tag;
  // Commitments are keyed by path, too.
  if (!isSamePath || left.kid !== right.kid) return undefined;
  return left.commitment === right.commitment;
}

function isEqual(a: Json, left: Place, b: Json, right: Place): boolean {
  const [hiddenLeft, hiddenRight] = [left.hidden.get(left.path), right.hidden.get(right.path)];
  if (hiddenLeft !== undefined && hiddenRight !== undefined) {
    return isSameHidden(hiddenLeft, hiddenRight, left.path === right.path) === true;
  }
  if (hiddenLeft !== undefined || hiddenRight !== undefined) return false;
  if (isJsonArray(a) && isJsonArray(b)) {
    return (
      a.length === b.length &&
      a.every((value, index) => isEqual(value, at(left, String(index)), b[index] ?? null, at(right, String(index))))
    );
  }
  if (isJsonObject(a) && isJsonObject(b)) {
    return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) =>
      isEqual(member(a, key) ?? null, at(left, key), member(b, key) ?? null, at(right, key)),
    );
  }
  return isNumber(a) && isNumber(b) ? equalNumbers(a, b) : formatJson(a) === formatJson(b);
}

function at(place: Place, key: string): Place {
  return { ...place, path: childPath(place.path, key) };
}

/** null where there is nothing. */
export function valueAt({ root, path }: Pick<Place, 'root' | 'path'>): Json {
  return root === undefined ? null : (readPointer(root, parsePointer(path)) ?? null);
}

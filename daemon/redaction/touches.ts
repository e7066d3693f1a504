// One question about a tree: does any text in it, or any key, hold a known secret? For the second look at what was
// redacted before, and for the recorder's own check before a commit.
import { isJsonArray, isJsonObject, NumberText, type Json } from '../json/value.ts';
import { isCoveredNumber } from './redact.ts';
import type { TaintSet } from './taint.ts';

/** True when a string, a long number or a member's key in the tree is covered. Linear in the text of the tree. */
export function touchesTaint(value: Json, taint: TaintSet): boolean {
  if (typeof value === 'string') return taint.covers(value);
  if (typeof value === 'number' || value instanceof NumberText) return isCoveredNumber(value, taint);
  if (isJsonArray(value)) return value.some((element) => touchesTaint(element, taint));
  if (!isJsonObject(value)) return false;
  return Object.keys(value).some((key) => taint.covers(key) || touchesTaint(value[key] ?? null, taint));
}

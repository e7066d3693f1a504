// The recorder's own check at commit: whatever delivered an observation, nothing that the taint covers is written.
import type { Json } from '../json/value.ts';
import { touchesTaint } from './touches.ts';
import type { TaintSet } from './taint.ts';

/** True when any of these shown values (`before` and `after` of changes, claims, names) holds a known secret. */
export function findUncovered(shown: Iterable<Json>, taint: TaintSet): boolean {
  for (const value of shown) if (touchesTaint(value, taint)) return true;
  return false;
}

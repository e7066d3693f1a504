// Where a plan was seen, as it may stand in a record: a file's name may hold a known secret. Pure but for the taint.
import { WITHHELD, type Covers } from './known-secrets.ts';

/** The reference, with a file name that holds a known secret withheld. */
export function placeOfPlan(reference: string, covers: Covers): string {
  if (!covers(reference)) return reference;
  const root = /^(?:dir:[^/]*|run:)/u.exec(reference)?.[0] ?? '';
  return `${root}/${WITHHELD}`;
}

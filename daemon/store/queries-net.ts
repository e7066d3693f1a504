// The net effect of a row of steps on one instance or output: per scalar, what it was before the first step and what it
// is after the last one. Pure. Hidden values are compared by their commitments, which are equal for equal values of
// one state, address, path and key epoch.
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import { formatJson } from '../json/format.ts';
import { formatPointer } from '../json/pointer.ts';
import type { HiddenChange, ValueChange } from '../record/data.ts';
import type { HiddenBy } from '../record/observation.ts';

export interface StepBody {
  readonly changes: readonly ValueChange[];
  readonly hidden: readonly HiddenChange[];
}

/** One side of a scalar (or of an empty list or map): absent, hidden, or shown. */
export type NetSide =
  | { readonly is: 'absent' }
  | { readonly is: 'hidden'; readonly by: HiddenBy; readonly kid: string; readonly commitment: string }
  | { readonly is: 'shown'; readonly value: Json }
  /** Of a plan: known after the apply only. */
  | { readonly is: 'unknown' };

export interface NetValue {
  /** RFC 6901 pointer of the scalar. */
  readonly path: string;
  readonly before: NetSide;
  readonly after: NetSide;
}

/**
 * Steps in the order of their leaves. What ends as it began is left out; the order is the one of first appearance.
 * Of an empty list or map that was filled on the way, only what it was filled with is told.
 */
export function mergeSteps(steps: readonly StepBody[]): NetValue[] {
  const net = new Map<string, NetValue>();
  for (const step of steps) {
    for (const value of flattenStep(step)) {
      const earlier = net.get(value.path);
      net.set(value.path, earlier === undefined ? value : { ...value, before: earlier.before });
    }
  }
  const values = [...net.values()];
  const filled = filledParents(values);
  return values
    .map(({ path, before, after }) => ({
      path,
      before: withoutHollow(before, filled.has(path)),
      after: withoutHollow(after, filled.has(path)),
    }))
    .filter(({ before, after }) => !isSame(before, after));
}

const ABSENT: NetSide = { is: 'absent' };

function flattenStep({ changes, hidden }: StepBody): NetValue[] {
  const hiddenByPath = new Map(hidden.map((entry) => [entry.path, entry]));
  const before = new Map<string, Json>();
  const after = new Map<string, Json>();
  for (const change of changes) {
    if (change.before !== undefined) flatten(change.path, change.before, before);
    if (change.after !== undefined) flatten(change.path, change.after, after);
  }
  const paths = new Set([...before.keys(), ...after.keys(), ...hiddenByPath.keys()]);
  return [...paths].map((path) => toNetValue(path, before.get(path), after.get(path), hiddenByPath.get(path)));
}

function toNetValue(
  path: string,
  before: Json | undefined,
  after: Json | undefined,
  hidden: HiddenChange | undefined,
): NetValue {
  if (hidden === undefined) return { path, before: shown(before), after: shown(after) };
  const { by, kid, commitment } = hidden;
  const known: NetSide = { is: 'hidden', by, kid, commitment };
  const unknown: NetSide = { is: 'hidden', by, kid, commitment: '' };
  if (before === undefined && after === undefined) return { path, before: unknown, after: known };
  const isHiddenAfter = after === null;
  const isHiddenBefore = before === null;
  // A commitment is of the value after, or of the one before where nothing is hidden after.
  const beforeSide = isHiddenBefore ? (isHiddenAfter ? unknown : known) : shown(before);
  return { path, before: beforeSide, after: isHiddenAfter ? known : shown(after) };
}

function shown(value: Json | undefined): NetSide {
  return value === undefined ? ABSENT : { is: 'shown', value };
}

/** Scalars of a value by pointer; an empty list or map is a scalar of its own. */
export function flatten(path: string, value: Json, into: Map<string, Json>): void {
  if (isJsonArray(value) && value.length > 0) {
    value.forEach((element, index) => flatten(`${path}/${index}`, element, into));
  } else if (isJsonObject(value) && Object.keys(value).length > 0) {
    for (const [key, child] of Object.entries(value)) flatten(path + formatPointer([key]), child, into);
  } else into.set(path, value);
}

function isSame(before: NetSide, after: NetSide): boolean {
  if (before.is === 'absent' || after.is === 'absent') return before.is === after.is;
  if (before.is === 'shown' && after.is === 'shown') return formatJson(before.value) === formatJson(after.value);
  if (before.is !== 'hidden' || after.is !== 'hidden' || before.commitment === '') return false;
  return before.kid === after.kid && before.commitment === after.commitment;
}

/** Paths that have something below them, before or after. */
function filledParents(values: readonly NetValue[]): ReadonlySet<string> {
  const filled = new Set<string>();
  for (const { path, before, after } of values) {
    if (before.is !== 'absent' || after.is !== 'absent') addParents(path, filled);
  }
  return filled;
}

/** That a list or map was empty says nothing beside what came into it or went out of it. */
function withoutHollow(side: NetSide, isFilled: boolean): NetSide {
  const isEmpty = side.is === 'shown' && (isJsonArray(side.value) || isJsonObject(side.value));
  return isEmpty && isFilled ? ABSENT : side;
}

function addParents(path: string, into: Set<string>): void {
  for (let end = path.lastIndexOf('/'); end >= 0; end = path.lastIndexOf('/', end - 1)) {
    const parent = path.slice(0, end);
    if (into.has(parent)) return;
    into.add(parent);
    if (end === 0) return;
  }
}

// The difference between two redacted bodies of one instance or output. Pure. Hidden values are compared by their
// local tags, or by their commitments where a side was rebuilt from the log; everything else as it would be written.
import { formatJson } from '../json/format.ts';
import { formatPointer } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import type { HiddenChange, ValueChange } from '../record/data.ts';
import type { HiddenValue } from '../record/observation.ts';

/** A redacted tree with the list of what is hidden in it. */
export interface RedactedTree {
  readonly value: Json;
  readonly hidden: readonly HiddenValue[];
}

export interface TreeDiff {
  /** Apply in order to the redacted before: gives exactly the redacted after. */
  readonly changes: readonly ValueChange[];
  /** Hidden values that changed, appeared or went. */
  readonly hidden: readonly HiddenChange[];
}

type Steps = readonly (string | number)[];

/** Either side may be undefined: the tree did not exist. Both trees are redacted under the same knowledge. */
export function diffTrees(before: RedactedTree | undefined, after: RedactedTree | undefined): TreeDiff {
  const walk = new Walk(before?.hidden ?? [], after?.hidden ?? []);
  walk.node([], before?.value, after?.value);
  return { changes: walk.changes, hidden: walk.hidden };
}

/** Applies a diff's changes to a redacted value; undefined = the tree does not exist. */
export function applyChanges(before: Json | undefined, changes: readonly ValueChange[]): Json | undefined {
  return changes.reduce<Json | undefined>(
    (value, change) => place(value, pointerSteps(change.path), change.after),
    before,
  );
}

class Walk {
  readonly changes: ValueChange[] = [];
  readonly hidden: HiddenChange[] = [];
  readonly #before: ReadonlyMap<string, HiddenValue>;
  readonly #after: ReadonlyMap<string, HiddenValue>;

  constructor(before: readonly HiddenValue[], after: readonly HiddenValue[]) {
    this.#before = new Map(before.map((value) => [value.path, value]));
    this.#after = new Map(after.map((value) => [value.path, value]));
  }

  node(steps: Steps, before: Json | undefined, after: Json | undefined): void {
    const path = formatPointer(steps);
    const hiddenBefore = this.#before.get(path);
    const hiddenAfter = this.#after.get(path);
    if (hiddenBefore ?? hiddenAfter) return this.#hiddenNode(path, before, after, hiddenBefore, hiddenAfter);
    if (isJsonObject(before) && isJsonObject(after)) return this.#object(steps, before, after);
    if (isJsonArray(before) && isJsonArray(after)) return this.#array(steps, before, after);
    if (before === undefined && after === undefined) return;
    if (before !== undefined && after !== undefined && isSameScalar(before, after)) return;
    this.#replace(path, before, after);
  }

  #hiddenNode(
    path: string,
    before: Json | undefined,
    after: Json | undefined,
    hiddenBefore: HiddenValue | undefined,
    hiddenAfter: HiddenValue | undefined,
  ): void {
    if (hiddenBefore && hiddenAfter) {
      if (!isSameHidden(hiddenBefore, hiddenAfter)) this.hidden.push(toHiddenChange(hiddenAfter));
      return;
    }
    this.#replace(path, before, after);
  }

  /** A value that came, went, or became another as a whole: what is hidden below it is listed. */
  #replace(path: string, before: Json | undefined, after: Json | undefined): void {
    this.changes.push({
      path,
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
    });
    const listed = new Set<string>();
    for (const value of this.#after.values()) {
      if (!isAtOrBelow(value.path, path)) continue;
      listed.add(value.path);
      if (!isSameHidden(this.#before.get(value.path), value)) this.hidden.push(toHiddenChange(value));
    }
    for (const value of this.#before.values()) {
      if (isAtOrBelow(value.path, path) && !listed.has(value.path)) this.hidden.push(toHiddenChange(value));
    }
  }

  #object(steps: Steps, before: JsonObject, after: JsonObject): void {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    for (const key of [...keys].sort()) this.node([...steps, key], member(before, key), member(after, key));
  }

  #array(steps: Steps, before: readonly Json[], after: readonly Json[]): void {
    const shared = Math.min(before.length, after.length);
    for (let index = 0; index < shared; index += 1) this.node([...steps, index], before[index], after[index]);
    for (let index = before.length - 1; index >= shared; index -= 1) {
      this.node([...steps, index], before[index], undefined);
    }
    for (let index = shared; index < after.length; index += 1) this.node([...steps, index], undefined, after[index]);
  }
}

/** Commitments of one state, address and path are equal for equal values, within one key epoch. */
function isSameHidden(before: HiddenValue | undefined, after: HiddenValue): boolean {
  if (before === undefined) return false;
  if (before.tag !== '' && after.tag !== '') return before.tag === after.tag;
  return before.kid === after.kid && before.commitment === after.commitment;
}

function isAtOrBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}

function toHiddenChange(value: HiddenValue): HiddenChange {
  return { path: value.path, by: value.by, kid: value.kid, commitment: value.commitment, changed: true };
}

function isSameScalar(before: Json, after: Json): boolean {
  return before === after || formatJson(before) === formatJson(after);
}

function pointerSteps(path: string): readonly string[] {
  if (path === '') return [];
  return path
    .slice(1)
    .split('/')
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function place(value: Json | undefined, steps: readonly string[], after: Json | undefined): Json | undefined {
  const [step, ...rest] = steps;
  if (step === undefined) return after;
  if (isJsonArray(value)) return placeInArray(value, Number(step), rest, after);
  if (!isJsonObject(value)) throw new RangeError('expected a container at every step of a change, got a scalar');
  const placed = place(member(value, step), rest, after);
  const entries = Object.entries(value).filter(([key]) => key !== step);
  return Object.fromEntries(placed === undefined ? entries : [...entries, [step, placed]]);
}

function placeInArray(value: readonly Json[], index: number, rest: readonly string[], after: Json | undefined): Json {
  const placed = place(value[index], rest, after);
  return placed === undefined ? value.toSpliced(index, 1) : value.toSpliced(index, 1, placed);
}

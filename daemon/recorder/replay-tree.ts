// One step applied to a redacted tree and to the list of what is hidden in it. Pure.
import { parsePointer, readPointer } from '../json/pointer.ts';
import type { Json } from '../json/value.ts';
import type { ValueChange } from '../record/data.ts';
import type { HiddenValue } from '../record/observation.ts';
import { applyChanges, type RedactedTree } from './diff.ts';

export interface ReplayedStep {
  readonly changes: readonly ValueChange[];
  /** Hidden values that came, changed or went. */
  readonly hidden: readonly HiddenValue[];
}

/** The tree after the step; undefined when it is gone. */
export function replayTree(
  before: RedactedTree | undefined,
  { changes, hidden }: ReplayedStep,
): RedactedTree | undefined {
  const changed = applyChanges(before?.value, changes);
  if (changed === undefined) return undefined;
  const byPath = new Map([...(before?.hidden ?? []), ...hidden].map((entry) => [entry.path, entry]));
  // Listed, and touched by no change: it was shown once, and hidden in between without a step.
  const covered = hidden.filter(({ path }) => !changes.some((change) => isAtOrBelow(path, change.path)));
  const value = covered.reduce<Json>((tree, { path }) => nullAt(tree, path), changed);
  return { value, hidden: [...byPath.values()].filter(({ path }) => valueAt(value, path) === null) };
}

function nullAt(tree: Json, path: string): Json {
  const found = valueAt(tree, path);
  return found === undefined || found === null ? tree : (applyChanges(tree, [{ path, after: null }]) ?? null);
}

function valueAt(tree: Json, path: string): Json | undefined {
  return readPointer(tree, parsePointer(path));
}

function isAtOrBelow(path: string, parent: string): boolean {
  return path === parent || path.startsWith(`${parent}/`);
}

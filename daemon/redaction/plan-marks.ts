// Marks of a planned change: both sides under the marks of both, and of what is stored. What one side hides, both hide.
import { readPointer } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';
import type { Mask, PlannedChange } from '../terraform/plan/plan.ts';
import type { SensitivePath } from '../terraform/state.ts';
import { keptMarks, outputMarks } from './known-marks.ts';
import { createMarks, resolvePath, type MarkedPath, type MarkNode } from './marks.ts';

export interface MarkedSide {
  readonly value: Json;
  readonly marks: MarkNode | undefined;
}

/** The sides that are there: before, after. */
export function instanceSides(
  change: PlannedChange,
  stored: readonly HiddenValue[] | undefined,
): readonly MarkedSide[] {
  const { before, after, beforeSensitive } = change;
  const kept = keptMarks(stored);
  // What is not known yet has nothing to hide, and its mark leads nowhere.
  const afterSensitive = change.afterSensitive.filter((path) => !isUnknown(change.afterUnknown, path));
  const own = { before: resolved(before, beforeSensitive), after: resolved(after, afterSensitive) };
  return [
    ...sideOf(before, [...own.before, ...fitting(before, [...own.after, ...change.afterSensitive])], kept),
    ...sideOf(after, [...own.after, ...fitting(after, own.before), ...replacedMarks(change)], kept),
  ];
}

export function outputSides(change: PlannedChange): readonly MarkedSide[] {
  const isMarked = [...change.beforeSensitive, ...change.afterSensitive].some((path) => path.length === 0);
  const marks = outputMarks(isMarked, undefined);
  return [change.before, change.after].flatMap((value) => (value === undefined ? [] : [{ value, marks }]));
}

function sideOf(value: Json | undefined, paths: readonly SensitivePath[], kept: readonly MarkedPath[]): MarkedSide[] {
  if (value === undefined) return [];
  const marked = paths.flatMap((path) => wholeMarks(value, path));
  return [{ value, marks: createMarks([...marked.map((steps): MarkedPath => ({ steps, by: 'mark' })), ...kept]) }];
}

/** A mark on all of an instance marks each of its attributes: their names stay. */
function wholeMarks(value: Json, path: SensitivePath): readonly SensitivePath[] {
  if (path.length > 0 || !isJsonObject(value)) return [path];
  return Object.keys(value).map((key) => [key]);
}

/** A side's own marks: one that leads nowhere covers all of its attribute. */
function resolved(value: Json | undefined, paths: readonly SensitivePath[]): readonly SensitivePath[] {
  return value === undefined ? paths : paths.map((path) => resolvePath(value, path));
}

/** The other side's marks: what is not here needs none. */
function fitting(value: Json | undefined, paths: readonly SensitivePath[]): readonly SensitivePath[] {
  if (value === undefined) return [];
  return paths.flatMap((path) => {
    const steps = resolvePath(value, path);
    return steps.length < path.length || readPointer(value, steps) === undefined ? [] : [steps];
  });
}

/**
 * Terraform 1.11 saves no marks of a provider's schema for the object that a replacement makes. So what was marked
 * before marks the same attribute under every key: users["a"].password also users["b"].password.
 */
function replacedMarks({ actions, after, beforeSensitive }: PlannedChange): readonly SensitivePath[] {
  if (after === undefined || !actions.includes('create') || !actions.includes('delete')) return [];
  return beforeSensitive.filter((path) => path.length > 2).flatMap((path) => placesLike(after, path, 0));
}

function placesLike(value: Json, path: SensitivePath, at: number): readonly SensitivePath[] {
  const step = path[at];
  if (step === undefined) return [[]];
  const isExact = at === 0 || at === path.length - 1;
  const steps = isExact
    ? [step]
    : isJsonArray(value)
      ? [...value.keys()]
      : isJsonObject(value)
        ? Object.keys(value)
        : [];
  return steps.flatMap((one) => {
    const child = readPointer(value, [one]);
    return child === undefined ? [] : placesLike(child, path, at + 1).map((rest) => [one, ...rest]);
  });
}

function isUnknown(mask: Mask, path: SensitivePath): boolean {
  let node: Mask | undefined = mask;
  for (const step of path) {
    if (node === true) return true;
    if (node === undefined || node === false) return false;
    // The mark's path skips the wrapper of a dynamically typed value, the mask's does not.
    node = childOf(node, step) ?? wrapped(node, step);
  }
  return node === true;
}

function wrapped(mask: Exclude<Mask, boolean>, step: string | number): Mask | undefined {
  const inner = Array.isArray(mask) ? undefined : childOf(mask, 'value');
  return typeof inner === 'object' ? childOf(inner, step) : undefined;
}

function childOf(mask: Exclude<Mask, boolean>, step: string | number): Mask | undefined {
  if (Array.isArray(mask)) return (mask as readonly Mask[])[Number(step)];
  return Object.hasOwn(mask, step) ? (mask as Readonly<Record<string, Mask>>)[step] : undefined;
}

// Marks of one tree from both sides of a step: what Terraform marks now, and what a mark hid in the version before.
// A mark that is lost does not make a secret public.
import { parsePointer } from '../json/pointer.ts';
import type { JsonObject } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';
import type { SensitivePath } from '../terraform/state.ts';
import { createMarks, resolvePath, type MarkedPath, type MarkNode } from './marks.ts';

type Hidden = readonly Pick<HiddenValue, 'path' | 'by' | 'tag'>[];

/** Marks on an instance's attributes. The empty path marks every attribute. */
export function instanceMarks(
  attributes: JsonObject,
  sensitivePaths: readonly SensitivePath[],
  before: Hidden | undefined,
): MarkNode | undefined {
  const now = sensitivePaths.flatMap((path) =>
    path.length === 0 ? Object.keys(attributes).map((key) => [key]) : [resolvePath(attributes, path)],
  );
  return createMarks([...now.map((steps): MarkedPath => ({ steps, by: 'mark' })), ...keptMarks(before)]);
}

/** Marks on an output's value: all of it, or nothing. */
export function outputMarks(isSensitive: boolean, before: Hidden | undefined): MarkNode | undefined {
  const now: MarkedPath[] = isSensitive ? [{ steps: [], by: 'mark' }] : [];
  return createMarks([...now, ...keptMarks(before)]);
}

/** Every path hidden on the other side, for whatever reason. */
export function allMarks(hidden: Hidden): MarkNode | undefined {
  return createMarks(hidden.map(({ path, by }) => ({ steps: parsePointer(path), by })));
}

/**
 * What was rebuilt from the log and hidden as a secret: what the taint knew is lost, so that these values are learned
 * again and stay hidden where they are.
 */
export function rebuiltSecrets<T extends Hidden[number]>(before: readonly T[] | undefined): readonly T[] {
  return before?.filter(({ by, tag }) => tag === '' && (by === 'mark' || by === 'taint')) ?? [];
}

/** Rules apply again by themselves; 'taint' and 'default' look at the value, which may be another by now. */
export function keptMarks(before: Hidden | undefined): MarkedPath[] {
  const rebuilt = new Set<Hidden[number]>(rebuiltSecrets(before));
  const kept = before?.filter((value) => value.by === 'mark' || rebuilt.has(value)) ?? [];
  return kept.map(({ path, by }) => ({ steps: parsePointer(path), by }));
}

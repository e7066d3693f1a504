// Masks as Terraform's JSON plan prints them: true over what is hidden, {} and [] over what holds such, false elsewhere.
import { isJsonArray, isJsonObject, NumberText, type Json } from '../../json/value.ts';
import type { SensitivePath } from '../state.ts';
import type { Mask } from './plan.ts';

/** The mask of a value under paths that it covers. A path that leads nowhere covers what its last fitting step reaches. */
export function maskOf(value: Json | undefined, paths: readonly SensitivePath[]): Mask {
  if (paths.some((path) => path.length === 0)) return true;
  if (value === undefined || value === null || typeof value !== 'object' || value instanceof NumberText) {
    return paths.length > 0;
  }
  if (isJsonArray(value)) return value.map((element, index) => maskOf(element, stepInto(paths, index)));
  if (!isJsonObject(value)) return false;
  const keys = new Set([...Object.keys(value), ...paths.map(([first]) => String(first))]);
  const entries = [...keys].map((key) => [key, maskOf(value[key], stepInto(paths, key))] as const);
  return Object.fromEntries(entries.filter(([, mask]) => mask !== false));
}

function stepInto(paths: readonly SensitivePath[], step: string | number): readonly SensitivePath[] {
  return paths.filter(([first]) => String(first) === String(step)).map((path) => path.slice(1));
}

/** The pointers, as steps, of everything that a mask covers. */
export function maskedPaths(mask: Mask, at: SensitivePath = []): readonly SensitivePath[] {
  if (typeof mask === 'boolean') return mask ? [at] : [];
  if (Array.isArray(mask)) return (mask as readonly Mask[]).flatMap((part, index) => maskedPaths(part, [...at, index]));
  return Object.entries(mask).flatMap(([key, part]) => maskedPaths(part, [...at, key]));
}

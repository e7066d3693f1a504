// Tolerant readers of a record's data: a member that is missing or of another kind reads as empty, so that records of
// later versions, and damaged ones, can still be listed. Pure.
import { isJsonArray, isJsonObject, member, NumberText, type Json, type JsonObject } from '../json/value.ts';

/** The string at a path of members, '' when there is none. */
export function textAt(data: JsonObject, ...path: readonly string[]): string {
  const value = valueAt(data, path);
  return typeof value === 'string' ? value : '';
}

/** The number at a path of members, 0 when there is none. */
export function numberAt(data: JsonObject, ...path: readonly string[]): number {
  const value = valueAt(data, path);
  if (value instanceof NumberText) return Number(value.text);
  return typeof value === 'number' ? value : 0;
}

export function objectAt(data: JsonObject, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(data, path);
  return isJsonObject(value) ? value : undefined;
}

/** The objects of an array; [] when there is none. */
export function objectsAt(data: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const value = valueAt(data, path);
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

/** The strings of an array; [] when there is none. */
export function textsAt(data: JsonObject, ...path: readonly string[]): readonly string[] {
  const value = valueAt(data, path);
  return isJsonArray(value) ? value.filter((element) => typeof element === 'string') : [];
}

/** Milliseconds since the epoch of an RFC 3339 time, or `otherwise` when it is none. */
export function timeMs(text: string, otherwise: number): number {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? otherwise : ms;
}

function valueAt(data: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = data;
  for (const key of path) value = isJsonObject(value) ? member(value, key) : undefined;
  return value;
}

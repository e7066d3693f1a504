// Dynamically typed attributes as a state stores them: {"value": …, "type": …}, the type in cty's own words.
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';

const PRIMITIVES = new Set(['string', 'number', 'bool', 'dynamic']);
const MAX_DEPTH = 64;

/** True for exactly the members `value` and `type`, the latter a cty type. */
export function isTypedWrapper(object: JsonObject): boolean {
  if (!Object.hasOwn(object, 'type') || !Object.hasOwn(object, 'value')) return false;
  return Object.keys(object).length === 2 && isCtyType(object['type'] ?? null, 0);
}

/** "string", ["list","number"], ["object",{…}], ["tuple",[…]]: cty's JSON form of a type. */
function isCtyType(type: Json, depth: number): boolean {
  if (typeof type === 'string') return PRIMITIVES.has(type);
  if (!isJsonArray(type) || depth > MAX_DEPTH) return false;
  const [kind, inner] = type;
  if (inner === undefined) return false;
  if (kind === 'list' || kind === 'set' || kind === 'map') return type.length === 2 && isCtyType(inner, depth + 1);
  if (kind === 'tuple')
    return type.length === 2 && isJsonArray(inner) && inner.every((part) => isCtyType(part, depth + 1));
  if (kind !== 'object' || !isJsonObject(inner)) return false;
  return Object.values(inner).every((part) => isCtyType(part, depth + 1)) && hasOptionalNames(type);
}

/** ["object", {…}, ["a"]]: the third element names optional attributes, each of them one of the object's. */
function hasOptionalNames(type: readonly Json[]): boolean {
  const [, attributes, names] = type;
  if (type.length === 2) return true;
  if (type.length !== 3 || !isJsonArray(names) || !isJsonObject(attributes)) return false;
  return names.every((name) => typeof name === 'string' && Object.hasOwn(attributes, name));
}

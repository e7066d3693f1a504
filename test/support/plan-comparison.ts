// A decoded plan against what `terraform show -json` prints of it. What only a provider's schema can tell is evened out:
// masks of what is unknown or newly made in a replacement, and whether text is a number, for those that msgpack carries
// as text (0.1, 2^64 and more).
import { canonicalNumber } from '../../daemon/json/number.ts';
import { isJsonArray, isJsonObject, NumberText, type Json, type JsonObject } from '../../daemon/json/value.ts';

/** Members of the JSON plan that are compared; planned values, prior state and configuration are not decoded. */
const COMPARED = [
  'terraform_version',
  'resource_changes',
  'resource_drift',
  'deferred_changes',
  'output_changes',
  'checks',
  'timestamp',
  'applyable',
  'complete',
  'errored',
] as const;

export function comparable(plan: JsonObject): JsonObject {
  return Object.fromEntries(COMPARED.map((name) => [name, even(plan[name] ?? null, name)]));
}

/** Variables the caller set: Terraform's JSON adds the defaults of the others. */
export function variablesOf(plan: JsonObject): Readonly<Record<string, Json>> {
  const variables = isJsonObject(plan['variables']) ? plan['variables'] : {};
  return Object.fromEntries(
    Object.entries(variables).map(([name, entry]) => [name, isJsonObject(entry) ? (entry['value'] ?? null) : null]),
  );
}

const MASKS = new Set(['after_unknown', 'before_sensitive', 'after_sensitive']);

function even(value: Json, name: string): Json {
  if (MASKS.has(name)) return truePaths(value, '');
  if (typeof value === 'number' || value instanceof NumberText) return numberText(value);
  if (typeof value === 'string') return /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(value) ? `~${evenNumber(value)}` : value;
  if (isJsonArray(value)) return value.map((element) => even(element, ''));
  if (!isJsonObject(value)) return value;
  const members = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, even(child, key)]));
  return name === 'change' ? withoutSchemaMarks(members) : members;
}

/** Terraform 1.11 saves no marks of a provider's schema for the object that a replacement makes. */
function withoutSchemaMarks(change: JsonObject): JsonObject {
  const [actions, unknown, before, after] = ['actions', 'after_unknown', 'before_sensitive', 'after_sensitive'].map(
    (name) => listOf(change[name]),
  );
  if (change['after_sensitive'] === undefined) return change;
  const evened = actions?.length === 2 ? [...(unknown ?? []), ...(before ?? [])] : (unknown ?? []);
  return { ...change, after_sensitive: (after ?? []).filter((path) => !evened.includes(path)) };
}

function listOf(value: Json | undefined): readonly Json[] {
  return value !== undefined && isJsonArray(value) ? value : [];
}

/** What is no 64-bit integer is the same as text and as number; anything else is not. */
function numberText(value: number | NumberText): string {
  const text = value instanceof NumberText ? value.text : String(value);
  return typeof value !== 'number' || !Number.isSafeInteger(value) ? `~${evenNumber(text)}` : `number ${text}`;
}

function evenNumber(text: string): string {
  try {
    const { significand, exponent } = canonicalNumber(text);
    return `${significand}e${exponent}`;
  } catch {
    return text;
  }
}

/** Every place a mask covers. */
function truePaths(mask: Json, at: string): readonly string[] {
  if (mask === true) return [at];
  if (isJsonArray(mask)) return mask.flatMap((part, index) => truePaths(part, `${at}/${index}`));
  if (!isJsonObject(mask)) return [];
  return Object.entries(mask)
    .flatMap(([key, part]) => truePaths(part, `${at}/${key}`))
    .sort();
}

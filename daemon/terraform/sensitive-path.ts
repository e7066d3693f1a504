// Resolves the paths Terraform marked as sensitive into an instance's attributes as they stand in the state.
// When in doubt a path ends earlier and so covers more: too much hidden is a nuisance, too little is a leak.
import { formatPointer } from '../json/pointer.ts';
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import { asArray, asObject, below, malformed, type Place } from './shape.ts';
import type { SensitivePath } from './state.ts';

/** A step as written; undefined for one that only names a place in a set, or that this version does not know. */
type MarkStep = string | number | undefined;

/**
 * All marks of one instance, resolved, sorted by pointer text, without repeats (Terraform writes them in random
 * order). [] covers all attributes. Throws ParseError `state-malformed`.
 */
export function resolveSensitivePaths(
  marks: readonly Json[],
  attributes: JsonObject,
  isFlat: boolean,
  place: Place,
): readonly SensitivePath[] {
  if (marks.length === 0) return [];
  const byPointer = new Map<string, SensitivePath>();
  for (const [index, mark] of marks.entries()) {
    const steps = readSteps(mark, below(place, index));
    const paths = isFlat ? resolveFlat(steps, attributes) : resolveNested(steps, attributes);
    for (const path of paths) byPointer.set(formatPointer(path), path);
  }
  const sorted = [...byPointer].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, path]) => path);
}

function readSteps(mark: Json, place: Place): readonly MarkStep[] {
  return asArray(mark, place).map((step, index) => readStep(asObject(step, below(place, index)), below(place, index)));
}

/** `{type: get_attr, value: name}` or `{type: index, value: {value, type}}` (docs/TERRAFORM.md §2.1). */
function readStep(step: JsonObject, place: Place): MarkStep {
  const type = member(step, 'type');
  if (typeof type !== 'string') throw malformed('a string', type, below(place, 'type'));
  const value = member(step, 'value');
  if (type === 'get_attr') {
    if (typeof value !== 'string') throw malformed('a string', value, below(place, 'value'));
    return value;
  }
  if (type !== 'index') return undefined;
  const key = member(asObject(value, below(place, 'value')), 'value');
  return typeof key === 'string' || typeof key === 'number' ? key : undefined;
}

/** A mark on an attribute that is not there covers nothing: to Terraform its value is null. */
function resolveNested(steps: readonly MarkStep[], attributes: JsonObject): readonly SensitivePath[] {
  const top = steps[0];
  if (typeof top !== 'string') return [[]];
  const value = member(attributes, top);
  return value === undefined ? [] : [descend(value, top, steps.slice(1))];
}

/** Before 0.12 "tags.Name" is one key: everything under the marked attribute is covered. */
function resolveFlat(steps: readonly MarkStep[], attributes: JsonObject): readonly SensitivePath[] {
  const top = steps[0];
  if (typeof top !== 'string') return [[]];
  const keys = Object.keys(attributes).filter((key) => key === top || key.startsWith(`${top}.`));
  return keys.map((key) => [key]);
}

function descend(value: Json, top: string, steps: readonly MarkStep[]): SensitivePath {
  const path: (string | number)[] = [top];
  let node = value;
  for (const step of steps) {
    if (isAmbiguous(node, step)) return path;
    let next = child(node, step);
    if (next === undefined && isDynamicWrapper(node)) {
      path.push('value');
      node = node.value;
      next = child(node, step);
    }
    if (next === undefined || step === undefined) return isJsonArray(node) ? path : [top];
    path.push(step);
    node = next;
  }
  return path;
}

/** An index that is no position, or beyond the end, stands for an element of a set. */
function child(node: Json, step: MarkStep): Json | undefined {
  if (isJsonArray(node)) return typeof step === 'number' ? node[step] : undefined;
  return isJsonObject(node) && typeof step === 'string' ? member(node, step) : undefined;
}

interface DynamicWrapper extends JsonObject {
  readonly value: Json;
  readonly type: Json;
}

/** A dynamically typed attribute is stored as its value beside its cty type; marks skip that wrapper. */
function isDynamicWrapper(node: Json): node is DynamicWrapper {
  if (!isJsonObject(node) || Object.keys(node).length !== 2) return false;
  return Object.hasOwn(node, 'value') && isCtyType(member(node, 'type'));
}

const CTY_PRIMITIVES: ReadonlySet<Json | undefined> = new Set(['string', 'number', 'bool', 'dynamic']);
const CTY_CONSTRUCTORS: ReadonlySet<Json | undefined> = new Set(['list', 'set', 'map', 'object', 'tuple']);

function isCtyType(type: Json | undefined): boolean {
  return isJsonArray(type) ? CTY_CONSTRUCTORS.has(type[0]) : CTY_PRIMITIVES.has(type);
}

/** {value: {type: …}, type: …}: the step "type" fits the wrapper and what it wraps, so the whole node is covered. */
function isAmbiguous(node: Json, step: MarkStep): boolean {
  if (step !== 'value' && step !== 'type') return false;
  return isDynamicWrapper(node) && child(node.value, step) !== undefined;
}

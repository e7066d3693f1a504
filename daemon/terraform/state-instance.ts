// Resources and instances of a version 4 state, each instance under its full address. Knows nothing of outputs.
import { Buffer } from 'node:buffer';
import { member, type Json, type JsonObject } from '../json/value.ts';
import { formatInstanceAddress, formatModulePath, isIdentifier, parseModulePath, type ModuleStep } from './address.ts';
import { resolveSensitivePaths } from './sensitive-path.ts';
import {
  arrayMember,
  asArray,
  asObject,
  below,
  contradiction,
  flagMember,
  lineMember,
  malformed,
  MAX_NAME_BYTES,
  MAX_PATH_BYTES,
  objectMember,
  textMember,
  uint64Member,
  unknownMembers,
  type Place,
} from './shape.ts';
import type { IndexKey, StateInstance } from './state.ts';

/** What all instances of one resource share. */
interface ResourceFacts {
  readonly module: readonly ModuleStep[];
  readonly modulePath: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly provider: string;
  /** Members of the resource this version does not know, as `resource.<member>`. */
  readonly unknown: JsonObject | undefined;
}

/** All instances of `resources`, sorted by address, then deposed key. Throws ParseError `state-malformed`. */
export function parseInstances(resources: readonly Json[], place: Place): readonly StateInstance[] {
  const instances = resources.flatMap((resource, index) => parseResource(resource, below(place, index)));
  instances.sort(compareInstances);
  for (const [index, instance] of instances.entries()) {
    const previous = instances[index - 1];
    if (previous !== undefined && compareInstances(previous, instance) === 0) {
      throw contradiction('expected every instance once, got one twice', place);
    }
  }
  return instances;
}

/** UTF-16 code unit order; the current object of an address comes before its deposed ones. */
function compareInstances(a: StateInstance, b: StateInstance): number {
  if (a.address !== b.address) return a.address < b.address ? -1 : 1;
  if (a.deposed === b.deposed) return 0;
  return (a.deposed ?? '') < (b.deposed ?? '') ? -1 : 1;
}

function parseResource(value: Json, place: Place): readonly StateInstance[] {
  const resource = asObject(value, place);
  const facts = parseFacts(resource, place);
  const instancesPlace = below(place, 'instances');
  const instances = asArray(member(resource, 'instances'), instancesPlace);
  return instances.map((instance, index) => parseInstance(instance, facts, below(instancesPlace, index)));
}

/** `each` (written before 0.13) says nothing that the index keys do not say. */
const KNOWN_RESOURCE = new Set(['module', 'mode', 'type', 'name', 'each', 'provider', 'instances']);

function parseFacts(resource: JsonObject, place: Place): ResourceFacts {
  const module = parseModule(resource, place);
  const unknown = unknownMembers(resource, KNOWN_RESOURCE);
  return {
    module,
    modulePath: formatModulePath(module),
    mode: parseMode(resource, place),
    type: typeMember(resource, place),
    name: nameMember(resource, 'name', place),
    provider: lineMember(resource, 'provider', place, MAX_PATH_BYTES),
    unknown: unknown === undefined ? undefined : prefixed(unknown),
  };
}

function parseModule(resource: JsonObject, place: Place): readonly ModuleStep[] {
  const text = lineMember(resource, 'module', place, MAX_PATH_BYTES);
  try {
    return parseModulePath(text);
  } catch {
    throw contradiction('expected a module path, got something else', below(place, 'module'));
  }
}

function parseMode(resource: JsonObject, place: Place): 'managed' | 'data' {
  const mode = member(resource, 'mode');
  if (mode !== 'managed' && mode !== 'data')
    throw contradiction('expected managed or data, got another mode', below(place, 'mode'));
  return mode;
}

/** Names stand unquoted in addresses: anything but an identifier could pass one address off as another. */
function nameMember(resource: JsonObject, name: string, place: Place): string {
  const text = lineMember(resource, name, place, MAX_NAME_BYTES);
  if (!isIdentifier(text)) throw contradiction('expected an identifier, got something else', below(place, name));
  return text;
}

/** `module.x` would read as a module path. */
function typeMember(resource: JsonObject, place: Place): string {
  const type = nameMember(resource, 'type', place);
  if (type === 'module') throw contradiction('expected a resource type, got a reserved word', below(place, 'type'));
  return type;
}

function prefixed(members: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [`resource.${name}`, value]));
}

/** `identity_schema_version` is written as 0 for every instance from 1.12 on, and means nothing to a reader. */
const KNOWN_INSTANCE = new Set(
  'index_key status deposed schema_version attributes attributes_flat sensitive_attributes private dependencies'
    .split(' ')
    .concat('create_before_destroy', 'identity', 'identity_schema_version', 'provider'),
);
const NOTHING: JsonObject = {};

function parseInstance(value: Json, facts: ResourceFacts, place: Place): StateInstance {
  const instance = asObject(value, place);
  const indexKey = parseIndexKey(instance, place);
  const isFlat = objectMember(instance, 'attributes', place) === undefined;
  const attributes = isFlat ? parseFlat(instance, place) : asObject(instance.attributes, place);
  const marks = arrayMember(instance, 'sensitive_attributes', place);
  return {
    address: formatInstanceAddress({ ...facts, key: indexKey }),
    module: facts.modulePath,
    mode: facts.mode,
    type: facts.type,
    name: facts.name,
    indexKey,
    deposed: parseDeposed(instance, place),
    provider: parseProvider(instance, facts, place),
    tainted: parseTainted(instance, place),
    createBeforeDestroy: flagMember(instance, 'create_before_destroy', place),
    schemaVersion: uint64Member(instance, 'schema_version', place) ?? '0',
    dependencies: parseDependencies(instance, place),
    attributes,
    sensitivePaths: resolveSensitivePaths(marks, attributes, isFlat, below(place, 'sensitive_attributes')),
    private: textMember(instance, 'private', place),
    identity: member(instance, 'identity'),
    unknown: parseUnknown(instance, facts, isFlat),
  };
}

/** Key 0 and key "" are keys; null and absence are none. */
function parseIndexKey(instance: JsonObject, place: Place): IndexKey {
  const key = member(instance, 'index_key') ?? undefined;
  if (key === undefined) return undefined;
  if (typeof key === 'number' && Number.isSafeInteger(key) && key >= 0) return key;
  if (typeof key === 'string' && Buffer.byteLength(key) <= MAX_PATH_BYTES) return key;
  throw malformed(`an index or at most ${MAX_PATH_BYTES} bytes`, key, below(place, 'index_key'));
}

/** States last written before 0.12: "tags.Name" beside "tags.%", every value a string. */
function parseFlat(instance: JsonObject, place: Place): JsonObject {
  const flat = objectMember(instance, 'attributes_flat', place) ?? NOTHING;
  for (const value of Object.values(flat)) {
    // Map keys are part of these names, and may be anything: they are not repeated.
    if (typeof value !== 'string') throw malformed('a string', value, below(place, 'attributes_flat'));
  }
  return flat;
}

function parseDeposed(instance: JsonObject, place: Place): string | undefined {
  const deposed = textMember(instance, 'deposed', place) ?? '';
  if (deposed === '') return undefined;
  if (!/^[0-9a-fA-F]{8}$/.test(deposed))
    throw contradiction('expected 8 hex digits, got others', below(place, 'deposed'));
  return deposed;
}

/** OpenTofu's provider for_each names the provider per instance and not per resource. */
function parseProvider(instance: JsonObject, facts: ResourceFacts, place: Place): string {
  const provider = lineMember(instance, 'provider', place, MAX_PATH_BYTES) || facts.provider;
  if (provider === '') throw malformed('a provider', undefined, below(place, 'provider'));
  return provider;
}

function parseTainted(instance: JsonObject, place: Place): boolean {
  const status = textMember(instance, 'status', place) ?? '';
  if (status !== '' && status !== 'tainted')
    throw contradiction('expected tainted, got another status', below(place, 'status'));
  return status === 'tainted';
}

function parseDependencies(instance: JsonObject, place: Place): readonly string[] {
  return arrayMember(instance, 'dependencies', place).map((dependency, index) => {
    if (typeof dependency === 'string') return dependency;
    throw malformed('a string', dependency, below(below(place, 'dependencies'), index));
  });
}

/** Nested and flat attributes together are never written; should they be, the flat ones are kept beside. */
function parseUnknown(instance: JsonObject, facts: ResourceFacts, isFlat: boolean): JsonObject {
  const own = unknownMembers(instance, KNOWN_INSTANCE);
  const flat = isFlat ? undefined : member(instance, 'attributes_flat');
  if (own === undefined && facts.unknown === undefined && flat === undefined) return NOTHING;
  return { ...facts.unknown, ...own, ...(flat === undefined ? {} : { attributes_flat: flat }) };
}

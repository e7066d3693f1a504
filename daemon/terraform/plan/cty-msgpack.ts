// Values of a saved plan: msgpack as cty writes it, to JSON with every digit kept, and a mask of what is not known yet.
// Unknown parts are left out of objects and are null in lists, as in Terraform's own JSON plan.
import { Buffer } from 'node:buffer';
import { parseJson } from '../../json/parse.ts';
import { NumberText, isJsonArray, isJsonObject, member, type Json } from '../../json/value.ts';
import { decodeMsgpack, UNKNOWN, type Raw } from './msgpack.ts';
import type { Mask } from './plan.ts';
import { decoding, planMalformed } from './plan-error.ts';

export interface CtyValue {
  /** Undefined when all of it is unknown. */
  readonly value: Json | undefined;
  /** As Terraform prints it; undefined when everything is known. */
  readonly unknown: Mask | undefined;
}

const WHERE = 'a value';

/**
 * How a dynamically typed value stands: 'plain' as in Terraform's JSON plan, 'wrapped' as in a state, so that paths and
 * values of both are the same. The value itself is plain either way: an output's type stands beside it in a state, too.
 */
export type DynamicForm = 'plain' | 'wrapped';

/**
 * Decodes one value. Lists, sets and tuples are arrays, maps and objects are objects. A number that is no integer and
 * no exact double is text in msgpack: where no type stands beside it, it stays text.
 * Throws ParseError `plan-malformed`.
 */
export function decodeCty(bytes: Uint8Array, form: DynamicForm): CtyValue {
  const raw = decodeMsgpack(bytes);
  if (isUnknown(raw)) return { value: undefined, unknown: true };
  const walk = new Walk(form);
  const dynamic = isList(raw) ? dynamicOf(raw) : undefined;
  const value = dynamic === undefined ? walk.value(raw, undefined) : walk.value(dynamic.raw, dynamic.type);
  return { value, unknown: walk.hasUnknown ? unknownMask(dynamic?.raw ?? raw, form) : undefined };
}

class Walk {
  hasUnknown = false;
  readonly #form: DynamicForm;

  constructor(form: DynamicForm) {
    this.#form = form;
  }

  /** `type` is the cty type where one stands beside the value. */
  value(raw: Raw, type: Json | undefined): Json {
    if (raw === null || typeof raw === 'boolean') return raw;
    if (typeof raw === 'string') return type === 'number' ? numberOf(raw) : raw;
    if (typeof raw === 'number') return Number.isFinite(raw) ? raw : String(raw);
    if (typeof raw === 'bigint') return new NumberText(String(raw));
    if (raw === UNKNOWN) return this.#unknown();
    if (raw instanceof Uint8Array) throw planMalformed('a value that cty writes', WHERE);
    return isList(raw) ? this.#elements(raw, type) : this.#members(raw, type);
  }

  #unknown(): null {
    this.hasUnknown = true;
    return null;
  }

  #elements(raw: readonly Raw[], type: Json | undefined): Json {
    const dynamic = dynamicOf(raw);
    if (dynamic !== undefined) {
      const value = this.value(dynamic.raw, dynamic.type);
      return this.#form === 'plain' || isUnknown(dynamic.raw) ? value : { value, type: dynamic.type };
    }
    return raw.map((element, index) => this.value(element, elementType(type, index)));
  }

  #members(raw: ReadonlyMap<string, Raw>, type: Json | undefined): Json {
    const entries: [string, Json][] = [];
    for (const [key, element] of raw) {
      const value = this.value(element, memberType(type, key));
      if (!isUnknown(element)) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }
}

/** true · [..] per element · {..} per member, of which those wholly known are left out. */
function unknownMask(raw: Raw, form: DynamicForm): Mask {
  if (isUnknown(raw)) return true;
  if (isList(raw)) {
    const dynamic = dynamicOf(raw);
    if (dynamic === undefined) return raw.map((element) => unknownMask(element, form));
    const mask = unknownMask(dynamic.raw, form);
    return form === 'plain' || mask === false ? mask : { value: mask };
  }
  if (!(raw instanceof Map)) return false;
  const members = Array.from(raw as ReadonlyMap<string, Raw>);
  const entries = members.map(([key, element]) => [key, unknownMask(element, form)] as const);
  return Object.fromEntries(entries.filter(([, mask]) => mask !== false));
}

interface Dynamic {
  readonly type: Json;
  readonly raw: Raw;
}

/** A dynamically typed value: [type as JSON bytes, value]. Nothing else of cty's is binary. */
function dynamicOf(raw: readonly Raw[]): Dynamic | undefined {
  const [type, value] = raw;
  if (!(type instanceof Uint8Array) || raw.length !== 2 || value === undefined) return undefined;
  return { type: parseType(type), raw: value };
}

function isUnknown(raw: Raw): boolean {
  return raw === UNKNOWN || (isList(raw) && raw.length === 2 && raw[0] instanceof Uint8Array && raw[1] === UNKNOWN);
}

function isList(raw: Raw): raw is readonly Raw[] {
  return Array.isArray(raw);
}

function parseType(bytes: Uint8Array): Json {
  return decoding('a type', WHERE, () => parseJson(Buffer.from(bytes)));
}

/** ["list", T] · ["set", T] · ["tuple", [T…]] */
function elementType(type: Json | undefined, index: number): Json | undefined {
  if (!isJsonArray(type)) return undefined;
  const [kind, inner] = type;
  return kind === 'tuple' && isJsonArray(inner) ? inner[index] : inner;
}

/** ["map", T] · ["object", {name: T}] */
function memberType(type: Json | undefined, key: string): Json | undefined {
  if (!isJsonArray(type)) return undefined;
  const [kind, inner] = type;
  return kind === 'object' && isJsonObject(inner) ? member(inner, key) : inner;
}

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,9})?$/;

/** Text that cty's type calls a number; anything else stays what it is. */
function numberOf(text: string): Json {
  if (!DECIMAL.test(text)) return text;
  const number = Number(text);
  return String(number) === text ? number : new NumberText(text);
}

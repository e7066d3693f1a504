// Values of a saved plan: msgpack as cty writes it, to JSON with every digit kept, and a mask of what is not known yet.
// Unknown parts are left out of objects and are null in lists, as in Terraform's own JSON plan.
import { Buffer } from 'node:buffer';
import { Decoder, ExtensionCodec } from '@msgpack/msgpack';
import { NumberText, isJsonArray, isJsonObject, member, type Json } from '../../json/value.ts';
import { parseJson } from '../../json/parse.ts';
import type { Mask } from './plan.ts';
import { decoding, planMalformed } from './plan-error.ts';

export interface CtyValue {
  /** Undefined when all of it is unknown. */
  readonly value: Json | undefined;
  /** As Terraform prints it; undefined when everything is known. */
  readonly unknown: Mask | undefined;
}

const WHERE = 'a value';
const MAX_DEPTH = 200;
/** cty's unknown: extension 0, or 12 with what is known about it all the same. */
const UNKNOWN_TYPES = [0, 12];
const UNKNOWN = Symbol('unknown');

const extensions = new ExtensionCodec();
for (const type of UNKNOWN_TYPES) extensions.register({ type, encode: () => null, decode: () => UNKNOWN });

/** Keys carry a mark, so that `__proto__`, which the decoder refuses, is a key as any other. */
const KEY_MARK = '.';
const keyed = (key: unknown): string => {
  if (typeof key !== 'string') throw planMalformed('text as a key', WHERE);
  return KEY_MARK + key;
};

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
  const raw = decodeRaw(bytes);
  if (isUnknown(raw)) return { value: undefined, unknown: true };
  const walk = new Walk(form);
  const dynamic = Array.isArray(raw) ? dynamicOf(raw) : undefined;
  const value = dynamic === undefined ? walk.value(raw, undefined, 0) : walk.value(dynamic.raw, dynamic.type, 0);
  return { value, unknown: walk.hasUnknown ? unknownMask(raw) : undefined };
}

function decodeRaw(bytes: Uint8Array): unknown {
  // No list or text can be longer than what holds it: a forged length allocates nothing.
  const most = bytes.length;
  const limits = {
    maxStrLength: most,
    maxBinLength: most,
    maxArrayLength: most,
    maxMapLength: most,
    maxExtLength: most,
  };
  const decoder = new Decoder({
    extensionCodec: extensions,
    useBigInt64: true,
    mapKeyConverter: keyed,
    keyDecoder: null,
    ...limits,
  });
  return decoding('msgpack', WHERE, () => decoder.decode(bytes));
}

class Walk {
  hasUnknown = false;
  readonly #form: DynamicForm;

  constructor(form: DynamicForm) {
    this.#form = form;
  }

  /** `type` is the cty type where one stands beside the value. */
  value(raw: unknown, type: Json | undefined, depth: number): Json {
    if (depth > MAX_DEPTH) throw planMalformed(`at most ${MAX_DEPTH} levels`, WHERE);
    if (raw === null || typeof raw === 'boolean') return raw;
    if (typeof raw === 'string') return type === 'number' ? numberOf(raw) : raw;
    if (typeof raw === 'number') return Number.isFinite(raw) ? raw : String(raw);
    if (typeof raw === 'bigint') return bigNumber(raw);
    if (raw === UNKNOWN) return this.#unknown();
    if (Array.isArray(raw)) return this.#elements(raw, type, depth);
    if (isMap(raw)) return this.#members(raw, type, depth);
    throw planMalformed('a value that cty writes', WHERE);
  }

  #unknown(): null {
    this.hasUnknown = true;
    return null;
  }

  #elements(raw: readonly unknown[], type: Json | undefined, depth: number): Json {
    const dynamic = dynamicOf(raw);
    if (dynamic !== undefined) {
      const value = this.value(dynamic.raw, dynamic.type, depth + 1);
      return this.#form === 'plain' || isUnknown(dynamic.raw) ? value : { value, type: dynamic.type };
    }
    const list: Json[] = [];
    for (const [index, element] of raw.entries()) list.push(this.value(element, elementType(type, index), depth + 1));
    return list;
  }

  #members(raw: Readonly<Record<string, unknown>>, type: Json | undefined, depth: number): Json {
    const entries: [string, Json][] = [];
    for (const [marked, element] of Object.entries(raw)) {
      const key = marked.slice(KEY_MARK.length);
      const value = this.value(element, memberType(type, key), depth + 1);
      if (!isUnknown(element)) entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }
}

/** true · [..] per element · {..} per member, of which those wholly known are left out. */
function unknownMask(raw: unknown): Mask {
  if (raw === UNKNOWN) return true;
  if (Array.isArray(raw)) {
    const dynamic = dynamicOf(raw);
    return dynamic === undefined ? raw.map(unknownMask) : unknownMask(dynamic.raw);
  }
  if (!isMap(raw)) return false;
  const entries = Object.entries(raw).map(
    ([key, element]) => [key.slice(KEY_MARK.length), unknownMask(element)] as const,
  );
  return Object.fromEntries(entries.filter(([, mask]) => mask !== false));
}

interface Dynamic {
  readonly type: Json;
  readonly raw: unknown;
}

/** A dynamically typed value: [type as JSON bytes, value]. Nothing else of cty's is binary. */
function dynamicOf(raw: readonly unknown[]): Dynamic | undefined {
  const [type, value] = raw;
  if (!(type instanceof Uint8Array) || raw.length !== 2) return undefined;
  return { type: parseType(type), raw: value };
}

function isUnknown(raw: unknown): boolean {
  if (raw === UNKNOWN) return true;
  return Array.isArray(raw) && raw.length === 2 && raw[0] instanceof Uint8Array && raw[1] === UNKNOWN;
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

function isMap(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null && !(raw instanceof Uint8Array);
}

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[+-]?[0-9]{1,9})?$/;

/** Text that cty's type calls a number; anything else stays what it is. */
function numberOf(text: string): Json {
  if (!DECIMAL.test(text)) return text;
  const number = Number(text);
  return String(number) === text ? number : new NumberText(text);
}

function bigNumber(value: bigint): Json {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new NumberText(String(value));
}

// Terraform values on the plugin wire (msgpack of cty), as plain JavaScript. Knows nothing of schemas:
// a dynamically typed value stays the [type, value] pair it travels as.
import { decode, encode, ExtData } from '@msgpack/msgpack';

/** A value of any cty type; an unknown one is an `ExtData`, a dynamic one a pair [JSON of its type, value]. */
export type CtyValue = null | boolean | number | bigint | string | Uint8Array | ExtData | CtyValue[] | CtyObject;

/** A cty object or map. Mutable: tests reach into it to simulate drift. */
export interface CtyObject {
  [name: string]: CtyValue;
}

/** The wire message: msgpack in requests; JSON is only used to hand a stored state back as it was. */
export interface DynamicValue {
  readonly msgpack?: Uint8Array;
  readonly json?: Uint8Array;
}

/** "(known after apply)". */
export const unknownValue = new ExtData(0, new Uint8Array(1));

/** True for every unknown, refined or not. */
export function isUnknown(value: CtyValue | undefined): boolean {
  return value instanceof ExtData;
}

export function encodeValue(value: CtyValue): DynamicValue {
  return { msgpack: encode(value, { useBigInt64: true }) };
}

/** Decodes a resource, data source or configuration: an object, or null where there is none. */
export function decodeObject(value: DynamicValue | null): CtyObject | null {
  if (value?.msgpack === undefined || value.msgpack.length === 0) return null;
  return named(decode(value.msgpack, { useBigInt64: true, keyDecoder }) as CtyObject | null) as CtyObject | null;
}

/** The library refuses the key `__proto__`, which is one as any other to Terraform. */
const STAND_IN = '\uE000__proto__';
const keyDecoder = {
  canBeCached: (): boolean => true,
  decode(bytes: Uint8Array, start: number, length: number): string {
    const key = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(start, start + length));
    return key === '__proto__' ? STAND_IN : key;
  },
};

function named(value: CtyValue): CtyValue {
  if (Array.isArray(value)) return value.map(named);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array || value instanceof ExtData) {
    return value;
  }
  const entries = Object.entries(value).map(([key, part]) => [key === STAND_IN ? '__proto__' : key, named(part)]);
  return Object.fromEntries(entries) as CtyObject;
}

/** A dynamically typed string, as the `blob` attribute carries it. */
export function dynamicString(text: string): CtyValue {
  return [new TextEncoder().encode('"string"'), text];
}

/** The string, or '' for anything else: null, unknown, another type. */
export function textOf(value: CtyValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

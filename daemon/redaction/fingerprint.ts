// A keyed rolling fingerprint over UTF-16 units: tells, for a few instructions a unit, where a full tag is worth
// computing. It only filters; a tag always decides. Polynomial modulo 2^32, both constants secret.
import { Buffer } from 'node:buffer';
import { encodeFields, KeyedHash } from './hmac.ts';

/** Units of the window that is looked for inside longer text. */
export const WINDOW_UNITS = 8;

/** Fingerprint of a whole secret: of its first 8 units (or all, when shorter), and of all units. */
export interface Fingerprint {
  /** 32 bits, unsigned. */
  readonly prefix: number;
  /** 18 bits. */
  readonly whole: number;
}

/** So that a packed number stays below 2^51, as SQLite needs for a whole number that arrives as a double. */
const WHOLE_BITS = 18;
const WHOLE_RANGE = 2 ** WHOLE_BITS;
const ROOT_UNIT = 2 ** (32 + WHOLE_BITS);

export class Fingerprinter {
  /** Odd: no unit's weight is ever lost. */
  readonly multiplier: number;
  readonly offset: number;
  /** multiplier^8: what a unit weighs when it leaves the window. */
  readonly leaving: number;
  readonly #mask: KeyedHash;

  constructor(equalityKey: Uint8Array) {
    const seed = new KeyedHash(equalityKey, encodeFields('stateseal taint-fingerprint 1')).text('', 'binary');
    const words = Buffer.from(seed, 'latin1');
    this.multiplier = (words.readUInt32BE(0) & ~7) | 5;
    this.offset = words.readUInt32BE(4) | 0;
    this.leaving = power(this.multiplier, WINDOW_UNITS);
    this.#mask = new KeyedHash(equalityKey, encodeFields('stateseal taint-mask 1'));
  }

  of(text: string, start = 0, lengthUnits = text.length): Fingerprint {
    const { multiplier, offset } = this;
    const prefixEnd = start + Math.min(WINDOW_UNITS, lengthUnits);
    let state = 0;
    let at = start;
    for (; at < prefixEnd; at += 1) state = (Math.imul(state, multiplier) + text.charCodeAt(at) + offset) | 0;
    const prefix = state >>> 0;
    for (; at < start + lengthUnits; at += 1) state = (Math.imul(state, multiplier) + text.charCodeAt(at) + offset) | 0;
    return { prefix, whole: state >>> (32 - WHOLE_BITS) };
  }

  /**
   * One number below 2^51 to keep beside the tag: both fingerprints under a mask made of the tag, so that without
   * the key they say nothing of the secret; and whether it is a secret itself, not only a form of one.
   */
  pack({ prefix, whole }: Fingerprint, isRoot: boolean, tag: string): number {
    const mask = this.#maskOf(tag);
    return (isRoot ? ROOT_UNIT : 0) + ((prefix ^ mask.prefix) >>> 0) * WHOLE_RANGE + (whole ^ mask.whole);
  }

  unpack(packed: number, tag: string): Fingerprint & { readonly isRoot: boolean } {
    const mask = this.#maskOf(tag);
    const isRoot = packed >= ROOT_UNIT;
    const rest = isRoot ? packed - ROOT_UNIT : packed;
    const prefix = (Math.floor(rest / WHOLE_RANGE) ^ mask.prefix) >>> 0;
    return { prefix, whole: (rest % WHOLE_RANGE) ^ mask.whole, isRoot };
  }

  #maskOf(tag: string): Fingerprint {
    const words = Buffer.from(this.#mask.text(tag, 'binary'), 'latin1');
    return { prefix: words.readUInt32BE(0), whole: words.readUInt32BE(4) >>> (32 - WHOLE_BITS) };
  }
}

function power(base: number, exponent: number): number {
  let result = 1;
  for (let step = 0; step < exponent; step += 1) result = Math.imul(result, base);
  return result;
}

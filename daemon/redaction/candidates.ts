// Where in a text a known secret may start: fingerprints of first units behind a bit filter that answers nearly
// every question with one read. Filters only; knows neither tags nor text.
import type { Fingerprint } from './fingerprint.ts';

const NONE: readonly number[] = [];

export class Candidates {
  /** Lengths, in units, of the known strings that start so; one length stands alone. */
  readonly #lengths = new Map<number, number | readonly number[]>();
  readonly #starts = new BitFilter();
  readonly #prints = new BitFilter();

  add(print: Fingerprint, lengthUnits: number): void {
    this.#prints.add(joined(print));
    this.#starts.add(print.prefix);
    const lengths = this.#lengths.get(print.prefix);
    if (lengths === undefined) this.#lengths.set(print.prefix, lengthUnits);
    else this.#lengths.set(print.prefix, [...new Set([lengths, lengthUnits].flat())]);
  }

  /** False: no known string starts with the units of this fingerprint. True: look closer. */
  mayStart(prefix: number): boolean {
    return this.#starts.mayHave(prefix);
  }

  /** Lengths, in units, of the known strings that start so. */
  lengthsAt(prefix: number): readonly number[] {
    const lengths = this.#lengths.get(prefix >>> 0);
    return typeof lengths === 'number' ? [lengths] : (lengths ?? NONE);
  }

  /** False: no known string is this one. */
  mayBe(print: Fingerprint): boolean {
    return this.#prints.mayHave(joined(print));
  }
}

/** Both parts in 32 bits. */
function joined({ prefix, whole }: Fingerprint): number {
  return Math.imul(prefix ^ Math.imul(whole, 0x9e3779b1), 0x85ebca6b) ^ whole;
}

const MIN_BITS = 16;

/** Membership of 32-bit numbers whose high bits are well spread; one false answer in 32 at most. */
class BitFilter {
  #members: number[] = [];
  #words = new Uint32Array(2 ** (MIN_BITS - 5));
  #shift = 32 - MIN_BITS;

  add(member: number): void {
    if (this.#members.length >= this.#words.length) this.#grow();
    this.#members.push(member | 0);
    this.#set(member);
  }

  mayHave(member: number): boolean {
    const bit = member >>> this.#shift;
    return ((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0;
  }

  #set(member: number): void {
    const bit = member >>> this.#shift;
    const word = bit >>> 5;
    this.#words[word] = (this.#words[word] ?? 0) | (1 << (bit & 31));
  }

  #grow(): void {
    this.#words = new Uint32Array(this.#words.length * 4);
    this.#shift -= 2;
    for (const member of this.#members) this.#set(member);
  }
}

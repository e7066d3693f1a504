// Every string ever known to be sensitive, recorder-wide and for ever, as keyed tags: what holds one of them is
// never shown again. Holds no clear text; knows nothing of paths, states or how entries are kept.
import { Candidates } from './candidates.ts';
import { derivedForms } from './encodings.ts';
import { Fingerprinter, WINDOW_UNITS } from './fingerprint.ts';
import { Tagger } from './keys.ts';
import { isCoverable } from './public-words.ts';
import { innerSecrets } from './secret-parts.ts';

/** One string the taint knows. Persisted as it is; says nothing without the key. */
export interface TaintEntry {
  /** UTF-16 units of the string. */
  readonly lengthUnits: number;
  /** Masked fingerprints of the string, an integer below 2^51. Opaque outside fingerprint.ts. */
  readonly prefix: number;
  /** Equality tag of the string: the entry's identity. */
  readonly tag: string;
  /** True: matches only as a whole string; false: also inside a longer one. */
  readonly whole: boolean;
}

/** Shorter secrets are hidden by their path only. */
export const MIN_LEARNED_UNITS = 4;
/** How deep secrets within secrets are looked for: JSON that holds a URL that holds a password. */
const MAX_NESTING = 3;
/** Longer text counts as covered once there is taint: a scan must stay cheap for hostile text too. */
const MAX_SCANNED_UNITS = 1_048_576;
/** Units of one text that may be fingerprinted a second time. */
const MAX_CHECKED_UNITS = 1_048_576;

export class TaintSet {
  readonly #fingerprinter: Fingerprinter;
  readonly #tagger: Tagger;
  /** Tag of every known string; true for secrets themselves, whose forms are known too. */
  readonly #isRoot = new Map<string, boolean>();
  readonly #contained = new Candidates();
  readonly #wholes = new Candidates();

  constructor(equalityKey: Uint8Array, entries: Iterable<TaintEntry> = []) {
    this.#fingerprinter = new Fingerprinter(equalityKey);
    this.#tagger = new Tagger(equalityKey);
    for (const entry of entries) this.#admit(entry);
  }

  /** Strings known, forms included. Survives a restart, as the entries do. */
  get size(): number {
    return this.#isRoot.size;
  }

  /** Grows with each new string: equal versions of one set cover the same. */
  get version(): number {
    return this.#isRoot.size;
  }

  /** Learns a secret, what it holds, and all their forms; returns what was not known. Below 4 units: nothing. */
  learn(secret: string): TaintEntry[] {
    return this.#learn(secret, MAX_NESTING);
  }

  /** True when the text is a known string, or holds one that is looked for inside text. O(length) without a hit. */
  covers(text: string): boolean {
    if (text.length < MIN_LEARNED_UNITS || this.#isRoot.size === 0) return false;
    return text.length > MAX_SCANNED_UNITS || this.#scan(text);
  }

  #learn(secret: string, nesting: number): TaintEntry[] {
    if (secret.length < MIN_LEARNED_UNITS) return [];
    const tag = this.#tagger.value(secret);
    if (this.#isRoot.get(tag) === true) return [];
    const added = this.#add(secret, tag, true);
    for (const form of derivedForms(secret)) {
      if (form.length >= MIN_LEARNED_UNITS) added.push(...this.#add(form, this.#tagger.value(form), false));
    }
    if (nesting > 0) for (const inner of innerSecrets(secret)) added.push(...this.#learn(inner, nesting - 1));
    return added;
  }

  #add(text: string, tag: string, isRoot: boolean): TaintEntry[] {
    const isNew = !this.#isRoot.has(tag);
    if (isNew || isRoot) this.#isRoot.set(tag, isRoot);
    if (!isNew) return [];
    const print = this.#fingerprinter.of(text);
    const whole = !isCoverable(text);
    (whole ? this.#wholes : this.#contained).add(print, text.length);
    return [{ lengthUnits: text.length, prefix: this.#fingerprinter.pack(print, isRoot, tag), tag, whole }];
  }

  #admit({ tag, prefix, whole, lengthUnits }: TaintEntry): void {
    if (this.#isRoot.has(tag)) return;
    const print = this.#fingerprinter.unpack(prefix, tag);
    this.#isRoot.set(tag, print.isRoot);
    (whole ? this.#wholes : this.#contained).add(print, lengthUnits);
  }

  #scan(text: string): boolean {
    const { multiplier, offset, leaving } = this.#fingerprinter;
    const contained = this.#contained;
    const firstEnd = Math.min(WINDOW_UNITS, text.length);
    let state = 0;
    for (let at = 0; at < firstEnd; at += 1) state = (Math.imul(state, multiplier) + text.charCodeAt(at) + offset) | 0;
    if (this.#wholes.mayStart(state) && this.#isWhole(text, state)) return true;
    if (text.length < WINDOW_UNITS) return false;
    const budget = { units: MAX_CHECKED_UNITS };
    for (let start = 0; ; start += 1) {
      if (contained.mayStart(state) && this.#isContainedAt(text, start, state, budget)) return true;
      const next = start + WINDOW_UNITS;
      if (next >= text.length) return false;
      const left = Math.imul(text.charCodeAt(start) + offset, leaving);
      state = (Math.imul(state, multiplier) + text.charCodeAt(next) + offset - left) | 0;
    }
  }

  #isContainedAt(text: string, start: number, prefix: number, budget: { units: number }): boolean {
    for (const lengthUnits of this.#contained.lengthsAt(prefix)) {
      if (start + lengthUnits > text.length) continue;
      budget.units -= lengthUnits;
      // What looks like secrets at thousands of places is hostile or holds one: hidden either way.
      if (budget.units < 0) return true;
      const print = this.#fingerprinter.of(text, start, lengthUnits);
      if (this.#contained.mayBe(print) && this.#isKnown(text.slice(start, start + lengthUnits))) return true;
    }
    return false;
  }

  #isWhole(text: string, prefix: number): boolean {
    if (!this.#wholes.lengthsAt(prefix).includes(text.length)) return false;
    return this.#wholes.mayBe(this.#fingerprinter.of(text)) && this.#isKnown(text);
  }

  #isKnown(text: string): boolean {
    return this.#isRoot.has(this.#tagger.value(text));
  }
}

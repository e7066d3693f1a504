// Index keys inside addresses. A for_each key may be a secret: it is then replaced, in every address of its state, by
// a text that is stable there and says nothing in any other state. Nothing else of an address is ever touched.
import { ParseError } from '../errors.ts';
import { formatHclString, parseHclString } from '../terraform/hcl-string.ts';
import { isOrdinaryWord } from './public-words.ts';
import type { Committer } from './keys.ts';
import type { TaintSet } from './taint.ts';

/** Path under which the commitment of an index key is made, with address ''. No pointer looks like it. */
const INDEX_KEY_PATH = 'index-key';
const SHOWN_UNITS = 8;

/** Rewrites the addresses of one state. */
export class AddressKeys {
  readonly #taint: TaintSet;
  readonly #committer: Committer;

  constructor(taint: TaintSet, committer: Committer) {
    this.#taint = taint;
    this.#committer = committer;
  }

  /** `module.m["k"].aws_x.y["hunter22"]` with a covered key as `["(hidden-xxxxxxxx)"]`; else the same text. */
  hide(address: string): string {
    return address.includes('["') ? this.#hideFrom(address, 0) : address;
  }

  /**
   * A provider's text: its own name stands in the first brackets and is public; a key may follow its alias. What
   * follows is dropped when Terraform would not have written it so.
   */
  hideInProvider(provider: string): string {
    const end = provider.indexOf('"]') + 2;
    if (end === 1 || !provider.includes('["', end)) return provider;
    try {
      return this.#hideFrom(provider, end);
    } catch (error) {
      if (error instanceof ParseError) return provider.slice(0, end);
      throw error;
    }
  }

  #hideFrom(text: string, start: number): string {
    const parts = [text.slice(0, start)];
    let from = start;
    for (;;) {
      const open = text.indexOf('["', from);
      if (open === -1) return parts.join('') + text.slice(from);
      const { value, end } = parseHclString(text, open + 1);
      parts.push(
        text.slice(from, open + 1),
        this.#isSecret(value) ? this.#replacement(value) : text.slice(open + 1, end),
      );
      from = end;
    }
  }

  #isSecret(key: string): boolean {
    return this.#taint.covers(key) && !isOrdinaryWord(key);
  }

  /** Eight characters of a commitment, not of a tag: two states with one key show two texts. */
  #replacement(key: string): string {
    const commitment = this.#committer.commit('', INDEX_KEY_PATH, key);
    return formatHclString(`(hidden-${commitment.slice(0, SHOWN_UNITS)})`);
  }
}

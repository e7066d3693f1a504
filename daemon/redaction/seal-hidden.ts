// From raw hidden values to what may be kept of them: an equality tag and a commitment each.
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';
import { childPath, Committer, stateKey, Tagger, type RedactionKeys } from './keys.ts';
import { meaningOf } from './spelling.ts';
import type { RawHidden } from './redact.ts';

/** Tags and commitments of one state's values. */
export class HiddenSealer {
  readonly tagger: Tagger;
  readonly committer: Committer;
  readonly #kid: string;

  constructor(keys: RedactionKeys, stateId: string) {
    this.tagger = new Tagger(keys.equalityKey);
    this.committer = new Committer(stateKey(keys.epoch.key, stateId));
    this.#kid = keys.epoch.kid;
  }

  seal(address: string, { path, by, value }: RawHidden): HiddenValue {
    const tag = this.tagger.value(value);
    const meaning = typeof value === 'string' ? meaningOf(value, (other) => this.tagger.value(other)) : undefined;
    return {
      path,
      by,
      tag,
      ...(meaning === undefined ? {} : { meaning }),
      kid: this.#kid,
      commitment: this.committer.commit(address, path, value),
    };
  }

  /**
   * Seals what stands in a tree that was redacted before: `known` are the values hidden in it then. The tag is the
   * one the raw value would have; the commitment is to the rest, with those values' commitments in their places.
   */
  sealAgain(address: string, raw: RawHidden, known: ReadonlyMap<string, HiddenValue>): HiddenValue {
    const below = [...known.keys()].filter((path) => path.startsWith(`${raw.path}/`));
    if (below.length === 0) return this.seal(address, raw);
    const tag = this.tagger.value(raw.value, raw.path, (path) => known.get(path)?.tag);
    const commitment = this.committer.commitRest(address, raw.path, withCommitments(raw.value, raw.path, known));
    return { path: raw.path, by: raw.by, tag, kid: this.#kid, commitment };
  }
}

function withCommitments(value: Json, path: string, known: ReadonlyMap<string, HiddenValue>): Json {
  const hidden = known.get(path);
  if (hidden !== undefined) return { commitment: hidden.commitment };
  if (isJsonArray(value)) return value.map((element, index) => withCommitments(element, `${path}/${index}`, known));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(entries.map(([key, part]) => [key, withCommitments(part, childPath(path, key), known)]));
}

// The keys of redaction and the two keyed things made with them: equality tags (local, never published) and
// commitments (published). Every byte layout here is frozen with the first leaf. Knows nothing of Terraform.
import { Buffer } from 'node:buffer';
import { formatJson } from '../json/format.ts';
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import { deriveKey, encodeFields, extractKey, FIRST_BLOCK, hmacBytes, hmacOnce, KeyedHash } from './hmac.ts';
import { typedInput, typedText } from './typed-input.ts';

export interface RedactionKeys {
  /** K_eq, 32 bytes: makes equality tags and taint fingerprints. Stays on the host. */
  readonly equalityKey: Uint8Array;
  /** K_epoch, 32 bytes, and its id `e<n>`: the root of commitments. Destroying it unlinks them (erasure). */
  readonly epoch: { readonly kid: string; readonly key: Uint8Array };
}

const LABELS = {
  stateKey: 'stateseal state-key 1',
  pathKey: 'stateseal path-key 1',
  valueTag: 'stateseal value-tag 1',
} as const;

/** K_state = HKDF-SHA256(ikm K_epoch, no salt, info fields("stateseal state-key 1", state id)), 32 bytes. */
export function stateKey(epochKey: Uint8Array, stateId: string): Uint8Array {
  return deriveKey(epochKey, encodeFields(LABELS.stateKey, stateId));
}

/**
 * k = HKDF-SHA256(ikm K_state, no salt, info fields("stateseal path-key 1", address, path)), 32 bytes; fields are
 * u32be length ‖ UTF-8. `path` is an RFC 6901 pointer. Opens the commitments of one path, nothing else.
 */
export function pathKey(key: Uint8Array, address: string, path: string): Uint8Array {
  return deriveKey(key, encodeFields(LABELS.pathKey, address, path));
}

/** HMAC-SHA256(k, typed input of the value), base64url without padding. */
export function commitmentOf(key: Uint8Array, address: string, path: string, value: Json): string {
  return hmacBytes(pathKey(key, address, path), typedInput(value));
}

/** HMAC-SHA256(k of address '' and path '', `f` ‖ bytes): the commitment to a whole file. */
export function fileCommitment(key: Uint8Array, bytes: Uint8Array): string {
  return new KeyedHash(pathKey(key, '', ''), Buffer.from('f')).bytes(bytes);
}

/** HMAC-SHA256(K_eq, fields("stateseal value-tag 1") ‖ input), base64url without padding: 43 characters. */
export function tagOf(equalityKey: Uint8Array, input: Uint8Array): string {
  return new KeyedHash(equalityKey, encodeFields(LABELS.valueTag)).bytes(input);
}

/** Finds the tag of what is hidden already, by RFC 6901 pointer. */
export type TagAt = (path: string) => string | undefined;

/** Many tags under one K_eq. */
export class Tagger {
  readonly #hash: KeyedHash;

  constructor(equalityKey: Uint8Array) {
    this.#hash = new KeyedHash(equalityKey, encodeFields(LABELS.valueTag));
  }

  /**
   * Equality tag of a value. A scalar's is tagOf its typed input; a container's is tagOf `t` ‖ its deterministic JSON
   * with the tag of each element or member in that one's place, so that it can be made of tags alone where some of
   * its values are hidden already. `tagAt` knows those, by pointers that start with `path`.
   */
  value(value: Json, path = '', tagAt?: TagAt): string {
    const known = tagAt?.(path);
    if (known !== undefined) return known;
    if (isJsonArray(value)) {
      return this.#container(value.map((element, index) => this.value(element, `${path}/${index}`, tagAt)));
    }
    if (!isJsonObject(value)) return this.#hash.text(typedText(value));
    const entries = Object.entries(value);
    return this.#container(
      Object.fromEntries(entries.map(([key, part]) => [key, this.value(part, childPath(path, key), tagAt)])),
    );
  }

  #container(tags: Json): string {
    return this.#hash.text('t' + formatJson(tags));
  }
}

/** Pointer of a member below `path` (RFC 6901). */
export function childPath(path: string, key: string): string {
  if (!key.includes('~') && !key.includes('/')) return `${path}/${key}`;
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

const SCRATCH_BYTES = 16_384;
const MAX_UNITS = 5000;

/** Many commitments under one K_state: `commitmentOf`, four times faster. */
export class Committer {
  readonly #stateKey: Uint8Array;
  readonly #expand: KeyedHash;
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #addressAt: number;
  #address: string | undefined;
  #pathAt = 0;

  constructor(key: Uint8Array) {
    this.#stateKey = key;
    this.#expand = new KeyedHash(extractKey(key));
    this.#addressAt = this.#writeField(LABELS.pathKey, 0);
  }

  commit(address: string, path: string, value: Json): string {
    if (address.length + path.length > MAX_UNITS) return commitmentOf(this.#stateKey, address, path, value);
    return hmacOnce(this.#pathKey(address, path), typedText(value));
  }

  /** Commitment to a tree part of which is no longer at hand: `r` ‖ its deterministic JSON, commitments in place. */
  commitRest(address: string, path: string, rest: Json): string {
    return hmacBytes(pathKey(this.#stateKey, address, path), Buffer.from('r' + formatJson(rest)));
  }

  /** RFC 5869 §2.3 with one block: HMAC(PRK, info ‖ 0x01). The fields of the last address are kept in place. */
  #pathKey(address: string, path: string): string {
    if (address !== this.#address) {
      this.#pathAt = this.#writeField(address, this.#addressAt);
      this.#address = address;
    }
    const end = this.#writeField(path, this.#pathAt);
    this.#scratch[end] = FIRST_BLOCK;
    return this.#expand.start(this.#scratch, end + 1);
  }

  #writeField(text: string, at: number): number {
    const length = this.#scratch.write(text, at + 4);
    this.#scratch.writeUInt32BE(length, at);
    return at + 4 + length;
  }
}

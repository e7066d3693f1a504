// Keyed digests of one instance's raw content, all local: equal digests spare a second look, and find what moved.
import type { Json } from '../json/value.ts';
import { formatJson } from '../json/format.ts';
import type { StateInstance, StateOutput } from '../terraform/state.ts';
import { encodeFields, KeyedHash } from './hmac.ts';
import type { Tagger } from './keys.ts';

export interface InstanceDigest {
  /**
   * Over all that reaches a body or teaches the taint: type, provider, tainted, create-before-destroy, attributes,
   * sensitive paths (sorted, so that their random order does not count) and private data. Dependencies, schema
   * version, identity and members unknown to us carry no meaning of their own and are left out.
   */
  readonly rawTag: string;
  /** Over type and attributes. */
  readonly contentTag: string;
}

/** Digests under one K_eq. Each is HMAC(K_eq, fields(label) ‖ deterministic JSON). */
export class Digester {
  readonly #attributes: KeyedHash;
  readonly #raw: KeyedHash;
  readonly #content: KeyedHash;
  readonly #state: KeyedHash;
  readonly #opaque: KeyedHash;

  constructor(equalityKey: Uint8Array) {
    const labelled = (label: string): KeyedHash => new KeyedHash(equalityKey, encodeFields(`stateseal ${label} 1`));
    this.#attributes = labelled('attributes-tag');
    this.#raw = labelled('raw-tag');
    this.#content = labelled('content-tag');
    this.#state = labelled('state-tag');
    this.#opaque = labelled('opaque-tag');
  }

  instance(instance: StateInstance): InstanceDigest {
    const { type, provider, tainted, createBeforeDestroy, sensitivePaths } = instance;
    const attributes = this.#attributes.text(formatJson(instance.attributes));
    const paths = sensitivePaths.map((path) => formatJson(path)).sort();
    const raw = [type, provider, tainted, createBeforeDestroy, attributes, paths, instance.private ?? null];
    return { rawTag: this.#raw.text(formatJson(raw)), contentTag: this.#content.text(formatJson([type, attributes])) };
  }

  /**
   * Meaning of a whole state: address, deposed key, provider, tainted, type and attributes of each managed instance,
   * name and value of each output. Marks, serial, versions, data sources and checks do not count.
   */
  state(
    instances: Iterable<readonly [StateInstance, InstanceDigest]>,
    outputs: readonly StateOutput[],
    tagger: Tagger,
  ): string {
    const managed: Json[] = [];
    for (const [{ address, deposed, provider, tainted }, { contentTag }] of instances) {
      managed.push([address, deposed ?? '', provider, tainted, contentTag]);
    }
    const values = outputs.map(({ name, value }): Json => [name, tagger.value(value)]).sort(byName);
    return this.#state.text(formatJson([managed, values]));
  }

  /** Of a state under encryption nothing but its bytes is known. */
  opaque(bytes: Uint8Array): string {
    return this.#opaque.bytes(bytes);
  }
}

function byName(a: Json, b: Json): number {
  const [left, right] = [formatJson(a), formatJson(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

// The redacted observation: the one type that sources deliver to the recorder, and the outer wall for secrets.
// Its JSON Schema is schemas/observation.schema.json; the two change together.
import type { Json, JsonObject } from '../json/value.ts';

/** Why a value is not shown. 'default': a string the allow-list does not know. */
export type HiddenBy = 'mark' | 'rule' | 'taint' | 'default';

/** One hidden value of a redacted tree, which holds null at `path`. */
export interface HiddenValue {
  /** RFC 6901 pointer into the tree that was redacted. */
  readonly path: string;
  readonly by: HiddenBy;
  /** Local equality tag, base64url of HMAC(K_eq, typed value). Never published; '' where it was rebuilt from the log. */
  readonly tag: string;
  /**
   * Tag of what the text means where it can be spelled otherwise: JSON, white space, a number. Local; tells a value that a
   * provider spelled otherwise from another one.
   */
  readonly meaning?: string;
  /** Key epoch of the commitment: "e1". */
  readonly kid: string;
  /** base64url HMAC-SHA256 under the key of (state, address, path). */
  readonly commitment: string;
}

/** How well a field of a claim is known (docs: product words). */
export type Known = 'unknown' | 'claimed' | 'observed' | 'verified';

export interface Claim {
  readonly field: string;
  readonly value: string;
  readonly known: Known;
  readonly by: string;
}

export interface Vantage {
  readonly recorder: string;
  readonly host: string;
  readonly source: string;
}

export interface ObservedInstance {
  readonly address: string;
  readonly deposed: string;
  /** Keyed digest of the instance's whole raw content: equal tags need no second look. Local. */
  readonly rawTag: string;
  /** Absent when `rawTag` equals the one of the snapshot this observation builds on. */
  readonly body: InstanceBody | undefined;
}

export interface InstanceBody {
  readonly type: string;
  readonly provider: string;
  readonly tainted: boolean;
  readonly createBeforeDestroy: boolean;
  /** Keyed digest of type and all attributes with their values: finds moves. Local; '' where it was rebuilt. */
  readonly contentTag: string;
  /** Tag of the attribute "id", or '' when there is none: tells a replacement from an update. Local. */
  readonly idTag: string;
  readonly attributes: JsonObject;
  readonly hidden: readonly HiddenValue[];
}

export interface ObservedOutput {
  readonly name: string;
  readonly sensitive: boolean;
  readonly value: Json;
  /** Paths start at the output's value: '' is the whole value. */
  readonly hidden: readonly HiddenValue[];
}

/** What is known of a state's content. 'opaque': encrypted, only serial and lineage are in clear. */
export interface ObservedState {
  readonly form: 'clear' | 'opaque';
  readonly toolVersion: string;
  readonly serial: string;
  readonly lineage: string;
  /** Keyed digest of the meaning of the whole state (order of sensitive paths does not count). Local. */
  readonly contentTag: string;
  /** Published commitment to the raw bytes, under the state's key. */
  readonly kid: string;
  readonly commitment: string;
  /** Managed instances only, sorted by address, then deposed key. */
  readonly instances: readonly ObservedInstance[];
  readonly outputs: readonly ObservedOutput[];
}

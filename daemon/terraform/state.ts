// The shape of a Terraform or OpenTofu state, version 4 (docs/TERRAFORM.md §2). Raw: holds secrets.
// Lives in memory only, between the parser and the redaction.
import type { Json, JsonObject } from '../json/value.ts';

export interface TerraformState {
  readonly kind: 'state';
  readonly toolVersion: string;
  /** Decimal text of an unsigned 64-bit integer. */
  readonly serial: string;
  readonly lineage: string;
  readonly outputs: readonly StateOutput[];
  /** Sorted by address, then deposed key; data sources included. */
  readonly instances: readonly StateInstance[];
  readonly checkResults: readonly Json[];
  /** Top-level members this version of stateseal does not know, verbatim. */
  readonly unknown: JsonObject;
}

/** An OpenTofu state under state encryption: serial and lineage are in clear, nothing else is. */
export interface EncryptedState {
  readonly kind: 'encrypted';
  readonly serial: string;
  readonly lineage: string;
  readonly encryptionVersion: string;
}

export interface StateOutput {
  readonly name: string;
  readonly value: Json;
  /** cty type as JSON: "string", ["object", {...}]. */
  readonly type: Json;
  readonly sensitive: boolean;
}

export type IndexKey = string | number | undefined;

export interface StateInstance {
  /** Full instance address in Terraform's own text: module.m["k"].aws_x.y[0]. */
  readonly address: string;
  /** Module path text, or '' for the root module. */
  readonly module: string;
  readonly mode: 'managed' | 'data';
  readonly type: string;
  readonly name: string;
  readonly indexKey: IndexKey;
  /** Eight hex digits when this is a deposed object of the address. */
  readonly deposed: string | undefined;
  readonly provider: string;
  readonly tainted: boolean;
  readonly createBeforeDestroy: boolean;
  readonly schemaVersion: string;
  readonly dependencies: readonly string[];
  readonly attributes: JsonObject;
  /** Paths Terraform marked, resolved as far as they fit: each a list of steps into `attributes`. */
  readonly sensitivePaths: readonly SensitivePath[];
  /** Opaque provider data, base64 or absent; may hold secrets. */
  readonly private: string | undefined;
  /** Resource identity (Terraform >= 1.12), or absent. */
  readonly identity: Json | undefined;
  /** Members of the instance this version does not know, verbatim. */
  readonly unknown: JsonObject;
}

/** Steps as Terraform wrote them: object attributes and map keys as strings, list indexes as numbers. */
export type SensitivePath = readonly (string | number)[];

/** What a lock file says (`.terraform.tfstate.lock.info`). Every field is a claim of whoever wrote it. */
export interface LockInfo {
  readonly id: string;
  readonly operation: string;
  readonly info: string;
  readonly who: string;
  readonly version: string;
  readonly created: string;
  readonly path: string;
}

/** The only facts ever taken from `.terraform/terraform.tfstate` (version 3): it holds backend secrets. */
export interface BackendPointer {
  readonly type: string;
  /** For people and for the inventory, without credentials: "s3://bucket/key", "http(s) host", "local path". */
  readonly location: string;
}

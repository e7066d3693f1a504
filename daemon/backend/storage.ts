// The port behind the state backend: where the raw bytes of states and their locks are kept. The only place they go.

export interface StoredVersion {
  /** Opaque, never derived from the content; the same from `stage` to `read`. Another one for what others wrote. */
  readonly id: string;
  readonly bytes: Uint8Array;
  /** RFC 3339 time by the storage's clock. */
  readonly storedAt: string;
}

export interface StoredLock {
  readonly bytes: Uint8Array;
  /** When it was put there, by the storage's clock, milliseconds since the epoch. */
  readonly createdMs: number;
}

/**
 * Contract, for the state `name` (letters, digits, `._-`), with one caller at a time per name:
 * - `stage` makes a new version durable and leaves `read` as it was. A crash inside it leaves a staged version of
 *   another id, or none. What was staged before is replaced.
 * - `publish` makes the staged version the one that `read` gives, at once and whole: a reader gets the old or the new
 *   one, whenever this is cut. Cut, it may be called again; a directory keeps the version before as one backup.
 * - `retire` takes the current version away (a directory keeps it as the backup). Nothing there is no error.
 * - `putLock` is false when a lock stands there already, whoever put it there.
 * - A method that throws may have done its work: callers look.
 */
export interface BackendStorage {
  /** For people. */
  readonly location: string;
  /** Id of the current version; undefined for none. */
  head(name: string): Promise<string | undefined>;
  read(name: string): Promise<StoredVersion | undefined>;
  stage(name: string, bytes: Uint8Array): Promise<string>;
  /** Id of what is staged; undefined for nothing. */
  staged(name: string): Promise<string | undefined>;
  publish(name: string): Promise<void>;
  discard(name: string): Promise<void>;
  retire(name: string): Promise<void>;
  readLock(name: string): Promise<StoredLock | undefined>;
  putLock(name: string, bytes: Uint8Array): Promise<boolean>;
  removeLock(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Terraform's own lock files are some 200 bytes. */
export const MAX_LOCK_BYTES = 64 * 1024;

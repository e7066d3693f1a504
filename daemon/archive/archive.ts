// The write-once store as its user, the sealer, needs it. Adapters: directory, s3 (and memory in tests).
// One contract suite (test/archive/contract.ts) holds every adapter to this text.

export type RetentionMode = 'GOVERNANCE' | 'COMPLIANCE';

/** How long one object must stay: absent = the store's own default, no lock asked for. */
export interface Retention {
  readonly mode: RetentionMode;
  readonly days: number;
  /** Held also after its days, until somebody with the right to do so lifts the hold. */
  readonly legalHold?: boolean;
}

/** What the store says of one version and its lock, without reading it. */
export interface ObjectLock {
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
  /** RFC 3339, the store's clock. */
  readonly lastModified: string;
  readonly mode: RetentionMode | 'none';
  /** RFC 3339, or '' when there is no lock. */
  readonly retainUntil: string;
  /** Present when the store says that a legal hold lies on the version. */
  readonly legalHold?: true;
}

/** What the store answered about one written object, read back, and the digest of its bytes. */
export interface Receipt extends ObjectLock {
  /** Lower-case hex: of what was sent, or of what was read. */
  readonly sha256: string;
}

export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
  readonly sizeBytes: number;
  readonly lastModified: string;
  readonly isLatest: boolean;
  /** True for a tombstone: it has no body. */
  readonly isDeleteMarker: boolean;
  /** Written in parts, as the store tells: stateseal writes none, and their time is when the upload began. */
  readonly isMultipart?: boolean;
}

export type PutResult = { readonly outcome: 'created'; readonly receipt: Receipt } | { readonly outcome: 'exists' };

/**
 * Contract:
 * - `put` either makes the whole object durable under `key` and returns its receipt, or reports that the key is
 *   already taken ('exists': nothing was written, whatever is there was not compared), or throws. A throw says
 *   nothing about whether the write happened: the caller looks at `versions` before it tries again.
 * - `put` never replaces bytes a reader could already have seen at that key and version. A store that ignores
 *   conditional writes may add a second version.
 * - Nothing deletes. No method needs the right to delete or to bypass a lock.
 * - `versions` lists every version and delete marker of exactly that key, newest first as the store sees it;
 *   the order is no evidence of age.
 * - `list` yields every version of every key below `prefix`, in key order; memory stays flat.
 * - `get` returns exactly the stored bytes of one version, or throws: never a part, and never more than `maxBytes`
 *   (default 1 GiB), which bounds the memory a hostile store can ask for.
 * - Keys are relative, '/'-separated, of [a-z0-9~/._-], no segment begins with a dot; an adapter refuses any other.
 *   `list` and `versions` also report what somebody else put there: such keys may hold any character.
 * - Errors are ArchiveError: transient (retry) or permanent (alarm). Their text names keys, never credentials.
 */
export interface Archive {
  /** For people: a path or s3://bucket/prefix, without credentials. */
  readonly location: string;
  /** True where an object, once written, can be locked against everyone. */
  readonly isWriteOnce: boolean;
  put(key: string, body: Uint8Array, sha256: string, retention: Retention | undefined): Promise<PutResult>;
  versions(key: string): Promise<readonly ObjectVersion[]>;
  get(key: string, versionId: string, maxBytes?: number): Promise<Uint8Array>;
  list(prefix: string): AsyncIterable<ObjectVersion>;
  /** What the store says about the lock of one version now. */
  readLock(key: string, versionId: string): Promise<ObjectLock>;
  /** The store's clock minus ours, in milliseconds, as last seen in an answer; 0 before any. */
  readonly clockSkewMs: number;
  close(): Promise<void>;
}

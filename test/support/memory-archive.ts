// The archive port in memory, for tests of its users. It fails the running test itself when a user breaks the rules
// (another body for a key it has written, a delete, an empty or wrong body), also when the user swallows the error.
import { ArchiveError } from '../../daemon/errors.ts';
import type {
  Archive,
  ObjectLock,
  ObjectVersion,
  PutResult,
  Receipt,
  Retention,
} from '../../daemon/archive/archive.ts';
import {
  assertArchiveKey,
  assertArchivePrefix,
  compareUtf8,
  missingVersion,
  sha256Hex,
  tooLarge,
} from '../../daemon/archive/key.ts';

/** What becomes of one put: written or not, and what the user is told; no error = told the truth. */
export interface PutFate {
  readonly persisted: boolean;
  readonly error?: Error | undefined;
}

export interface MemoryArchiveOptions {
  /** Asked before every put; `putIndex` counts from 0 over all sessions. */
  readonly onPut?: (key: string, body: Uint8Array, putIndex: number) => PutFate | undefined;
  /** The store's clock, milliseconds since the epoch. Default: a clock that goes on by 1 s per write, from 2026-01-01. */
  readonly now?: () => number;
  /** Default: 'memory:'. */
  readonly location?: string;
  /** What `clockSkewMs` says. */
  readonly clockSkewMs?: number;
  /** True: like stores that ignore If-None-Match, a put on a taken key adds a version. */
  readonly ignoresConditions?: boolean;
  /** Default: throws outside of every call stack, which makes mocha fail the running test. */
  readonly fail?: (message: string) => void;
}

interface Stored {
  readonly version: Omit<ObjectVersion, 'isLatest'>;
  readonly body: Uint8Array;
  readonly lock: Pick<Receipt, 'mode' | 'retainUntil'>;
}

const unlocked = { mode: 'none', retainUntil: '' } as const;
const dayMs = 86_400_000;

/** An error for PutFate: what a store that is away gives. */
export function storeAway(): ArchiveError {
  return new ArchiveError('archive-unavailable', 'expected an answer, got none', { transient: true, hint: 'a test' });
}

/** The store itself, and one user's session with it. What is not of the port is the attacker's and the test's side. */
export class MemoryArchive implements Archive {
  readonly location: string;
  readonly isWriteOnce = true;
  readonly #options: MemoryArchiveOptions;
  readonly #objects: Map<string, Stored[]>;
  readonly #counter: { puts: number; versions: number; clockMs: number };
  readonly #written = new Map<string, string>();

  constructor(options: MemoryArchiveOptions, shared?: MemoryArchive) {
    this.#options = options;
    this.location = options.location ?? 'memory:';
    this.#objects = shared === undefined ? new Map<string, Stored[]>() : shared.#objects;
    this.#counter = shared === undefined ? { puts: 0, versions: 0, clockMs: Date.UTC(2026, 0, 1) } : shared.#counter;
  }

  get clockSkewMs(): number {
    return this.#options.clockSkewMs ?? 0;
  }

  /** How many puts all sessions have tried. */
  get putCount(): number {
    return this.#counter.puts;
  }

  async put(key: string, body: Uint8Array, sha256: string, retention: Retention | undefined): Promise<PutResult> {
    await Promise.resolve();
    assertArchiveKey(key);
    this.#assertRules(key, body, sha256);
    const fate = this.#options.onPut?.(key, body, this.#counter.puts++) ?? { persisted: true };
    const isTaken = this.#newestFirst(key).length > 0 && this.#options.ignoresConditions !== true;
    const stored = fate.persisted && !isTaken ? this.#store(key, body, retention) : undefined;
    if (fate.error !== undefined) throw fate.error;
    if (isTaken) return { outcome: 'exists' };
    // Told "created" although nothing was written: a store that lies.
    const told = stored ?? this.#toStored(key, body, retention);
    return { outcome: 'created', receipt: { ...toObjectLock(told), sha256 } };
  }

  async versions(key: string): Promise<readonly ObjectVersion[]> {
    await Promise.resolve();
    assertArchiveKey(key);
    return this.#newestFirst(key);
  }

  async get(key: string, versionId: string, maxBytes: number = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    await Promise.resolve();
    const { body } = this.#find(key, versionId);
    if (body.length > maxBytes) throw tooLarge(key, maxBytes);
    return body.slice();
  }

  async readLock(key: string, versionId: string): Promise<ObjectLock> {
    await Promise.resolve();
    return toObjectLock(this.#find(key, versionId));
  }

  async *list(prefix: string): AsyncGenerator<ObjectVersion> {
    assertArchivePrefix(prefix);
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix)).sort(compareUtf8);
    for (const key of keys) {
      await Promise.resolve();
      yield* this.#newestFirst(key);
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Not of the port: nobody may have a reason to call it. */
  delete(key: string): void {
    this.#fail(`delete of ${key}`);
  }

  /** A second user of the same store, which has written nothing yet. */
  openSession(options: MemoryArchiveOptions = this.#options): MemoryArchive {
    return new MemoryArchive(options, this);
  }

  /**
   * Somebody else's write: the newest version of the key, any body, any key. Returns its version id. `lastModifiedMs`
   * back-dates it, as an upload in parts does that was begun long ago; `isMultipart` is what a store tells of such a one.
   */
  squat(key: string, body: Uint8Array, told: { lastModifiedMs?: number; isMultipart?: boolean } = {}): string {
    const stored = this.#toStored(key, body, undefined);
    const { lastModifiedMs, isMultipart } = told;
    const version = {
      ...stored.version,
      ...(lastModifiedMs === undefined ? {} : { lastModified: new Date(lastModifiedMs).toISOString() }),
      ...(isMultipart === true ? { isMultipart } : {}),
    };
    this.#push({ ...stored, version });
    return version.versionId;
  }

  addDeleteMarker(key: string): string {
    const marker = this.#toStored(key, new Uint8Array(), undefined);
    this.#push({ ...marker, version: { ...marker.version, isDeleteMarker: true } });
    return marker.version.versionId;
  }

  /** Other bytes in the same version: what no locked store does. */
  tamper(key: string, versionId: string, body: Uint8Array): void {
    const stored = this.#find(key, versionId);
    const changed = { ...stored, body: body.slice(), version: { ...stored.version, sizeBytes: body.length } };
    this.#replace(key, (one) => (one === stored ? [changed] : [one]));
  }

  /** The version is gone, as after its retention. */
  expire(key: string, versionId: string): void {
    const stored = this.#find(key, versionId);
    this.#replace(key, (one) => (one === stored ? [] : [one]));
  }

  #assertRules(key: string, body: Uint8Array, sha256: string): void {
    if (body.length === 0) this.#fail(`empty body for ${key}`);
    if (sha256Hex(body) !== sha256) this.#fail(`body of ${key} has another digest than it came with`);
    if ((this.#written.get(key) ?? sha256) !== sha256) this.#fail(`overwrite of ${key} with another body`);
    this.#written.set(key, sha256);
  }

  #fail(message: string): void {
    const error = new Error(`memory archive: ${message}`);
    if (this.#options.fail === undefined) {
      setImmediate(() => {
        throw error;
      });
      throw error;
    }
    this.#options.fail(message);
  }

  #store(key: string, body: Uint8Array, retention: Retention | undefined): Stored {
    const stored = this.#toStored(key, body, retention);
    this.#push(stored);
    return stored;
  }

  #push(stored: Stored): void {
    const { key } = stored.version;
    this.#objects.set(key, [stored, ...(this.#objects.get(key) ?? [])]);
  }

  #toStored(key: string, body: Uint8Array, retention: Retention | undefined): Stored {
    const nowMs = this.#options.now?.() ?? (this.#counter.clockMs += 1000);
    const versionId = `v${++this.#counter.versions}`;
    const lastModified = new Date(nowMs).toISOString();
    return {
      version: { key, versionId, sizeBytes: body.length, lastModified, isDeleteMarker: false },
      body: body.slice(),
      lock: retention === undefined ? unlocked : toLock(retention, nowMs),
    };
  }

  #replace(key: string, change: (stored: Stored) => Stored[]): void {
    const left = (this.#objects.get(key) ?? []).flatMap(change);
    if (left.length === 0) this.#objects.delete(key);
    else this.#objects.set(key, left);
  }

  #newestFirst(key: string): readonly ObjectVersion[] {
    return (this.#objects.get(key) ?? []).map((stored, index) => ({ ...stored.version, isLatest: index === 0 }));
  }

  #find(key: string, versionId: string): Stored {
    assertArchiveKey(key);
    const found = this.#objects.get(key)?.find(({ version }) => version.versionId === versionId);
    if (found === undefined || found.version.isDeleteMarker) throw missingVersion(key);
    return found;
  }
}

/** An empty store with one session. */
export function createMemoryArchive(options: MemoryArchiveOptions = {}): MemoryArchive {
  return new MemoryArchive(options);
}

function toLock(retention: Retention, nowMs: number): Stored['lock'] {
  return { mode: retention.mode, retainUntil: new Date(nowMs + retention.days * dayMs).toISOString() };
}

function toObjectLock({ version, body, lock }: Stored): ObjectLock {
  const { key, versionId, lastModified } = version;
  return { key, versionId, sizeBytes: body.length, lastModified, ...lock };
}

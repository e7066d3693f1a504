// The StateSource of a versioned bucket, as Terraform's s3 backend fills it: object versions are state versions. One
// listing per poll tells which states moved; only those are asked for their versions. Reads, never writes.
import { ArchiveError, ConfigError } from '../errors.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';
import { openBucketClient, type BucketClient } from './bucket-client.ts';
import { createKeyReader, DEFAULT_WORKSPACE_PREFIX, type BucketPlace, type KeyReader } from './bucket-keys.ts';
import { PlaceHistory, type NextVersion } from './bucket-place.ts';
import { formatCursor, type StoreVersion } from './bucket-versions.ts';
import { systemClock, type SourceClock } from './clock.ts';
import { looksLikeState } from './looks-like-state.ts';
import type {
  DiscoveredState,
  LockSighting,
  SourceProblem,
  StateReference,
  StateSighting,
  StateSource,
} from './source.ts';

export interface BucketSourceOptions {
  readonly s3: Omit<S3ArchiveOptions, 'kmsKeyId' | 'allowInstanceRole'>;
  readonly workspaceKeyPrefix?: string;
  /** Globs over whole keys that are states whatever they are called. */
  readonly states?: readonly string[];
  /** Larger versions are refused; default 256 MiB. */
  readonly maxFileBytes?: number;
  /** Pause between two listings, default 10 s; longer where a listing itself takes long. */
  readonly pollMs?: number;
  /** Objects looked at per listing at most, default 1 million. */
  readonly maxObjects?: number;
  /**
   * Of a state that is not known yet, the newest version that is not younger than this is where its history begins;
   * milliseconds since the epoch, default: when the source was opened. Older ones are not read.
   */
  readonly fromMs?: number;
  readonly clock?: SourceClock;
}

/** Times of a store may be whole seconds, and its clock is not ours. */
const CLOCK_GRAIN_MS = 2_000;
const noBytes = new Uint8Array();

/** Reaches for nothing before `discover`, `look` or `start`. */
export function openBucketSource(options: BucketSourceOptions): StateSource {
  return new BucketSource(options);
}

class BucketSource implements StateSource {
  readonly #options: BucketSourceOptions;
  readonly #clock: SourceClock;
  readonly #client: BucketClient;
  readonly #keys: KeyReader;
  readonly #places = new Map<string, PlaceHistory>();
  /** Keys whose versions were no states so far: the mark they had, and the version looked at last. */
  readonly #strangers = new Map<string, { readonly mark: string; readonly cursor: string }>();
  readonly #listeners: ((uri: string) => void)[] = [];
  readonly #openedMs: number;
  #found: readonly BucketPlace[] = [];
  #problems: readonly SourceProblem[] = [];
  #listing: Promise<void> | undefined;
  #cancel: () => void = () => undefined;
  #isClosed = false;
  #hasLooked = false;

  constructor(options: BucketSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#client = openBucketClient(options.s3);
    this.#keys = createKeyReader({
      bucket: options.s3.bucket,
      prefix: options.s3.prefix,
      workspaceKeyPrefix: options.workspaceKeyPrefix ?? DEFAULT_WORKSPACE_PREFIX,
      states: options.states ?? [],
    });
    this.#openedMs = this.#clock.wallMs();
  }

  owns(uri: string): boolean {
    return this.#keys.owns(uri);
  }

  nameOf(): string {
    return 'bucket';
  }

  onPoke(listener: (uri: string) => void): void {
    this.#listeners.push(listener);
  }

  problems(): readonly SourceProblem[] {
    return this.#problems;
  }

  async start(): Promise<void> {
    await this.#refresh();
    this.#pollLater(0);
  }

  async discover(): Promise<readonly DiscoveredState[]> {
    await this.#refresh();
    return this.#found.map((place) => {
      const { reference, displayPath, nameCandidates } = place;
      const isWatched = !this.#isStranger(place);
      return { reference, displayPath, nameCandidates, isWatched, reason: isWatched ? '' : 'holds no Terraform state' };
    });
  }

  look(reference: StateReference, cursor: string): Promise<StateSighting> {
    const place = this.#keys.placeOf(reference.uri);
    if (place === undefined) return Promise.reject(unknownReference());
    const history = this.#history(place);
    const result = history.tail.then(() => this.#look(history, cursor));
    history.tail = result.catch(() => undefined);
    return result;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    this.#listeners.length = 0;
    await this.#client.close();
    await this.#listing;
    await Promise.allSettled([...this.#places.values()].map(({ tail }) => tail));
  }

  async #look(history: PlaceHistory, cursor: string): Promise<StateSighting> {
    const stranger = cursor === '' ? this.#strangers.get(history.place.key) : undefined;
    const next = await history.next(stranger?.cursor ?? cursor, this.#fromMs());
    if (next === undefined) return this.#sameAsBefore(history, cursor);
    const { version, hold, isHeldOn } = next;
    const lock = hold && (await history.claims.sight(hold));
    const base = {
      ...toSighting(history.place, cursor, next),
      lock: isHeldOn ? lock : undefined,
      lastLock: lock,
      recentLocks: lock === undefined ? [] : [lock],
    };
    return { ...base, ...(await this.#read(history.place, version, cursor)) };
  }

  /** No newer version: what became of the lock. */
  async #sameAsBefore(history: PlaceHistory, cursor: string): Promise<StateSighting> {
    const [current, last] = [history.currentHold(), history.lastHold()];
    const isGone = cursor === '';
    const isOn = history.isMoving() || last === current;
    const held = isOn ? last : current;
    const lastLock = last && (await history.claims.sight(last));
    return {
      ...emptySighting(history.place.reference),
      condition: isGone ? 'absent' : 'state',
      sourceVersion: cursor,
      lock: held && (await history.claims.sight(held)),
      lastLock: isGone ? undefined : lastLock,
      store: { after: cursor, isBehind: history.isMoving(), isFirst: false },
    };
  }

  async #read(place: BucketPlace, version: StoreVersion, cursor: string): Promise<Partial<StateSighting>> {
    if (version.isDeleteMarker) return { condition: 'absent' };
    const { maxFileBytes = 256 * 1024 * 1024 } = this.#options;
    if (version.sizeBytes > maxFileBytes) {
      return refusal('file-too-large', `expected at most ${maxFileBytes} bytes, got ${version.sizeBytes}`);
    }
    if (version.sizeBytes === 0) return refusal('state-empty', 'the object is empty; no resource was deleted by this');
    const bytes = await this.#client.read(place.key, version.versionId, maxFileBytes);
    if (bytes === undefined) return refusal('version-gone', 'the version was removed before it could be read');
    if (cursor !== '' || looksLikeState(bytes)) {
      this.#strangers.delete(place.key);
      return { condition: 'state', bytes };
    }
    // Named like a state and none: an entry of the inventory until something else is written there.
    this.#strangers.set(place.key, { mark: this.#history(place).mark, cursor: formatCursor(version) });
    return { condition: 'absent', sourceVersion: '' };
  }

  #history(place: BucketPlace): PlaceHistory {
    const known = this.#places.get(place.key) ?? new PlaceHistory(place, this.#client);
    this.#places.set(place.key, known);
    return known;
  }

  #isStranger({ key }: BucketPlace): boolean {
    return this.#strangers.has(key) && this.#strangers.get(key)?.mark === this.#places.get(key)?.mark;
  }

  #fromMs(): number {
    const { fromMs } = this.#options;
    return fromMs ?? this.#openedMs + this.#client.skewMs() - CLOCK_GRAIN_MS;
  }

  /** One at a time; what asks meanwhile gets the same answer. Never throws: what fails is a problem until it passes. */
  #refresh(): Promise<void> {
    this.#listing ??= this.#list()
      .catch((error: unknown) => {
        if (!(error instanceof ArchiveError)) throw error;
        const { code, message, hint } = error;
        this.#problems = [{ code, message: `s3://${this.#options.s3.bucket}: ${message}; ${hint}` }];
      })
      .finally(() => {
        this.#listing = undefined;
      });
    return this.#listing;
  }

  async #list(): Promise<void> {
    const { maxObjects = 1_000_000 } = this.#options;
    const marks = new Map<string, string>();
    let isWhole = true;
    for (const prefix of this.#keys.prefixes) {
      const listed = await this.#client.current(prefix, maxObjects - marks.size);
      for (const { key, mark } of listed.objects) marks.set(key, mark);
      isWhole &&= listed.isWhole;
    }
    const deleted = await this.#deletedSince(maxObjects);
    this.#problems = isWhole ? [] : [tooManyObjects(maxObjects)];
    this.#found = this.#keys.places([...marks.keys(), ...deleted]);
    const listedKeys = new Set(this.#found.map(({ key }) => key));
    const gone = [...this.#places.values()].map(({ place }) => place).filter(({ key }) => !listedKeys.has(key));
    for (const place of [...this.#found, ...gone]) this.#note(place, marks);
  }

  /** Once, where history is asked for: a state may have come and gone since. */
  async #deletedSince(maxKeys: number): Promise<readonly string[]> {
    if (this.#options.fromMs === undefined || this.#hasLooked) return [];
    const found: string[] = [];
    for (const prefix of this.#keys.prefixes) found.push(...(await this.#client.everKeys(prefix, maxKeys)));
    this.#hasLooked = true;
    return found;
  }

  /** Pokes for a state whose object or lock is another one than at the last listing. */
  #note(place: BucketPlace, marks: ReadonlyMap<string, string>): void {
    const history = this.#history(place);
    const mark = `${marks.get(place.key) ?? ''}\n${marks.get(place.lockKey) ?? ''}`;
    if (history.mark === mark) return;
    history.mark = mark;
    for (const listener of this.#listeners) listener(place.reference.uri);
  }

  #pollLater(tookMs: number): void {
    if (this.#isClosed) return;
    this.#cancel = this.#clock.after(Math.max(this.#options.pollMs ?? 10_000, 10 * tookMs), () => {
      const startMs = this.#clock.monotonicMs();
      void this.#refresh().finally(() => this.#pollLater(this.#clock.monotonicMs() - startMs));
    });
  }
}

function toSighting({ reference }: BucketPlace, cursor: string, next: NextVersion): StateSighting {
  const { version, isBehind, isFirst } = next;
  return {
    ...emptySighting(reference),
    sourceVersion: formatCursor(version),
    effectiveTime: new Date(version.modifiedMs).toISOString(),
    store: { after: cursor, isBehind, isFirst },
  };
}

function emptySighting(reference: StateReference): StateSighting {
  return {
    reference,
    condition: 'absent',
    sourceVersion: '',
    bytes: noBytes,
    effectiveTime: '',
    timeBasis: 'store',
    problem: undefined,
    lock: undefined as LockSighting | undefined,
    // Continuity comes from the serials: a store shows every version.
    lockHoldsSince: -1,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}

function refusal(code: string, message: string): Partial<StateSighting> {
  return { condition: 'unreadable', problem: { code, message } };
}

function tooManyObjects(maxObjects: number): SourceProblem {
  const message = `expected at most ${maxObjects} objects below the prefix, got more: states beyond are not seen; name a longer prefix`;
  return { code: 'bucket-too-many-objects', message };
}

function unknownReference(): ConfigError {
  return new ConfigError('reference-unknown', 'expected a reference below a configured bucket, got another', {
    hint: 'the source was removed from the configuration',
  });
}

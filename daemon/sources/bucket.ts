// The StateSource of a versioned bucket, as Terraform's s3 backend fills it: object versions are state versions. One
// listing per poll tells which states moved; only those are asked for their versions. Reads, never writes.
import { ArchiveError, ConfigError } from '../errors.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';
import { openBucketClient, type BucketClient } from './bucket-client.ts';
import { createKeyReader, DEFAULT_WORKSPACE_PREFIX, type BucketPlace, type KeyReader } from './bucket-keys.ts';
import { PlaceHistory } from './bucket-place.ts';
import { emptySighting, refusal, toSighting } from './bucket-sighting.ts';
import { CLOCK_GRAIN_MS, Sweep } from './bucket-sweep.ts';
import { formatCursor, type StoreVersion } from './bucket-versions.ts';
import { systemClock, type SourceClock } from './clock.ts';
import { looksLikeState } from './looks-like-state.ts';
import type { DiscoveredState, SourceProblem, StateReference, StateSighting, StateSource } from './source.ts';

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

const DEFAULT_POLL_MS = 10_000;
const DEFAULT_MAX_OBJECTS = 1_000_000;

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
  readonly #sweep: Sweep;
  #found: readonly BucketPlace[] = [];
  #problems: readonly SourceProblem[] = [];
  #listing: Promise<void> | undefined;
  #cancel: () => void = () => undefined;
  #following: Promise<void> | undefined;
  #isClosed = false;

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
    this.#sweep = new Sweep({
      client: this.#client,
      clock: this.#clock,
      prefixes: this.#keys.prefixes,
      pollMs: options.pollMs ?? DEFAULT_POLL_MS,
      maxKeys: options.maxObjects ?? DEFAULT_MAX_OBJECTS,
      isDueAtOnce: options.fromMs !== undefined,
    });
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
    this.#sweep.forget(place.key);
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
      ...toSighting(history.place.reference, cursor, next),
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

  /** One at a time; what asks meanwhile gets the next one. Never throws: what fails is a problem until it passes. */
  #refresh(): Promise<void> {
    if (this.#listing !== undefined) {
      // The one under way may have passed what was written before this was asked.
      this.#following ??= this.#listing.then(() => {
        this.#following = undefined;
        return this.#refresh();
      });
      return this.#following;
    }
    this.#listing = this.#list()
      .catch((error: unknown) => {
        if (!(error instanceof ArchiveError)) throw error;
        const { code, message, hint, transient } = error;
        const advice = transient ? '' : `; ${hint}`;
        this.#problems = [{ code, message: `s3://${this.#options.s3.bucket}: ${message}${advice}` }];
      })
      .finally(() => {
        this.#listing = undefined;
      });
    return this.#listing;
  }

  async #list(): Promise<void> {
    const { maxObjects = DEFAULT_MAX_OBJECTS } = this.#options;
    const marks = new Map<string, string>();
    let isWhole = true;
    for (const prefix of this.#keys.prefixes) {
      const listed = await this.#client.current(prefix, maxObjects - marks.size);
      for (const { key, mark } of listed.objects) marks.set(key, mark);
      isWhole &&= listed.isWhole;
    }
    const deleted = await this.#sweep.keys(this.#fromMs(), (key) => this.#places.has(key));
    this.#problems = isWhole ? [] : [tooManyObjects(maxObjects)];
    this.#found = this.#keys.places([...marks.keys(), ...deleted]);
    const listedKeys = new Set(this.#found.map(({ key }) => key));
    for (const key of deleted) if (!listedKeys.has(key)) this.#sweep.forget(key);
    const gone = [...this.#places.values()].map(({ place }) => place).filter(({ key }) => !listedKeys.has(key));
    for (const place of [...this.#found, ...gone]) this.#note(place, marks);
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
    this.#cancel = this.#clock.after(Math.max(this.#options.pollMs ?? DEFAULT_POLL_MS, 10 * tookMs), () => {
      const startMs = this.#clock.monotonicMs();
      void this.#refresh().finally(() => this.#pollLater(this.#clock.monotonicMs() - startMs));
    });
  }
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

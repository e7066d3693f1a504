// The StateSource of local directories: wires roots, inventory, watch, slow poll and looks together, and owns their
// lifetime. Reads what it watches and nothing else; interprets no state.
import { basename } from 'node:path';
import { ConfigError } from '../errors.ts';
import { pause, systemClock, type SourceClock } from './clock.ts';
import { createIgnoreRules, type IgnoreRules } from './ignore-rules.ts';
import { Inventory } from './inventory.ts';
import { lstatIfThere } from './contained-file.ts';
import { dataFolder, stateNameKind } from './layout.ts';
import { LiveWatch } from './live-watch.ts';
import { sight, unreachableSighting, type LookOptions } from './look.ts';
import { Places, type PlaceMemory } from './places.ts';
import { PlanFiles } from './plan-files.ts';
import { pollPlaces } from './poll.ts';
import { Pokes } from './pokes.ts';
import { createLockTable, type LockTable } from './proc-locks.ts';
import { createHolderReaders, type HolderReaders } from './lock-holder.ts';
import { parseReferenceUri, toPlace, type SourceRoot, type StatePlace } from './reference.ts';
import { Roots, type RootOption } from './roots.ts';
import type {
  DiscoveredState,
  PlanListener,
  SourceProblem,
  StateReference,
  StateSighting,
  StateSource,
} from './source.ts';

export interface DirectorySourceOptions {
  readonly roots: readonly RootOption[];
  /** Globs (picomatch) relative to a root; one without a slash matches a name at any depth. */
  readonly ignore?: readonly string[];
  /** Larger files are refused; default 256 MiB. */
  readonly maxFileBytes?: number;
  /** Directories watched at most, default 50,000; states in others are polled. */
  readonly maxWatches?: number;
  /** Names looked at per root at most, default 5 million. */
  readonly maxEntries?: number;
  /** How long a file may stay half-written before it counts as unreadable; default a minute. */
  readonly settleDeadlineMs?: number;
  /** Pause between two polls of known states, default 2 s; longer where a poll itself takes long. */
  readonly pollMs?: number;
  /** Pause between two walks of everything, default a minute; longer where a walk itself takes long. */
  readonly rediscoverMs?: number;
  readonly clock?: SourceClock;
  readonly lockTable?: LockTable;
}

/** A version that was read is looked at once more: the last of two quick writes may go unheard. */
const secondLookMs = 60;
const startPatienceMs = 10_000;

/** Throws ConfigError `root-label-repeated`. Touches nothing before `discover`, `look` or `start`. */
export function openDirectorySource(options: DirectorySourceOptions): StateSource {
  return new LocalSource(options);
}

class LocalSource implements StateSource {
  readonly #options: DirectorySourceOptions;
  readonly #clock: SourceClock;
  readonly #table: LockTable;
  readonly #holders: Omit<HolderReaders, 'signal'>;
  readonly #ignore: IgnoreRules;
  readonly #roots: Roots;
  readonly #inventory: Inventory;
  readonly #plans: PlanFiles;
  readonly #pokes: Pokes;
  readonly #lookOptions: LookOptions;
  readonly #places = new Places();
  readonly #abort = new AbortController();
  readonly #timers = new Set<() => void>();
  readonly #running = new Set<Promise<unknown>>();
  #watch: LiveWatch | undefined;

  constructor(options: DirectorySourceOptions) {
    const { signal } = this.#abort;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#table = options.lockTable ?? createLockTable();
    this.#holders = createHolderReaders(this.#clock);
    this.#ignore = createIgnoreRules(options.ignore ?? []);
    this.#roots = new Roots(options.roots);
    this.#pokes = new Pokes(this.#clock);
    const maxEntries = options.maxEntries ?? 5_000_000;
    const maxFileBytes = options.maxFileBytes ?? 256 * 1024 * 1024;
    this.#plans = new PlanFiles({ clock: this.#clock, signal, maxFileBytes });
    const onPlan = this.#onPlan;
    this.#inventory = new Inventory({ roots: this.#roots, ignore: this.#ignore, maxEntries, signal, onPlan });
    this.#lookOptions = {
      maxFileBytes,
      settleDeadlineMs: options.settleDeadlineMs ?? 60_000,
      clock: this.#clock,
      table: this.#table,
      ...this.#holders,
      signal,
      isCounted: (place) => this.#watch?.isCounted(place) ?? false,
      hearEvents,
    };
  }

  owns(uri: string): boolean {
    return uri.startsWith('dir:');
  }

  nameOf(): string {
    return 'directory';
  }

  onPoke(listener: (uri: string) => void): void {
    this.#pokes.listen(listener);
  }

  onPlan(listener: PlanListener): void {
    this.#plans.listen(listener);
  }

  async discover(): Promise<readonly DiscoveredState[]> {
    // Before the watch is up nothing tells what stirred.
    const isTold = this.#watch?.isReady ?? false;
    await this.#track(this.#update(() => (isTold ? this.#inventory.refresh() : this.#inventory.walk())));
    return this.#inventory.discovered();
  }

  look(reference: StateReference, cursor: string): Promise<StateSighting> {
    return this.#track(this.#look(reference, cursor));
  }

  start(): Promise<void> {
    return this.#track(this.#start());
  }

  problems(): readonly SourceProblem[] {
    return [...this.#roots.problems, ...this.#inventory.problems, ...(this.#watch?.problems() ?? [])];
  }

  async close(): Promise<void> {
    this.#pokes.close();
    this.#abort.abort();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
    await this.#watch?.close();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  async #start(): Promise<void> {
    // Walked before, so that directories with states come first in the budget, and after, for what came in between.
    await this.#update(() => this.#inventory.walk());
    if (this.#isClosed()) return;
    this.#holders.holders.warmUp();
    this.#watch = this.#openWatch();
    this.#watch.addRoots();
    const watching = this.#track(this.#watch.ready().then(() => this.#rediscover()));
    // A tree of millions of files is polled while its watches are still being set.
    await Promise.race([watching, pause(this.#clock, startPatienceMs, this.#abort.signal)]);
    this.#repeat(this.#options.pollMs ?? 2_000, () => this.#poll());
    this.#repeat(this.#options.rediscoverMs ?? 60_000, () => this.#rediscover());
  }

  #openWatch(): LiveWatch {
    return new LiveWatch({
      roots: this.#roots,
      ignore: this.#ignore,
      inventory: this.#inventory,
      places: this.#places,
      pokes: this.#pokes,
      lockReader: { table: this.#table, clock: this.#clock, signal: this.#abort.signal, ...this.#holders },
      maxWatches: this.#options.maxWatches ?? 50_000,
      onPlan: this.#onPlan,
    });
  }

  readonly #onPlan = (place: StatePlace): void => void this.#track(this.#plans.note(place));

  /** Brings the inventory up to date; true when it says something else than before. */
  async #update(renew: () => Promise<void>): Promise<boolean> {
    const before = new Map(this.#inventory.found().map(({ place, reason }) => [place.reference.uri, reason]));
    await this.#roots.resolve();
    const isMore = this.#watch?.addRoots() ?? false;
    await (isMore ? this.#inventory.walk() : renew());
    const found = this.#inventory.found();
    for (const { place, reason } of found) if (reason === '') this.#places.remember(place);
    const now = new Map(found.map(({ place, reason }) => [place.reference.uri, reason]));
    this.#places.keepOnly(now);
    return before.size !== now.size || [...now].some(([uri, reason]) => before.get(uri) !== reason);
  }

  async #look(reference: StateReference, cursor: string): Promise<StateSighting> {
    const place = await this.#placeOf(reference);
    if (place === undefined) return unreachableSighting(reference);
    const memory = this.#places.remember(place);
    const previous = memory.tail;
    const result = previous.then(() => this.#sight(memory, cursor));
    memory.tail = result.catch(() => undefined);
    return result;
  }

  async #sight(memory: PlaceMemory, cursor: string): Promise<StateSighting> {
    const before = memory.sighted?.sourceVersion;
    const sighting = await sight(memory, cursor, this.#lookOptions);
    if (sighting.condition === 'absent' && !(await isThere(memory.place.root.directory))) {
      return { ...unreachableSighting(memory.place.reference), lockHoldsSince: sighting.lockHoldsSince };
    }
    const isNew = sighting.condition === 'state' && sighting.sourceVersion !== before && sighting.bytes.length > 0;
    if (isNew) this.#pokes.later(memory.place.reference.uri, secondLookMs);
    return sighting;
  }

  /** Undefined for a state of a root that is not there. */
  async #placeOf(reference: StateReference): Promise<StatePlace | undefined> {
    const parsed = parseReferenceUri(reference.uri);
    if (parsed === undefined || !this.#roots.isConfigured(parsed.label)) throw unknownReference();
    if (this.#roots.find(parsed.label) === undefined) await this.#roots.resolve();
    const root = this.#roots.find(parsed.label);
    if (root === undefined) return undefined;
    if (!canHoldState(root, parsed.relativePath)) throw unknownReference();
    return toPlace(root, parsed.relativePath);
  }

  async #poll(): Promise<void> {
    if (!this.#roots.areComplete && (await this.#roots.resolve())) await this.#rediscover();
    await pollPlaces(this.#places.all(), this.#table, this.#abort.signal, (uri) => {
      this.#pokes.now(uri);
    });
  }

  async #rediscover(): Promise<void> {
    if (await this.#update(() => this.#inventory.walk())) this.#pokes.now('');
  }

  /** Runs again and again, with a pause of at least ten times what one run took. */
  #repeat(pauseMs: number, run: () => Promise<void>, tookMs = 0): void {
    if (this.#isClosed()) return;
    const cancel = this.#clock.after(Math.max(pauseMs, 10 * tookMs), () => {
      this.#timers.delete(cancel);
      const startMs = this.#clock.monotonicMs();
      const next = (): void => {
        this.#repeat(pauseMs, run, this.#clock.monotonicMs() - startMs);
      };
      void this.#track(run()).then(next, next);
    });
    this.#timers.add(cancel);
  }

  #track<T>(promise: Promise<T>): Promise<T> {
    this.#running.add(promise);
    const forget = (): void => {
      this.#running.delete(promise);
    };
    promise.then(forget, forget);
    return promise;
  }

  #isClosed(): boolean {
    return this.#abort.signal.aborted;
  }
}

/** A directory that may not be looked at is as good as gone. */
async function isThere(directory: string): Promise<boolean> {
  return (await lstatIfThere(directory).catch(() => undefined))?.isDirectory() === true;
}

/** A turn of the event loop that polls the system in between: what happened before it was heard after it. */
function hearEvents(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}

/** Never a backend pointer, whatever a reference says: it holds backend secrets. */
function canHoldState(root: SourceRoot, relativePath: string): boolean {
  if (root.kind === 'file') return relativePath === root.fileName;
  return !relativePath.split('/').includes(dataFolder) && stateNameKind(basename(relativePath)) === 'state';
}

function unknownReference(): ConfigError {
  return new ConfigError('reference-unknown', 'expected a reference of a state below a configured root, got another', {
    hint: 'the root was removed from the configuration or its label was changed',
  });
}

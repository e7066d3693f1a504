// Turns what stirs in the watched directories into pokes, lock counts and lists to redo. Keeps the budget of watches:
// directories that hold states come first. Claims nothing about content.
import { basename, dirname, relative } from 'node:path';
import { formatDisplayText, toPlace } from './reference.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import type { Inventory } from './inventory.ts';
import { isPlanName, stateNameKind } from './layout.ts';
import { readLock, type LockReader } from './lock-file.ts';
import { hearLock, withHolder, type HolderReaders } from './lock-holder.ts';
import type { PlaceMemory, Places } from './places.ts';
import type { Pokes } from './pokes.ts';
import type { StatePlace } from './reference.ts';
import type { Roots } from './roots.ts';
import type { SourceProblem } from './source.ts';
import { openTreeWatcher, type TreeWatcher } from './watcher.ts';

export interface LiveWatchOptions {
  readonly roots: Roots;
  readonly ignore: IgnoreRules;
  readonly inventory: Inventory;
  readonly places: Places;
  readonly pokes: Pokes;
  readonly lockReader: LockReader & HolderReaders;
  readonly maxWatches: number;
  readonly onPlan: (place: StatePlace) => void;
}

/** New names come in bursts: one discovery for all of them. */
const discoverDelayMs = 25;
/** One lock read may be under way and one more may follow it, beside a holder's command: more events tell nothing new. */
const maxLockReads = 3;
const maxFailures = 100;

export class LiveWatch {
  readonly #options: LiveWatchOptions;
  readonly #tree: TreeWatcher;
  readonly #failures = new Map<string, SourceProblem>();
  readonly #watched = new Set<string>();
  #isReady = false;

  /** The inventory must have been walked: what it holds decides who comes first in the budget. */
  constructor(options: LiveWatchOptions) {
    this.#options = options;
    this.#tree = openTreeWatcher({
      maxWatches: options.maxWatches,
      prunes: (path) => this.#prunes(path),
      preferred: preferredDirectories(options.inventory),
      onName: (path, event) => {
        this.#hearName(path, event);
      },
      onDirectory: (path) => {
        this.#hearDirectory(path);
      },
      onFailure: (path, reason) => {
        this.#noteFailure(path, reason);
      },
    });
  }

  /** Watches the roots that are there and were not watched yet; true when there were any. */
  addRoots(): boolean {
    const added = this.#options.roots.resolved.filter(({ label }) => !this.#watched.has(label));
    for (const root of added) {
      this.#watched.add(root.label);
      this.#tree.add(root.directory, root.kind === 'directory');
    }
    void this.ready();
    return added.length > 0;
  }

  /** Resolves when every root added so far is watched, or none was; also on close. */
  async ready(): Promise<void> {
    if (this.#watched.size === 0) return;
    await this.#tree.ready();
    this.#isReady = true;
  }

  /** False while directories are still being added: what stirs in them is not told yet. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** True while every lock file made beside the state is heard. */
  isCounted(place: StatePlace): boolean {
    return this.#isReady && this.#tree.countsNames && this.#tree.isUp(dirname(place.path));
  }

  problems(): readonly SourceProblem[] {
    const failures = [...this.#failures.values()];
    if (!this.#tree.isOverBudget) return failures;
    const { maxWatches, inventory } = this.#options;
    const message = `expected at most ${maxWatches} directories to watch, got ${inventory.directories}: the rest is polled`;
    return [{ code: 'watch-budget-exceeded', message }, ...failures];
  }

  close(): Promise<void> {
    return this.#tree.close();
  }

  #prunes(path: string): boolean {
    const root = this.#options.inventory.rootOf(path);
    if (root === undefined) return true;
    const inside = relative(root.directory, path);
    return inside !== '' && this.#options.ignore.prunes(inside);
  }

  #hearName(path: string, event: 'rename' | 'change'): void {
    if (isPlanName(basename(path))) this.#hearPlan(path);
    const concerned = this.#options.places.concerning(path);
    for (const memory of concerned) this.#hearCompanion(memory, path, event);
    const isUnheardOf = concerned.length === 0 && stateNameKind(basename(path)) !== 'other';
    const isStateItself = concerned.some(({ place }) => place.path === path);
    if (isUnheardOf || (isStateItself && event === 'rename')) this.#stir(path, event);
  }

  #hearPlan(path: string): void {
    const { inventory, ignore, onPlan } = this.#options;
    const root = inventory.rootOf(path);
    if (root === undefined) return;
    const inside = relative(root.directory, path);
    if (!ignore.hides(inside)) onPlan(toPlace(root, inside));
  }

  #hearCompanion(memory: PlaceMemory, path: string, event: 'rename' | 'change'): void {
    const { place, history } = memory;
    if (path === place.lockPath) {
      if (event === 'rename') history.noteRename();
      else history.noteWrite();
      this.#readLockSoon(memory);
    }
    this.#options.pokes.now(place.reference.uri);
  }

  /** A state came or went. Its place is remembered at once: the lock beside it follows within a millisecond. */
  #stir(path: string, event: 'rename' | 'change'): void {
    const { inventory, ignore, pokes } = this.#options;
    const root = inventory.rootOf(path);
    if (root === undefined) return;
    const inside = relative(root.directory, path);
    const isState = stateNameKind(basename(path)) === 'state' && !ignore.hides(inside);
    if (isState) this.#remember(toPlace(root, inside), event === 'rename');
    inventory.noteStirred(dirname(path));
    pokes.later('', discoverDelayMs);
  }

  #remember(place: StatePlace, isBirth: boolean): void {
    const { places } = this.#options;
    const isUnheardOf = places.concerning(place.path).length === 0;
    const { history } = places.remember(place);
    if (isUnheardOf && isBirth && this.isCounted(place)) history.noteBirth();
  }

  /** Comes for every directory when it is first watched, which the walk after the start covers. */
  #hearDirectory(path: string): void {
    const { inventory, places, pokes } = this.#options;
    for (const { place, history } of places.inDirectory(path)) {
      history.noteUncertain();
      if (this.#isReady) pokes.now(place.reference.uri);
    }
    if (!this.#isReady || inventory.rootOf(path) === undefined) return;
    inventory.noteStirred(path);
    pokes.later('', discoverDelayMs);
  }

  /** The lock of a fast run is gone before anybody looks: it is read on its own event, and its holder after that. */
  #readLockSoon(memory: PlaceMemory): void {
    const { place, history, lockReads } = memory;
    hearLock(memory, this.#options.lockReader);
    if (lockReads.size >= maxLockReads) return;
    const read = readLock(place, this.#options.lockReader).then(
      (look) => {
        const lock = withHolder(memory, look);
        if (lock !== undefined) history.noteRead(lock);
      },
      () => undefined, // A failing close of the lock file: the next look reads it again.
    );
    lockReads.add(read);
    void read.then(() => lockReads.delete(read));
  }

  #noteFailure(path: string, reason: string): void {
    if (this.#failures.size >= maxFailures) return;
    const shown = path === '' ? 'a directory' : formatDisplayText(path);
    const message = `${shown}: expected a watch on it, got ${reason}: it is polled`;
    this.#failures.set(path, { code: 'watch-failed', message });
  }
}

/** Directories with states, and those on the way to them from their root. */
function preferredDirectories(inventory: Inventory): ReadonlySet<string> {
  const preferred = new Set<string>();
  for (const directory of inventory.stateDirectories) {
    const root = inventory.rootOf(directory)?.directory;
    if (root === undefined) continue;
    for (let path = directory; path.length > root.length; path = dirname(path)) preferred.add(path);
  }
  return preferred;
}

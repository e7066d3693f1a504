// The only door to chokidar: directories in, names that stirred out. Chokidar throttles and merges what it says of files
// (docs/TERRAFORM.md §1.3), so it is given directories alone, and its raw events are passed on, each one, in order.
// Knows nothing of states.
import { basename, join } from 'node:path';
import type { Stats } from 'node:fs';
import { FSWatcher } from 'chokidar';
import { describeForeign } from '../errors.ts';

export interface WatcherOptions {
  /** No more directories than this are watched. */
  readonly maxWatches: number;
  /** True for an absolute directory that must not be entered. */
  readonly prunes: (path: string) => boolean;
  /** Directories with a place in the budget before all others, and those on the way to them. */
  readonly preferred: ReadonlySet<string>;
  /** Something happened to this name. 'rename': created or removed, one event each; 'change': written. */
  readonly onName: (path: string, event: 'rename' | 'change') => void;
  /** A directory is watched from now on, or no longer: its events may have been missed. */
  readonly onDirectory: (path: string) => void;
  /** A directory that cannot be watched ('' where unknown), by the failure's code. */
  readonly onFailure: (path: string, reason: string) => void;
}

export interface TreeWatcher {
  /** True where every creation and removal of a name is heard, one by one: inotify. */
  readonly countsNames: boolean;
  /** True once a directory was left out for the budget. */
  readonly isOverBudget: boolean;
  isUp(directory: string): boolean;
  /** Watches a directory, with everything below unless `isRecursive` is false. */
  add(directory: string, isRecursive: boolean): void;
  /** Resolves when everything added so far is watched. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

export function openTreeWatcher(options: WatcherOptions): TreeWatcher {
  return new ChokidarTree(options);
}

class ChokidarTree implements TreeWatcher {
  readonly #options: WatcherOptions;
  readonly #watcher: FSWatcher;
  readonly #recursive = new Set<string>();
  readonly #single = new Set<string>();
  readonly #admitted = new Set<string>();
  readonly #up = new Set<string>();
  readonly #heard = new Set<string>();
  #preferredLeft: number;
  #isOverBudget = false;
  #ready: Promise<void> = Promise.resolve();
  #finishReady: () => void = () => undefined;

  constructor(options: WatcherOptions) {
    this.#options = options;
    this.#preferredLeft = options.preferred.size;
    this.#watcher = new FSWatcher({
      ignored: (path, stats) => this.#isIgnored(path, stats),
      followSymlinks: false,
      atomic: false,
      ignoreInitial: false,
      ignorePermissionErrors: true,
    });
    this.#watcher.on('raw', (event, name, details) => {
      this.#hear(event, name, details);
    });
    this.#watcher.on('addDir', (path) => {
      this.#setUp(path, true);
    });
    this.#watcher.on('unlinkDir', (path) => {
      this.#release(path);
    });
    this.#watcher.on('error', (error) => {
      this.#fail(error);
    });
  }

  get countsNames(): boolean {
    return process.platform === 'linux' && this.#watcher.options.backendCapabilities.perDirectory;
  }

  get isOverBudget(): boolean {
    return this.#isOverBudget;
  }

  isUp(directory: string): boolean {
    return this.#up.has(directory);
  }

  add(directory: string, isRecursive: boolean): void {
    (isRecursive ? this.#recursive : this.#single).add(directory);
    const isFirst = this.#recursive.size + this.#single.size === 1;
    // Chokidar says 'ready' once in its life; what is added later says 'addDir'.
    if (isFirst) this.#ready = this.#nextReady();
    this.#watcher.add(directory);
  }

  ready(): Promise<void> {
    return this.#ready;
  }

  async close(): Promise<void> {
    this.#watcher.removeAllListeners();
    this.#finishReady();
    await this.#watcher.close();
  }

  #nextReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#finishReady = resolve;
      this.#watcher.once('ready', resolve);
    });
  }

  /** Asked without `stats` before a path is looked at, then with them. Files cost no watch: their directory tells. */
  #isIgnored(path: string, stats: Stats | undefined): boolean {
    if (this.#recursive.has(path) || this.#single.has(path)) return false;
    if (stats?.isDirectory() === false || !this.#isBelowRecursive(path) || this.#options.prunes(path)) return true;
    return stats !== undefined && !this.#admit(path);
  }

  #isBelowRecursive(path: string): boolean {
    for (const root of this.#recursive) if (path.startsWith(root === '/' ? root : `${root}/`)) return true;
    return false;
  }

  #admit(path: string): boolean {
    if (this.#admitted.has(path)) return true;
    const isPreferred = this.#options.preferred.has(path);
    const kept = isPreferred ? 0 : Math.max(0, this.#preferredLeft);
    const taken = this.#recursive.size + this.#single.size + this.#admitted.size;
    if (taken + kept >= this.#options.maxWatches) {
      this.#isOverBudget = true;
      return false;
    }
    if (isPreferred) this.#preferredLeft -= 1;
    this.#admitted.add(path);
    return true;
  }

  #hear(event: string, name: string | null, details: unknown): void {
    const watchedPath = watchedPathOf(details);
    if (watchedPath === undefined) return;
    const path = name === null ? watchedPath : join(watchedPath, name);
    const kind = event === 'rename' ? 'rename' : 'change';
    // The directory itself was removed or replaced: chokidar watches its successor without saying so.
    if (kind === 'rename' && name === basename(watchedPath)) this.#options.onDirectory(watchedPath);
    // Two subscriptions to one directory repeat an event within one callback of the system; the next event of the
    // system comes in another one, after the microtasks.
    const key = `${kind} ${path}`;
    if (this.#heard.has(key)) return;
    if (this.#heard.size === 0) {
      queueMicrotask(() => {
        this.#heard.clear();
      });
    }
    this.#heard.add(key);
    this.#options.onName(path, kind);
  }

  #setUp(path: string, isUp: boolean): void {
    if (isUp) this.#up.add(path);
    else this.#up.delete(path);
    this.#options.onDirectory(path);
  }

  #release(path: string): void {
    this.#admitted.delete(path);
    if (this.#up.has(path)) this.#setUp(path, false);
  }

  /** ENOSPC and EMFILE here mean that the system's own budget of watches is used up. */
  #fail(error: unknown): void {
    const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : '';
    if (this.#up.has(path)) this.#setUp(path, false);
    this.#options.onFailure(path, describeForeign(error));
  }
}

function watchedPathOf(details: unknown): string | undefined {
  if (typeof details !== 'object' || details === null || !('watchedPath' in details)) return undefined;
  return typeof details.watchedPath === 'string' ? details.watchedPath : undefined;
}

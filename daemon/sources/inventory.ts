// Every state the roots hold, by directory: one walk of all, then only the directories in which something stirred.
// Names and reasons; never a state's content.
import { join, relative } from 'node:path';
import { listDirectory, listFileRoot, toDiscovered, walkRoot, type FoundState, type ScanRules } from './discover.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import type { SourceRoot, StatePlace } from './reference.ts';
import type { Roots } from './roots.ts';
import type { DiscoveredState, SourceProblem } from './source.ts';

export interface InventoryOptions {
  readonly roots: Roots;
  readonly ignore: IgnoreRules;
  readonly maxEntries: number;
  readonly signal: AbortSignal;
  /** Hears of plan files as they are listed. */
  readonly onPlan?: (place: StatePlace) => void;
}

export class Inventory {
  readonly #options: InventoryOptions;
  /** Only directories that hold something. */
  #byDirectory = new Map<string, readonly FoundState[]>();
  #problems: readonly SourceProblem[] = [];
  #stirred = new Set<string>();
  #directories = 0;
  #hasWalked = false;
  /** Walks and refreshes go one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: InventoryOptions) {
    this.#options = options;
  }

  get problems(): readonly SourceProblem[] {
    return this.#problems;
  }

  /** Directories entered by the last walk. */
  get directories(): number {
    return this.#directories;
  }

  /** Directories that hold a state. */
  get stateDirectories(): Iterable<string> {
    return this.#byDirectory.keys();
  }

  /** In the order of their references. */
  found(): readonly FoundState[] {
    const files = this.#options.roots.resolved.filter((root) => root.kind === 'file').map(listFileRoot);
    const all = [...this.#byDirectory.values()].flat();
    return [...files, ...all].sort((a, b) => compareText(a.place.reference.uri, b.place.reference.uri));
  }

  discovered(): readonly DiscoveredState[] {
    return this.found().map(toDiscovered);
  }

  /** The directory must be listed again before the next answer. */
  noteStirred(directory: string): void {
    this.#stirred.add(directory);
  }

  /** Walks every root anew. */
  walk(): Promise<void> {
    return this.#enqueue(() => this.#walkAll());
  }

  /** Lists again what stirred since; walks when that never happened. */
  refresh(): Promise<void> {
    return this.#enqueue(() => (this.#hasWalked ? this.#listStirred() : this.#walkAll()));
  }

  /** The root a path belongs to: the deepest one that holds it. */
  rootOf(path: string): SourceRoot | undefined {
    let deepest: SourceRoot | undefined;
    for (const root of this.#directoryRoots()) {
      const isDeeper = root.directory.length > (deepest?.directory.length ?? 0);
      if (isDeeper && isInside(root.directory, path)) deepest = root;
    }
    return deepest;
  }

  #enqueue(run: () => Promise<void>): Promise<void> {
    const result = this.#tail.then(run);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  async #walkAll(): Promise<void> {
    const byDirectory = new Map<string, readonly FoundState[]>();
    const problems: SourceProblem[] = [];
    let directories = 0;
    this.#stirred = new Set();
    for (const root of this.#directoryRoots()) {
      const walk = walkRoot(root, this.#rules(), this.#options.maxEntries);
      for await (const [directory, listing] of walk) {
        if (this.#options.signal.aborted) return;
        directories += 1;
        listing.plans.forEach((place) => this.#options.onPlan?.(place));
        if (listing.found.length > 0) byDirectory.set(join(root.directory, directory), listing.found);
        if (listing.problem !== undefined && problems.length < maxProblems) problems.push(listing.problem);
      }
    }
    this.#byDirectory = byDirectory;
    this.#problems = problems;
    this.#directories = directories;
    this.#hasWalked = true;
  }

  async #listStirred(): Promise<void> {
    const stirred = [...this.#stirred].sort();
    this.#stirred = new Set();
    for (const directory of stirred) {
      if (this.#options.signal.aborted) return;
      const found = await this.#listOne(directory);
      if (found.length > 0) this.#byDirectory.set(directory, found);
      else this.#byDirectory.delete(directory);
    }
  }

  async #listOne(directory: string): Promise<readonly FoundState[]> {
    const root = this.rootOf(directory);
    if (root === undefined) return [];
    const listing = await listDirectory(root, relative(root.directory, directory), this.#rules());
    listing.plans.forEach((place) => this.#options.onPlan?.(place));
    return listing.found;
  }

  #rules(): ScanRules {
    const foreign = this.#options.roots.resolved.map(({ directory, fileName }) => join(directory, fileName));
    return { ignore: this.#options.ignore, foreign: new Set(foreign) };
  }

  /** A directory named twice belongs to the label that came first. */
  #directoryRoots(): readonly SourceRoot[] {
    const seen = new Set<string>();
    return this.#options.roots.resolved.filter(({ kind, directory }) => {
      const isFirst = kind === 'directory' && !seen.has(directory);
      if (kind === 'directory') seen.add(directory);
      return isFirst;
    });
  }
}

const maxProblems = 100;

function isInside(directory: string, path: string): boolean {
  return path === directory || path.startsWith(directory === '/' ? directory : `${directory}/`);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

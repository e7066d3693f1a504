// What the source remembers of each state it was asked about: the last sighting's facts, the lock's history, and which
// paths belong to it. In memory only; a restart begins anew.
import { dirname } from 'node:path';
import { parseNumberedBackup } from './layout.ts';
import { LockHistory } from './lock-history.ts';
import type { StatePlace } from './reference.ts';
import type { ProcessFacts } from './process/process-facts.ts';
import type { LockSighting, StateSighting } from './source.ts';

/** Facts of the last sighting that the next one is compared with. */
export interface Sighted {
  readonly sourceVersion: string;
  /** The file's own version, without what made it unreadable; '' when absent. */
  readonly fileVersion: string;
  readonly condition: StateSighting['condition'];
  readonly problem: StateSighting['problem'];
  /** File version of the backup, '' for none. */
  readonly backupVersion: string;
  readonly numberedBackupSeconds: number;
  readonly lock: LockSighting | undefined;
}

export interface PlaceMemory {
  readonly place: StatePlace;
  readonly history: LockHistory;
  sighted: Sighted | undefined;
  /** What the slow poll saw last; '' before any. */
  polled: string;
  /** Looks at one state go one after the other. */
  tail: Promise<unknown>;
  /** Who held the lock that was looked at last, by lockKey: asked once per lock. */
  holder: { readonly key: string; process: ProcessFacts; isCommandAsked: boolean } | undefined;
  /** Reads of the lock file that an event started and that have not ended. */
  readonly lockReads: Set<Promise<void>>;
}

export class Places {
  readonly #byUri = new Map<string, PlaceMemory>();
  /** By the paths of the state, its lock and its backup. */
  readonly #byPath = new Map<string, readonly PlaceMemory[]>();
  readonly #byDirectory = new Map<string, Set<PlaceMemory>>();

  all(): Iterable<PlaceMemory> {
    return this.#byUri.values();
  }

  remember(place: StatePlace): PlaceMemory {
    const known = this.#byUri.get(place.reference.uri);
    if (known !== undefined) return known;
    const memory = createMemory(place);
    this.#byUri.set(place.reference.uri, memory);
    for (const path of pathsOf(place)) this.#byPath.set(path, [...(this.#byPath.get(path) ?? []), memory]);
    const siblings = this.#byDirectory.get(dirname(place.path)) ?? new Set();
    this.#byDirectory.set(dirname(place.path), siblings.add(memory));
    return memory;
  }

  /** Drops the places that are neither in `known` nor were last seen as files: names that only came and went. */
  keepOnly(known: ReadonlyMap<string, unknown>): void {
    for (const memory of [...this.#byUri.values()]) {
      const isGone = (memory.sighted?.condition ?? 'absent') === 'absent' && memory.lockReads.size === 0;
      if (isGone && !known.has(memory.place.reference.uri)) this.#forget(memory);
    }
  }

  inDirectory(directory: string): Iterable<PlaceMemory> {
    return this.#byDirectory.get(directory) ?? [];
  }

  /** The places an absolute path says something about, as state, lock, backup or numbered backup. */
  concerning(path: string): readonly PlaceMemory[] {
    const direct = this.#byPath.get(path);
    if (direct !== undefined) return direct;
    const numbered = parseNumberedBackup(path);
    return numbered === undefined ? [] : (this.#byPath.get(numbered.statePath) ?? []);
  }

  #forget(memory: PlaceMemory): void {
    this.#byUri.delete(memory.place.reference.uri);
    const siblings = this.#byDirectory.get(dirname(memory.place.path));
    siblings?.delete(memory);
    if (siblings?.size === 0) this.#byDirectory.delete(dirname(memory.place.path));
    for (const path of pathsOf(memory.place)) {
      const rest = (this.#byPath.get(path) ?? []).filter((other) => other !== memory);
      if (rest.length === 0) this.#byPath.delete(path);
      else this.#byPath.set(path, rest);
    }
  }
}

function createMemory(place: StatePlace): PlaceMemory {
  return {
    place,
    history: new LockHistory(),
    sighted: undefined,
    polled: '',
    tail: Promise.resolve(),
    holder: undefined,
    lockReads: new Set(),
  };
}

function pathsOf(place: StatePlace): readonly string[] {
  return [place.path, place.lockPath, place.backupPath];
}

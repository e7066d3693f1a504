// How many lock files were made beside one state between two sightings, from the uncoalesced events of its directory.
// Anything that does not add up makes the count unknown: a missed run must never be denied.
import type { LockSighting } from './source.ts';

/** 'fresh': created, its one write not seen yet. 'written': complete. */
type Phase = 'unknown' | 'absent' | 'fresh' | 'written';

export interface HeardLocks {
  readonly holds: number;
  readonly last: LockSighting | undefined;
  /** Oldest first, each id once. */
  readonly read: readonly LockSighting[];
}

const MAX_READ = 32;

export class LockHistory {
  #phase: Phase = 'unknown';
  #made = 0;
  #isCertain = false;
  #last: LockSighting | undefined;
  #read = new Map<string, LockSighting>();

  /**
   * The state itself was just made, or went, under a watch: no lock had been made beside it. One that a dead run left
   * contradicts that, by being written to or by being there.
   */
  noteBirth(): void {
    this.#phase = 'absent';
    this.#isCertain = true;
  }

  /** The name was created or removed; each is one event, in order. */
  noteRename(): void {
    if (this.#phase === 'unknown') this.#isCertain = false;
    else if (this.#phase === 'absent') this.#begin();
    else this.#phase = 'absent';
  }

  /** The file was written. A second write is another run's, over a lock that a dead one left: no creation tells of it. */
  noteWrite(): void {
    if (this.#phase === 'fresh') this.#phase = 'written';
    else this.noteUncertain();
  }

  /** Events may have been lost: nothing is claimed until the next `take`. */
  noteUncertain(): void {
    this.#isCertain = false;
    this.#phase = 'unknown';
  }

  /** A lock whose claims could be read is not forgotten for one that was gone too soon. */
  noteRead(lock: LockSighting): void {
    if (lock.info !== undefined || this.#last === undefined) this.#last = lock;
    if (lock.info === undefined) return;
    this.#read.set(lock.info.id, lock);
    if (this.#read.size > MAX_READ) this.#read.delete(this.#read.keys().next().value ?? '');
  }

  /** False when `isPresent` contradicts the events heard so far. */
  agrees(isPresent: boolean): boolean {
    return this.#phase === 'unknown' || (this.#phase !== 'absent') === isPresent;
  }

  /**
   * Locks made and those read since the previous call. `isPresent` is the lock file now, `isWatched` whether
   * events will be heard from here on.
   */
  take(isPresent: boolean, isWatched: boolean): HeardLocks {
    const isConsistent = this.#phase !== 'unknown' && this.agrees(isPresent);
    const holds = this.#isCertain && isConsistent && isWatched ? this.#made : -1;
    const taken = { holds, last: this.#last, read: [...this.#read.values()] };
    if (!isConsistent) this.#phase = isPresent ? 'written' : 'absent';
    this.#made = 0;
    this.#isCertain = isWatched;
    this.#last = undefined;
    this.#read = new Map();
    return taken;
  }

  #begin(): void {
    this.#phase = 'fresh';
    this.#made += 1;
  }
}

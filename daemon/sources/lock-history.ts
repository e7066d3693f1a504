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
  noteRead(read: LockSighting): void {
    const isSameAsLast = this.#last !== undefined && isSameLock(this.#last, read);
    const lock = joinLock((read.info && this.#read.get(read.info.id)) ?? this.#last, read);
    if (lock.info !== undefined || this.#last === undefined || isSameAsLast) this.#last = lock;
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

/** Two sightings of one lock as one: what an earlier one saw of the holder is not lost when the holder is gone. */
export function joinLock(before: LockSighting | undefined, now: LockSighting): LockSighting {
  if (before === undefined || !isSameLock(before, now)) return now;
  const process = joinProcess(before.process, now.process);
  const { ownerUid = before.ownerUid, ownerUser = before.ownerUser } = now;
  return {
    ...now,
    ...(process === undefined ? {} : { process }),
    ...(ownerUid === undefined ? {} : { ownerUid }),
    ...(ownerUser === undefined ? {} : { ownerUser }),
  };
}

/** By id; where the claims cannot be read, by the time of the file. */
function isSameLock(before: LockSighting, now: LockSighting): boolean {
  if (before.info !== undefined || now.info !== undefined) return before.info?.id === now.info?.id;
  return before.createdMs === now.createdMs;
}

/** The first process stays: it was read nearest to the birth of the lock. Its command may come later. */
function joinProcess(before: LockSighting['process'], now: LockSighting['process']): LockSighting['process'] {
  if (before === undefined || now === undefined) return before ?? now;
  const isSame = before.pid === now.pid && before.startTicks === now.startTicks;
  return isSame && before.command === 'unread' ? now : before;
}

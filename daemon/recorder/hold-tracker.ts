// What earlier looks of the same run saw and no record has used yet: lock holds, the locks that were read, the backup.
// A source tells each of these once; a change that begins two looks later still needs them. Memory only: after a
// restart nothing is claimed that was not seen again.
import { joinLock } from '../sources/lock-history.ts';
import type { LockSighting, StateSighting } from '../sources/source.ts';

interface Memory extends Pick<StateSighting, 'lockHoldsSince' | 'recentLocks' | 'lastLock' | 'backup'> {
  /** Time of the version that was sighted last. */
  readonly versionMs: number;
}

const MAX_LOCKS = 64;
/** File times are cut to milliseconds. */
const TIME_GRAIN_MS = 1;

export class HoldTracker {
  readonly #memories = new Map<string, Memory>();

  /** The sighting with what is remembered since the last settled version. */
  merge(sighting: StateSighting): StateSighting {
    const { uri } = sighting.reference;
    const before = this.#memories.get(uri);
    const merged: StateSighting = {
      ...sighting,
      lock: joinKnown(before, sighting.lock),
      lastLock: joinKnown(before, sighting.lastLock) ?? before?.lastLock,
      lockHoldsSince: addHolds(before?.lockHoldsSince ?? 0, sighting.lockHoldsSince),
      recentLocks: mergeLocks(before?.recentLocks ?? [], sighting),
      backup: sighting.backup ?? before?.backup,
    };
    const { lockHoldsSince, recentLocks, backup } = merged;
    // Claims that could be read are in `recentLocks`; a lock without any is kept for what else is known of it.
    const lastLock = [merged.lock, merged.lastLock].find((lock) => lock?.info === undefined && lock?.process);
    const versionMs = Date.parse(sighting.effectiveTime);
    this.#memories.set(uri, { lockHoldsSince, recentLocks, lastLock, backup, versionMs });
    return merged;
  }

  /**
   * The stored version was seen with no lock beside it: what comes next starts from here. A backup younger than that
   * version was written for the next one: Terraform writes the backup first.
   */
  settle(uri: string): void {
    const memory = this.#memories.get(uri);
    this.#memories.delete(uri);
    if (memory?.backup === undefined || memory.backup.modifiedMs < memory.versionMs) return;
    this.#memories.set(uri, { ...memory, lockHoldsSince: 0, recentLocks: [], lastLock: undefined });
  }
}

/**
 * The lock under which the version of a sighting was written: the newest that is not younger than the version. Plans
 * hold locks and write nothing. A lock whose claims could not be read still tells that there was one.
 */
export function lockOfVersion({ recentLocks, lock, lastLock, effectiveTime }: StateSighting): LockSighting | undefined {
  const versionMs = Date.parse(effectiveTime) + TIME_GRAIN_MS;
  const isWriter = (candidate: LockSighting): boolean =>
    candidate.createdMs <= versionMs && candidate.info?.operation !== 'OperationTypePlan';
  const unread = [lock, lastLock].filter((candidate) => candidate !== undefined && candidate.info === undefined);
  return [...recentLocks].reverse().find(isWriter) ?? unread.find((candidate) => candidate && isWriter(candidate));
}

/** The writer before `lock`: what the backup holds was written under it. */
export function lockBefore({ recentLocks }: StateSighting, lock: LockSighting | undefined): LockSighting | undefined {
  if (lock === undefined) return undefined;
  return recentLocks.findLast(
    ({ createdMs, info }) => createdMs < lock.createdMs && info?.operation !== 'OperationTypePlan',
  );
}

/** True when the lock beside the state was made after its version was written: another run, which has not written yet. */
export function isLockOfNextRun({ lock, effectiveTime }: StateSighting): boolean {
  return lock !== undefined && isMadeAfter(lock, effectiveTime);
}

/** True when the version of that time cannot have been written under the lock. */
export function isMadeAfter(lock: LockSighting, effectiveTime: string): boolean {
  return lock.createdMs > Date.parse(effectiveTime) + TIME_GRAIN_MS;
}

/** -1 = not known, and stays so. */
function addHolds(a: number, b: number): number {
  return a < 0 || b < 0 ? -1 : a + b;
}

/** The lock with what earlier sightings of it knew. */
function joinKnown(before: Memory | undefined, lock: LockSighting | undefined): LockSighting | undefined {
  if (before === undefined || lock === undefined) return lock;
  const known = before.recentLocks.find(({ info }) => info !== undefined && info.id === lock.info?.id);
  return joinLock(known ?? before.lastLock, lock);
}

function mergeLocks(before: readonly LockSighting[], sighting: StateSighting): readonly LockSighting[] {
  const byId = new Map<string, LockSighting>();
  for (const lock of [...before, ...sighting.recentLocks, sighting.lastLock, sighting.lock]) {
    if (lock?.info !== undefined) byId.set(lock.info.id, joinLock(byId.get(lock.info.id), lock));
  }
  return [...byId.values()].sort((a, b) => a.createdMs - b.createdMs).slice(-MAX_LOCKS);
}

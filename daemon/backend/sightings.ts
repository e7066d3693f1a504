// What the backend tells the recorder: each version, lock and removal as a sighting of `backend:<name>`. Pure.
import { formatKeptUri } from '../sources/reference.ts';
import type { LockSighting, StateReference, StateSighting } from '../sources/source.ts';
import type { LockInfo } from '../terraform/state.ts';

/** A lock as the backend holds it. */
export interface HeldLock {
  readonly info: LockInfo;
  readonly createdMs: number;
}

/** What stands in the storage, as far as the recorder was told. */
export interface Standing {
  /** Id of the recorded version; '' for none. */
  readonly id: string;
  /** RFC 3339 time of that version; '' for none. */
  readonly storedAt: string;
  /** The recorder's cursor: the id of the version recorded last, also where that one was removed. */
  readonly cursor: string;
}

export function referenceOf(name: string): StateReference {
  return { uri: formatKeptUri(name), workspace: 'default' };
}

/** A version that takes the place of `before`, written under `lock`; `isGate`: it is not stored yet. */
export function versionSighting(
  name: string,
  version: { readonly id: string; readonly bytes: Uint8Array; readonly storedAt: string },
  before: Standing,
  { lock, isGate }: { readonly lock: HeldLock | undefined; readonly isGate: boolean },
): StateSighting {
  const { id, bytes, storedAt } = version;
  const base = lockSighting(name, { ...before, id, storedAt }, lock, { holds: 0, ended: undefined });
  return { ...base, bytes, store: { after: before.cursor, isBehind: false, isFirst: before.id === '', isGate } };
}

/** The lock as it stands now beside a version that is recorded already; `ended`: the one that was given back. */
export function lockSighting(
  name: string,
  { id, storedAt, cursor }: Standing,
  lock: HeldLock | undefined,
  { holds, ended }: { readonly holds: number; readonly ended: HeldLock | undefined },
): StateSighting {
  const held = lock && toSighting(lock);
  const last = ended && toSighting(ended);
  return {
    reference: referenceOf(name),
    condition: 'state',
    sourceVersion: id,
    bytes: new Uint8Array(),
    effectiveTime: storedAt,
    timeBasis: 'store',
    problem: undefined,
    lock: held,
    lockHoldsSince: holds,
    lastLock: last,
    recentLocks: [last, held].filter((each) => each !== undefined),
    backup: undefined,
    numberedBackupSeconds: 0,
    store: { after: cursor, isBehind: false, isFirst: false },
  };
}

/** Nothing stands there any more. */
export function absentSighting(name: string, cursor: string, lock: HeldLock | undefined): StateSighting {
  const base = lockSighting(name, { id: '', storedAt: '', cursor }, lock, { holds: 0, ended: undefined });
  return { ...base, condition: 'absent' };
}

function toSighting({ info, createdMs }: HeldLock): LockSighting {
  return { holder: 'held', info, createdMs, pid: 0 };
}

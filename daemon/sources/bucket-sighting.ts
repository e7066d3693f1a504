// A version of a bucket as a sighting: what every sighting of a store of versions has in common. Pure.
import type { NextVersion } from './bucket-place.ts';
import { formatCursor } from './bucket-versions.ts';
import type { LockSighting, StateReference, StateSighting } from './source.ts';

const noBytes = new Uint8Array();

export function toSighting(reference: StateReference, cursor: string, next: NextVersion): StateSighting {
  const { version, isBehind, isFirst } = next;
  return {
    ...emptySighting(reference),
    sourceVersion: formatCursor(version),
    effectiveTime: new Date(version.modifiedMs).toISOString(),
    store: { after: cursor, isBehind, isFirst },
  };
}

export function emptySighting(reference: StateReference): StateSighting {
  return {
    reference,
    condition: 'absent',
    sourceVersion: '',
    bytes: noBytes,
    effectiveTime: '',
    timeBasis: 'store',
    problem: undefined,
    lock: undefined as LockSighting | undefined,
    // Continuity comes from the serials: a store shows every version.
    lockHoldsSince: -1,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}

export function refusal(code: string, message: string): Partial<StateSighting> {
  return { condition: 'unreadable', problem: { code, message } };
}

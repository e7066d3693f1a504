// A version of a bucket as a sighting: what every sighting of a store of versions has in common. Pure.
import type { NextVersion } from './bucket-place.ts';
import { formatCursor } from './bucket-versions.ts';
import { BARE_SIGHTING, type StateReference, type StateSighting } from './source.ts';

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
  // Continuity comes from the serials, not from counted locks: a store shows every version.
  return {
    ...BARE_SIGHTING,
    reference,
    condition: 'absent',
    sourceVersion: '',
    effectiveTime: '',
    timeBasis: 'store',
  };
}

export function refusal(code: string, message: string): Partial<StateSighting> {
  return { condition: 'unreadable', problem: { code, message } };
}

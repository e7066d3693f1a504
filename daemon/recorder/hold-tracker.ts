// What earlier looks of the same run saw and no record has used yet: lock holds, the last lock, the backup. A source
// tells each of these once; a change that begins two looks later still needs them. Memory only: after a restart
// nothing is claimed that was not seen again.
import type { StateSighting } from '../sources/source.ts';

type Memory = Pick<StateSighting, 'lockHoldsSince' | 'lastLock' | 'backup'>;

export class HoldTracker {
  readonly #memories = new Map<string, Memory>();

  /** The sighting with what is remembered since the last settled version. */
  merge(sighting: StateSighting): StateSighting {
    const { uri } = sighting.reference;
    const before = this.#memories.get(uri);
    const merged: StateSighting = {
      ...sighting,
      lockHoldsSince: addHolds(before?.lockHoldsSince ?? 0, sighting.lockHoldsSince),
      lastLock: sighting.lastLock ?? before?.lastLock,
      backup: sighting.backup ?? before?.backup,
    };
    const { lockHoldsSince, backup } = merged;
    this.#memories.set(uri, { lockHoldsSince, lastLock: sighting.lock ?? merged.lastLock, backup });
    return merged;
  }

  /** The stored version was seen with no lock beside it: what comes next starts from here. */
  settle(uri: string): void {
    this.#memories.delete(uri);
  }
}

/** -1 = not known, and stays so. */
function addHolds(a: number, b: number): number {
  return a < 0 || b < 0 ? -1 : a + b;
}

// What a sighting proves about the run behind its version: that the backup holds the version before, and that no other
// run can have written it. Pure.
import type { StateSighting } from '../sources/source.ts';
import { lockOfVersion } from './hold-tracker.ts';
import { toLockFacts, type OpenChange } from './open-change.ts';
import { isContentOf } from './rebuilt-tag.ts';
import type { SightingContext } from './parts.ts';
import type { VersionFacts } from './version-memory.ts';

/** A sighting with what its backup proves. */
export interface Input {
  readonly sighting: StateSighting;
  readonly context: SightingContext;
  /** The backup holds exactly this version. */
  backupIs(before: OpenChange['before']): boolean;
  /** The backup was written under the lock of the change's own run: push and -backup=- leave an older one. */
  isBackupOfLastRun(change: OpenChange): boolean;
}

/** `backup`: what is known of the sighting's backup, undefined where it is of another lineage or cannot be read. */
export function createInput(
  sighting: StateSighting,
  context: SightingContext,
  backup: VersionFacts | undefined,
): Input {
  return {
    sighting,
    context,
    backupIs: (before) =>
      backup !== undefined &&
      backup.lineage === before.lineage &&
      backup.serial === before.serial &&
      isContentOf(before.contentTag, backup),
    isBackupOfLastRun: (change) => {
      const hold = change.lock ?? toLockFacts(lockOfVersion(sighting));
      if (hold === undefined || hold.id === '' || sighting.backup === undefined) return false;
      // Each hold that was counted was also read: no writer is unknown, so the newest one wrote this backup.
      const isEachKnown = sighting.lockHoldsSince >= 1 && sighting.lockHoldsSince <= sighting.recentLocks.length;
      return isEachKnown && hold.createdMs <= sighting.backup.modifiedMs;
    },
  };
}

// At which version of its state a hold of a lock was first seen, read back from its lock.acquired.
import type { VersionMark } from '../record/lock-data.ts';
import { parseRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import { objectAt, textAt } from './queries-fields.ts';

/** Undefined where the hold is not the newest one recorded, or its record names no version. */
export type HoldStart = (stateId: string, lockId: string) => VersionMark | undefined;

export function createHoldStart(database: Sqlite): HoldStart {
  const newest = database
    .prepare<[string], Buffer>(
      `SELECT line FROM record_index JOIN entry USING (leaf_index)
       WHERE state_id = ? AND state_id <> '' AND type = 'lock.acquired' ORDER BY leaf_index DESC LIMIT 1`,
    )
    .pluck();
  return (stateId, lockId) => {
    const line = newest.get(stateId);
    // Expired: only its leaf hash is left.
    if (line === undefined || line.length === 0) return undefined;
    const { data } = parseRecord(line);
    const at = textAt(data, 'lock', 'id') === lockId ? objectAt(data, 'at') : undefined;
    return at && { lineage: textAt(at, 'lineage'), serial: textAt(at, 'serial') };
  };
}

// What the archive does not have yet: how much, and since when. By the database alone, so that it is told of a recorder
// that does not run, too.
import { QUIET_TYPES } from '../record/data.ts';
import type { Sqlite } from './database.ts';

export interface Backlog {
  readonly records: number;
  /** Records that a seal would not wait an hour for. */
  readonly evidence: number;
  /** Of the lines. */
  readonly bytes: number;
  /** When the first of the evidence was recorded, milliseconds since the epoch; undefined when none waits. */
  readonly oldestMs: number | undefined;
}

interface Row {
  readonly records: number;
  readonly bytes: number | null;
  readonly evidence: number | null;
  readonly oldestMs: number | null;
}

/** `published`: the size that the archive has. */
export function readBacklog(database: Sqlite, published: number): Backlog {
  const quiet = [...QUIET_TYPES].map((type) => `'${type}'`).join(', ');
  const row = database
    .prepare<[number], Row>(
      `SELECT count(*) AS records, sum(length(line)) AS bytes,
         sum(type NOT IN (${quiet})) AS evidence,
         min(CASE WHEN type NOT IN (${quiet}) THEN recorded_ms END) AS oldestMs
       FROM entry JOIN record_index USING (leaf_index) WHERE leaf_index >= ?`,
    )
    .get(published);
  return {
    records: row?.records ?? 0,
    evidence: row?.evidence ?? 0,
    bytes: row?.bytes ?? 0,
    oldestMs: row?.oldestMs ?? undefined,
  };
}

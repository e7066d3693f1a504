// Single records, by leaf index or by id.
import { parseRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import type { StoredRecord } from './queries-summary.ts';

export type ReadRecord = (leafIndex: number) => StoredRecord | undefined;

export interface RecordReader {
  readonly byIndex: ReadRecord;
  byId(id: string): StoredRecord | undefined;
  /** Number of leaves. */
  size(): number;
}

/** Throws ParseError on a line that is no record. */
export function createRecordReader(database: Sqlite): RecordReader {
  const line = database.prepare<[number]>('SELECT line FROM entry WHERE leaf_index = ?').pluck();
  const indexOf = database.prepare<[string]>('SELECT leaf_index FROM record_index WHERE id = ?').pluck();
  const newest = database.prepare<[]>('SELECT max(leaf_index) FROM entry').pluck();
  const byIndex: ReadRecord = (leafIndex) => {
    const bytes = line.get(leafIndex) as Buffer | undefined;
    // Expired: only its leaf hash is left.
    if (bytes?.length === 0) return undefined;
    return bytes && { leafIndex, line: bytes.toString('utf8'), record: parseRecord(bytes) };
  };
  return {
    byIndex,
    byId(id) {
      const leafIndex = indexOf.get(id) as number | undefined;
      return leafIndex === undefined ? undefined : byIndex(leafIndex);
    },
    size: () => ((newest.get() as number | null) ?? -1) + 1,
  };
}

/** When the newest record was written, milliseconds since the epoch; undefined in an empty log. */
export function newestRecordMs(database: Sqlite): number | undefined {
  const newest = database.prepare<[], number | null>('SELECT max(recorded_ms) FROM record_index').pluck().get();
  return newest ?? undefined;
}

/** The newest record about a state is of imported history. */
export function isNewestImported(database: Sqlite, stateId: string): boolean {
  const line = database
    .prepare<[string], Buffer>(
      `SELECT line FROM record_index JOIN entry USING (leaf_index) WHERE state_id = ? AND state_id <> ''
       ORDER BY leaf_index DESC LIMIT 1`,
    )
    .pluck()
    .get(stateId);
  return line !== undefined && line.length > 0 && parseRecord(line).data['backfilled'] === true;
}

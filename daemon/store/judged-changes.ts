// How the newest changes did against the plans they can have come from. Working memory.
import type { Sqlite } from './database.ts';

export interface JudgedRow {
  readonly changeId: string;
  readonly stateId: string;
  /** The version the change started from. */
  readonly lineage: string;
  readonly serial: string;
  /** Size of the log before its first record. */
  readonly position: number;
  /** JSON of whoever keeps it. */
  readonly facts: string;
}

export interface JudgedChanges {
  get(changeId: string): JudgedRow | undefined;
  /** Changes of a state that started from a version. */
  from(stateId: string, lineage: string, serial: string): readonly JudgedRow[];
  /** Size of the log before the newest change of a state that began before it had `position` leaves. */
  lastPosition(stateId: string, position: number): number | undefined;
  put(row: JudgedRow): void;
}

const KEPT_CHANGES = 2_000;
/** Of their facts; the newest are always kept. A run that tells more of an older one comes too late. */
const KEPT_BYTES = 64 * 1024 * 1024;

export function createJudgedChanges(database: Sqlite, keptBytes = KEPT_BYTES): JudgedChanges {
  const columns = 'change_id AS changeId, state_id AS stateId, lineage, serial, position, facts';
  const get = database.prepare<[string], JudgedRow>(`SELECT ${columns} FROM judged_change WHERE change_id = ?`);
  const from = database.prepare<[string, string, string], JudgedRow>(
    `SELECT ${columns} FROM judged_change WHERE state_id = ? AND lineage = ? AND serial = ? ORDER BY position LIMIT 16`,
  );
  const last = database
    .prepare<[string, number], number>('SELECT max(position) FROM judged_change WHERE state_id = ? AND position < ?')
    .pluck();
  const put = database.prepare('INSERT OR REPLACE INTO judged_change VALUES (?, ?, ?, ?, ?, ?)');
  const prune = database.prepare(
    `DELETE FROM judged_change WHERE position < (
       SELECT position FROM judged_change ORDER BY position DESC LIMIT 1 OFFSET ${KEPT_CHANGES})`,
  );
  const total = database.prepare<[], number>('SELECT total(octet_length(facts)) FROM judged_change').pluck();
  const dropOldest = database.prepare<[string]>(
    `DELETE FROM judged_change WHERE change_id = (
       SELECT change_id FROM judged_change WHERE change_id <> ? ORDER BY position LIMIT 1)`,
  );
  return {
    get: (changeId) => get.get(changeId),
    from: (stateId, lineage, serial) => from.all(stateId, lineage, serial),
    lastPosition: (stateId, position) => last.get(stateId, position) ?? undefined,
    put({ changeId, stateId, lineage, serial, position, facts }) {
      put.run(changeId, stateId, lineage, serial, position, facts);
      prune.run();
      while ((total.get() ?? 0) > keptBytes && dropOldest.run(changeId).changes > 0);
    },
  };
}

// When the locks of sealed objects end, by the receipts in the log. Locks that were extended afterwards hold longer than
// that: only the store knows, `stateseal verify` asks it.
import type { Sqlite } from './database.ts';

export interface LockForecast {
  /** Of every receipt that names a lock, in order of the alphabet. */
  readonly modes: readonly string[];
  /** Objects whose lock has not ended. */
  readonly lockedCount: number;
  /** Of those, the ones whose lock ends within `soonDays`. */
  readonly endingSoonCount: number;
  readonly soonDays: number;
  readonly endedCount: number;
  /** RFC 3339, the first end to come; '' when nothing is locked. */
  readonly firstEnd: string;
}

interface Row {
  readonly modes: string | null;
  readonly locked: number | null;
  readonly soon: number | null;
  readonly ended: number | null;
  readonly first: string | null;
}

const DAY_MS = 86_400_000;

/** Undefined where no receipt names a lock: an archive that locks nothing, or nothing sealed yet. */
export function readLockForecast(database: Sqlite, nowMs: number, soonDays = 30): LockForecast | undefined {
  const now = new Date(nowMs).toISOString();
  const soon = new Date(nowMs + soonDays * DAY_MS).toISOString();
  // Times in receipts are RFC 3339 in UTC with milliseconds: their order is that of their text.
  const row = database
    .prepare<{ now: string; soon: string }, Row>(
      `WITH lock AS (
         SELECT json_extract(object.value, '$.mode') AS mode, json_extract(object.value, '$.retainUntil') AS until
         FROM record_index
         JOIN entry ON entry.leaf_index = record_index.leaf_index,
         json_each(CAST(entry.line AS TEXT), '$.data.objects') AS object
         WHERE record_index.type = 'batch.archived'
       )
       SELECT group_concat(DISTINCT mode) AS modes,
         sum(until > :now) AS locked,
         sum(until > :now AND until <= :soon) AS soon,
         sum(until <= :now) AS ended,
         min(CASE WHEN until > :now THEN until END) AS first
       FROM lock WHERE until <> ''`,
    )
    .get({ now, soon });
  if (row?.modes === undefined || row.modes === null) return undefined;
  return {
    modes: row.modes.split(',').sort(),
    lockedCount: row.locked ?? 0,
    endingSoonCount: row.soon ?? 0,
    soonDays,
    endedCount: row.ended ?? 0,
    firstEnd: row.first ?? '',
  };
}

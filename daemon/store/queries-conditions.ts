// Whether a state can be seen, by the log's own words: what stood at its place last, and whether its source says that
// nobody can look. A running recorder looks at every watched state all the time, so that its newest sign of life is the
// last time a state was seen of which nothing else is said.
import type { Sqlite } from './database.ts';
import { textAt, timeMs } from './queries-fields.ts';
import type { SourceInventory } from './inventory.ts';
import type { ReadRecord } from './queries-read.ts';
import type { StateOutline } from './queries-states.ts';

export interface StateCondition {
  readonly condition: 'active' | 'unreadable' | 'empty' | 'silent' | 'retired';
  /** Why, where it is not active; '' where no code was recorded. */
  readonly code: string;
  /** Milliseconds since the epoch. */
  readonly lastSeenMs: number | undefined;
}

export function createConditions(
  database: Sqlite,
  readRecord: ReadRecord,
  inventories: readonly SourceInventory[],
): (state: StateOutline) => StateCondition {
  const newest = database.prepare<[string], { readonly leafIndex: number; readonly ms: number }>(
    `SELECT leaf_index AS leafIndex, recorded_ms AS ms FROM record_index WHERE state_id = ?
       AND type IN ('state.unreadable', 'state.retired') ORDER BY leaf_index DESC LIMIT 1`,
  );
  // By its place in the log: the clock may have been set back.
  const lifeMs = database
    .prepare<[], number>('SELECT recorded_ms FROM record_index ORDER BY leaf_index DESC LIMIT 1')
    .pluck()
    .get();
  const unseen = new Map(inventories.flatMap((inventory) => inventory.unseen).map((state) => [state.reference, state]));
  return (state) => {
    const silence = state.isRetired ? undefined : unseen.get(state.reference);
    if (silence) return { condition: 'silent', code: silence.code, lastSeenMs: toMs(silence.since) };
    const word = state.isRetired ? 'retired' : state.condition;
    if (word !== 'retired' && word !== 'unreadable' && word !== 'empty') {
      return { condition: 'active', code: '', lastSeenMs: lifeMs };
    }
    const last = newest.get(state.id);
    const record = last && readRecord(last.leafIndex)?.record;
    const code = record?.type === 'state.unreadable' && word !== 'retired' ? textAt(record.data, 'code') : '';
    return { condition: word, code, lastSeenMs: last?.ms };
  };
}

function toMs(time: string): number | undefined {
  const ms = timeMs(time, Number.NaN);
  return Number.isNaN(ms) ? undefined : ms;
}

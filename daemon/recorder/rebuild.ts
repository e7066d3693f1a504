// The recorder's memory made again from the lines of the log: states, their snapshots, changes still open. What only the
// lost database knew stays unknown, and is said to be: equality tags and taint. The first look at each state after it
// compares by commitments (rebuilt-tag.ts).
import { Tagger } from '../redaction/keys.ts';
import { formatOpenChange } from './open-change.ts';
import { StateFold } from './state-fold.ts';
import { readTimeline } from './state-records.ts';
import { formatBody } from './steps.ts';
import type { Sqlite } from '../store/database.ts';
import type { Entries } from '../store/entries.ts';
import { createBlobReader } from '../store/queries-blob.ts';
import type { States } from '../store/states.ts';

export interface RebuildParts {
  readonly database: Sqlite;
  /** Their derived tables are in step with them. */
  readonly entries: Entries;
  readonly states: States;
  readonly equalityKey: Uint8Array;
  readonly nowMs: number;
}

export interface RebuildReport {
  readonly stateCount: number;
  /** States of which no whole snapshot is left: they begin anew with their next version. */
  readonly withoutSnapshotCount: number;
  readonly openChangeCount: number;
}

/** Fills the empty tables of states, snapshots and open changes. Runs in one transaction. Throws ParseError, StoreError. */
export function rebuildStates(parts: RebuildParts): RebuildReport {
  const { database } = parts;
  const stateIds = database
    .prepare<[], string>("SELECT DISTINCT state_id FROM record_index WHERE state_id <> '' ORDER BY state_id")
    .pluck();
  const work = (): RebuildReport => {
    const folds = stateIds.all().map((stateId) => rebuildState(parts, stateId));
    return {
      stateCount: folds.length,
      withoutSnapshotCount: folds.filter(({ isWhole }) => !isWhole).length,
      openChangeCount: folds.filter(({ open }) => open !== undefined).length,
    };
  };
  return database.transaction(work).immediate();
}

function rebuildState(parts: RebuildParts, stateId: string): StateFold {
  const { database, states, nowMs } = parts;
  const fold = new StateFold(stateId, { blobs: createBlobReader(database), tagger: new Tagger(parts.equalityKey) });
  for (const { record } of readTimeline(parts, stateId).recordsUpTo(Number.MAX_SAFE_INTEGER)) fold.add(record);
  states.put(fold.toRow(nowMs));
  for (const row of fold.snapshotRows()) states.putSnapshot(stateId, row);
  for (const [name, output] of fold.outputs) states.putOutput(stateId, name, formatBody(output));
  if (fold.open !== undefined) {
    states.putOpenChange(stateId, formatOpenChange(fold.open.facts));
    for (const base of fold.open.bases.values()) states.keepBase(stateId, base);
  }
  return fold;
}

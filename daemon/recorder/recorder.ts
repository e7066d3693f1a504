// The recorder: one settled sighting → redacted observation → records → one transaction. Synchronous; lives in the
// worker with the only SQLite writer. Knows nothing of files, networks or timers.
import { ParseError } from '../errors.ts';
import type { StateSighting } from '../sources/source.ts';
import { guarded } from '../store/database.ts';
import type { StateRow } from '../store/states.ts';
import type { NewRecord } from './appender.ts';
import { createAbsenceKeeper } from './absence-keeper.ts';
import { createChangeKeeper, type ChangeKeeper } from './change-keeper.ts';
import { HoldTracker } from './hold-tracker.ts';
import { assertNoteIsClean, hideInInventory, hideInLocks } from './known-secrets.ts';
import { createLockKeeper } from './lock-keeper.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';
import { createReferenceKeeper } from './reference-keeper.ts';
import { createRenewals } from './renewals.ts';
import { createVersionKeeper } from './version-keeper.ts';

export interface Recorder {
  observe(sighting: StateSighting, context: SightingContext): Outcome;
  /** Closes quiet changes, retires what stayed away, names what stayed empty, renews. Call about once a second. */
  tick(): Outcome;
  append(records: readonly NewRecord[]): Outcome;
  /** The source version last recorded for a reference: what `look` takes as cursor. */
  cursor(uri: string): string;
  states(): readonly StateRow[];
}

export function createRecorder(parts: RecorderParts): Recorder {
  const { entries, states, environment } = parts;
  const holds = new HoldTracker();
  const changes: ChangeKeeper = createChangeKeeper(parts);
  const locks = createLockKeeper(parts);
  const references = createReferenceKeeper(parts, changes);
  const absences = createAbsenceKeeper(parts, changes);
  const versions = createVersionKeeper(parts, changes, references);
  const renewals = createRenewals(parts, parts.contentDays);

  const inTransaction = (work: () => Outcome['verdict']): Outcome => {
    const run = parts.database.transaction(() => {
      const from = entries.size();
      const evidenceBefore = parts.appender.evidence();
      const bytesBefore = parts.appender.bytes();
      const verdict = work();
      return {
        verdict,
        from,
        to: entries.size(),
        evidence: parts.appender.evidence() - evidenceBefore,
        bytes: parts.appender.bytes() - bytesBefore,
      };
    });
    try {
      return guarded('record an observation', () => run.immediate());
    } catch (error) {
      // What was learned in memory but rolled back on disk is read again from the store.
      parts.observer.reload();
      absences.reload();
      throw error;
    }
  };

  const observeVersion = (sighting: StateSighting, context: SightingContext): Outcome['verdict'] => {
    try {
      return versions.observe(sighting, context);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      if (!context.isFinalAttempt) return 'retry';
      return absences.unreadable(sighting, context, error.code, error.message) ? 'recorded' : 'nothing';
    }
  };

  const observeCondition = (sighting: StateSighting, context: SightingContext): Outcome['verdict'] => {
    const problem = sighting.problem;
    if (sighting.condition === 'unreadable') {
      const code = problem?.code ?? 'state-unreadable';
      return absences.unreadable(sighting, context, code, problem?.message ?? 'unreadable') ? 'recorded' : 'nothing';
    }
    if (sighting.condition !== 'state') return absences.away(sighting);
    if (sighting.bytes.length === 0) return 'nothing';
    return observeVersion(sighting, context);
  };

  return {
    observe: (seen, context) => {
      const sighting = hideInLocks(holds.merge(seen), parts.observer.covers);
      const { uri } = sighting.reference;
      const outcome = inTransaction(() => {
        const isKnown = states.byUri(uri) !== undefined;
        locks.before(sighting, context);
        const verdict = observeCondition(sighting, context);
        if (verdict === 'retry') return verdict;
        // A state has no place for its lock before its first version.
        if (!isKnown) locks.before(sighting, context);
        versions.link(sighting, context);
        const isClosed = changes.endOfHold(sighting, context);
        const isLockRecorded = locks.after(sighting, context);
        return isClosed || isLockRecorded ? 'recorded' : verdict;
      });
      const row = states.byUri(uri);
      const isOpen = row !== undefined && changes.current(row.id) !== undefined;
      if (outcome.verdict !== 'retry' && sighting.lock === undefined && !isOpen) holds.settle(uri);
      return outcome;
    },
    tick() {
      const beforeMs = environment.now() - parts.quietMs;
      let closed: readonly StateRow[] = [];
      const outcome = inTransaction(() => {
        closed = changes.closeQuiet(beforeMs);
        const isSettled = absences.settle(beforeMs) || closed.length > 0;
        return renewals.renewOne() || isSettled ? 'recorded' : 'nothing';
      });
      // Its run is over and recorded, and no lock stood beside it: what comes next starts from here.
      for (const { uri, lock } of closed) if (lock === '') holds.settle(uri);
      return outcome;
    },
    append: (records) =>
      inTransaction(() => {
        records.forEach((record) => {
          assertNoteIsClean(record, parts.observer.covers);
          parts.appender.append(hideInInventory(record, parts.observer.covers));
        });
        return records.length > 0 ? 'recorded' : 'nothing';
      }),
    cursor: (uri) => {
      const row = states.byUri(uri);
      if (row === undefined || row.condition !== 'state') return row?.unreadableVersion ?? '';
      return row.sourceVersion;
    },
    states: () => states.all(),
  };
}

// The recorder: one settled sighting → redacted observation → records → one transaction. Synchronous; lives in the
// worker with the only SQLite writer. Knows nothing of files, networks or timers.
import { ParseError } from '../errors.ts';
import type { LockSighting, PlanSighting, StateSighting } from '../sources/source.ts';
import { createCursors } from '../store/cursors.ts';
import { guarded } from '../store/database.ts';
import type { StateRow } from '../store/states.ts';
import type { Moment, NewRecord } from './appender.ts';
import { createAbsenceKeeper } from './absence-keeper.ts';
import { createChangeKeeper, type ChangeKeeper } from './change-keeper.ts';
import { toHeldLock, type HeldLock } from './held-lock.ts';
import { HoldTracker } from './hold-tracker.ts';
import { assertNoteIsClean, hideInInventory, hideInLocks } from './known-secrets.ts';
import { createLockKeeper } from './lock-keeper.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';
import type { RedactionKeys } from '../redaction/keys.ts';
import { unpackParcel } from '../spool/parcel.ts';
import type { SpoolDelivery } from '../spool/reader.ts';
import { createJudgedChanges } from '../store/judged-changes.ts';
import { createPlans } from '../store/plans.ts';
import { createRuns } from '../store/runs.ts';
import { parseClientObservation } from './client-observation.ts';
import { createLinkKeeper, type TiedChange } from './link-keeper.ts';
import type { OpenChange } from './open-change.ts';
import { plansIn, type LeftPlan } from './left-plans.ts';
import { createPlanKeeper } from './plan-keeper.ts';
import { createReferenceKeeper } from './reference-keeper.ts';
import { createRunKeeper } from './run-keeper.ts';
import { isOfRuns, type LocalRoot } from './run-source.ts';
import { createRenewals } from './renewals.ts';
import { createVerdictKeeper } from './verdict-keeper.ts';
import { createVersionKeeper } from './version-keeper.ts';

export interface Recorder {
  observe(sighting: StateSighting, context: SightingContext): Outcome;
  /** Closes quiet changes, retires what stayed away, names what stayed empty, renews. Call about once a second. */
  tick(): Outcome;
  append(records: readonly NewRecord[]): Outcome;
  /** One version of a plan file. */
  observePlan(sighting: PlanSighting): Outcome;
  /** The plan files in a box of the spool, with the run that left them: they are recorded before it. */
  plansIn(delivery: SpoolDelivery): readonly LeftPlan[];
  /** One box of the spool, opened. Throws ParseError when no observation of a client lies in it. */
  ingest(delivery: SpoolDelivery): Outcome;
  /**
   * A version that was not taken in: its content is known again when it comes under another lock. `lock` is the id it
   * came under, or ''. What is no state is forgotten.
   */
  refuse(uri: string, bytes: Uint8Array, facts: { readonly time: string; readonly lock: string }): void;
  /** The source version last recorded for a reference: what `look` takes as cursor. */
  cursor(uri: string): string;
  states(): readonly StateRow[];
  /** Locks that stood beside states when they were last looked at. */
  locks(): readonly HeldLock[];
}

/** What runs need beside the parts of every recorder. */
export interface RunSettings {
  readonly keys: RedactionKeys;
  readonly roots: readonly LocalRoot[];
}

export function createRecorder(parts: RecorderParts, { keys, roots }: RunSettings): Recorder {
  const { entries, states, environment } = parts;
  const cursors = createCursors(parts.database);
  const runs = createRuns(parts.database);
  const plans = createPlans(parts.database);
  const verdicts = createVerdictKeeper(parts, { plans, judged: createJudgedChanges(parts.database) });
  const links = createLinkKeeper(parts, runs, (changeId, run) => verdicts.runTied(changeId, run, runs.plansOf(run)));
  const holds = new HoldTracker();
  const held = new Map<string, LockSighting>();
  const changes: ChangeKeeper = createChangeKeeper(parts, (row, closed) => {
    verdicts.judge(row, closed);
    links.tieChange(row, toTied(closed.change, closed.moment));
  });
  const locks = createLockKeeper(parts);
  const references = createReferenceKeeper(parts, changes);
  const absences = createAbsenceKeeper(parts, changes);
  const versions = createVersionKeeper(parts, changes, references);
  const renewals = createRenewals(parts, parts.contentDays);
  const planKeeper = createPlanKeeper(parts, { keys, plans, onRecorded: (id) => verdicts.planRecorded(id) });
  const runKeeper = createRunKeeper(parts, { runs, links, versions, changes, keys, roots });

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
      const outcome = guarded('record an observation', () => run.immediate());
      parts.refused.settle();
      return outcome;
    } catch (error) {
      // What was learned in memory but rolled back on disk is read again from the store.
      parts.observer.reload();
      parts.refused.restore();
      absences.reload();
      throw error;
    }
  };

  const observeVersion = (sighting: StateSighting, context: SightingContext): Outcome['verdict'] => {
    try {
      const verdict = versions.observe(sighting, context);
      const row = states.byUri(sighting.reference.uri);
      if (row !== undefined && !isOfRuns(row)) links.seenBySource(row, changes.current(row.id)?.id ?? '');
      return verdict;
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
    if (sighting.condition !== 'state') {
      return context.isRemoval === true ? absences.remove(sighting, context) : absences.away(sighting, context);
    }
    if (sighting.bytes.length === 0) return 'nothing';
    return observeVersion(sighting, context);
  };

  const cursor = (uri: string): string => {
    const kept = cursors.get(uri);
    if (kept !== undefined) return kept;
    const row = states.byUri(uri);
    if (row === undefined || row.condition !== 'state') return row?.unreadableVersion ?? '';
    return row.sourceVersion;
  };
  /** Somebody else has recorded what came after that cursor meanwhile: an import beside a watch. */
  const isStale = ({ store, reference }: StateSighting): boolean =>
    store !== undefined && store.after !== cursor(reference.uri);
  const keepCursor = ({ store, reference, sourceVersion }: StateSighting): void => {
    if (store === undefined) cursors.forget(reference.uri);
    else if (sourceVersion !== '') cursors.put(reference.uri, sourceVersion);
  };

  return {
    observe: (seen, context) => {
      // A store tells with each version all that surrounds it: nothing is carried over from look to look.
      const merged = seen.store === undefined ? holds.merge(seen) : seen;
      const sighting = hideInLocks(merged, parts.observer.covers);
      const { uri } = sighting.reference;
      if (sighting.lock === undefined) held.delete(uri);
      else held.set(uri, sighting.lock);
      const outcome = inTransaction(() => {
        if (isStale(sighting)) return 'nothing';
        const isKnown = states.byUri(uri) !== undefined;
        locks.before(sighting, context);
        const verdict = observeCondition(sighting, context);
        if (verdict === 'retry') return verdict;
        keepCursor(sighting);
        // A state has no place for its lock before its first version.
        if (!isKnown) locks.before(sighting, context, true);
        versions.link(sighting, context);
        if (sighting.bytes.length > 0) changes.claim(uri, context.claims ?? []);
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
        const isSettled = absences.settle(beforeMs) || links.giveUp() || closed.length > 0;
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
    observePlan: (sighting) => inTransaction(() => planKeeper.observe(sighting)),
    plansIn,
    ingest: ({ key, uid, parcel }) => {
      const { observation, attachments } = unpackParcel(parcel);
      const delivery = { observation: parseClientObservation(observation, key), attachments, uid };
      return inTransaction(() => runKeeper.ingest(delivery));
    },
    refuse(uri, bytes, { time, lock }) {
      try {
        parts.refused.keep({ uri, ...parts.observer.identify(bytes), time, lock });
      } catch (error) {
        if (!(error instanceof ParseError)) throw error;
      }
    },
    cursor,
    states: () => states.all(),
    locks: () =>
      [...held].map(([uri, lock]) => toHeldLock(lock, states.byUri(uri)?.name ?? '', uri, parts.observer.covers)),
  };
}

function toTied({ id, version }: OpenChange, { source, effectiveTime, timeBasis }: Moment): TiedChange {
  const { lineage, serial } = version;
  return { id, effectiveMs: Date.parse(effectiveTime), source, timeBasis, lineage, serial };
}

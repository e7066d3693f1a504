// One readable version of a state, against what is stored of it: steps of a change, or a counted non-change. Recovers
// one missed run from terraform.tfstate.backup where its serial says that it lies between.
import { ParseError } from '../errors.ts';
import type { StateMissedData, StateVersionData } from '../record/data.ts';
import type { ObservedState } from '../record/observation.ts';
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import type { Moment } from './appender.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import { formatTime, nextId } from './environment.ts';
import { identityOf, momentOf, versionOf } from './identity.ts';
import { isMadeAfter, lockBefore, lockOfVersion } from './hold-tracker.ts';
import { hideStoredAddresses } from './known-secrets.ts';
import { toOperationFacts } from './kind.ts';
import { toLockFacts, type OpenChange } from './open-change.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';
import type { ReferenceKeeper } from './reference-keeper.ts';
import { isBeyondCompare, isContentOf } from './rebuilt-tag.ts';
import { createInput, type Input } from './run-evidence.ts';
import { compareSerials } from './serial.ts';
import { stepOrder, weakerOrder, type StoreOrder } from './store-order.ts';
import { appendSteps, type StepOutcome } from './steps.ts';
import type { VersionFacts } from './version-memory.ts';

export interface VersionKeeper {
  observe(sighting: StateSighting, context: SightingContext): Outcome['verdict'];
  /** A backup that was seen later than the version it belongs to still links the open change. */
  link(sighting: StateSighting, context: SightingContext): void;
}

type Read = Pick<StateSighting, 'bytes' | 'sourceVersion'>;

/** One version on its way in: the current one, or one recovered from the backup. */
interface Incoming {
  readonly observed: ObservedState;
  readonly sourceVersion: string;
  readonly moment: Moment;
  readonly recovered: boolean;
}

/** Observed, or known again as a version that was observed before. */
type Backup = ObservedState | VersionFacts;

export function createVersionKeeper(
  parts: RecorderParts,
  changes: ChangeKeeper,
  references: ReferenceKeeper,
): VersionKeeper {
  const { states, observer, appender, environment } = parts;

  const observe = (row: StateRow, { bytes, sourceVersion }: Read, moment: Moment): ObservedState => {
    const observeOnce = (): ObservedState =>
      observer.observe(row.id, bytes, { knowledge: row.knowledge, rawTags: states.rawTags(row.id) });
    const observed = observeOnce();
    if (observer.knowledge() === row.knowledge) return observed;
    const renamed = hideStoredAddresses(states, row.id, observer.hideAddress(row.id));
    if (renamed === 0) return observed;
    recordRedaction(row, versionOf(observed, sourceVersion), moment, renamed);
    return observeOnce();
  };

  const recordRedaction = (row: StateRow, version: StateVersionData, moment: Moment, instances: number): void => {
    const data = { state: identityOf(row), version, instances };
    appender.append({ type: 'redaction.changed', source: row.uri, subject: row.name, moment, data });
  };

  const observeBackup = (row: StateRow, sighting: StateSighting, context: SightingContext): Backup | undefined => {
    if (sighting.backup === undefined) return undefined;
    try {
      const recalled = observer.recall(row.id, sighting.backup.bytes);
      const isOld = recalled !== undefined && compareSerials(recalled.serial, row.serial) <= 0;
      const observed = isOld ? recalled : observe(row, sighting.backup, momentOf(sighting, context));
      return observed.lineage === row.lineage && observed.form === row.form ? observed : undefined;
    } catch (error) {
      // A backup is evidence only: one that cannot be read proves nothing and harms nothing.
      if (error instanceof ParseError) return undefined;
      throw error;
    }
  };

  /** Records the backup as a version of its own when it lies between the stored version and the current one. */
  const recover = (row: StateRow, backup: Backup, current: ObservedState, input: Input): StateRow => {
    const isBetween =
      compareSerials(backup.serial, row.serial) > 0 &&
      compareSerials(backup.serial, current.serial) < 0 &&
      current.lineage === row.lineage;
    // What is only recalled is never newer than what is stored.
    if (!isBetween || input.sighting.backup === undefined || !('instances' in backup)) return row;
    if (input.sighting.lockHoldsSince > 2) recordMissed(row, backup, input, 'overwritten');
    const { modifiedMs, sourceVersion } = input.sighting.backup;
    const moment: Moment = { source: input.context.source, effectiveTime: formatTime(modifiedMs), timeBasis: 'mtime' };
    advance(row, { observed: backup, sourceVersion: `backup:${sourceVersion}`, moment, recovered: true }, input);
    const advanced = states.byId(row.id) ?? row;
    changes.close(advanced, input.context.source, false);
    return advanced;
  };

  const recordMissed = (row: StateRow, next: ObservedState, input: Input, reason: StateMissedData['reason']): void => {
    appender.append({
      type: 'state.missed',
      source: row.uri,
      subject: row.name,
      moment: momentOf(input.sighting, input.context),
      data: { state: identityOf(row), reason, fromSerial: row.serial, toSerial: next.serial },
    });
  };

  const advance = (row: StateRow, incoming: Incoming, input: Input): Outcome['verdict'] => {
    const { observed } = incoming;
    const open = changes.current(row.id);
    const begun = open ?? beginChange(row, incoming, input);
    const step = incoming.recovered ? undefined : stepOrder(row, observed, input.sighting, begun.lock?.operation ?? '');
    const change = { ...begun, order: weakerOrder(begun.order, step) };
    if (step === 'gap') recordMissed(row, observed, input, 'not-in-store');
    const outcome = appendSteps({
      states,
      appender,
      state: row,
      observed,
      version: versionOf(observed, incoming.sourceVersion),
      identity: identityOf(row),
      moment: incoming.moment,
      facts: toOperationFacts(change.lock?.operation ?? ''),
      changeId: change.id,
      reRedact: observer.reRedact(row.id),
      reRedactOutput: observer.reRedactOutput(row.id),
    });
    const isReplaced = observed.lineage !== row.lineage;
    // What is encrypted may have changed: left out, it would be missing in the population.
    const isUnknown = observed.form === 'opaque' && observed.serial !== row.serial;
    const verdict =
      open || outcome.steps > 0 || isReplaced || isUnknown
        ? growChange(row, change, incoming, input, outcome)
        : recordUnchanged(row, incoming, outcome, step);
    states.put(toRow(row, incoming));
    return verdict;
  };

  const toRow = (row: StateRow, { observed, sourceVersion, recovered }: Incoming): StateRow => ({
    ...(states.byId(row.id) ?? row),
    form: observed.form,
    lineage: observed.lineage,
    serial: observed.serial,
    toolVersion: observed.toolVersion,
    contentTag: observed.contentTag,
    sourceVersion: recovered ? row.sourceVersion : sourceVersion,
    condition: 'state',
    conditionSinceMs: environment.now(),
    knowledge: observer.knowledge(),
    unreadableVersion: '',
  });

  const beginChange = (row: StateRow, incoming: Incoming, input: Input): OpenChange => {
    const { sighting } = input;
    return {
      id: nextId(environment),
      openedMs: environment.now(),
      position: parts.entries.size(),
      lastVersionMs: environment.now(),
      isNewborn: false,
      before: { lineage: row.lineage, serial: row.serial, contentTag: row.contentTag },
      version: versionOf(incoming.observed, incoming.sourceVersion),
      serials: [],
      steps: 0,
      effectiveTime: incoming.moment.effectiveTime,
      lock: toLockFacts(incoming.recovered ? lockBefore(sighting, lockOfVersion(sighting)) : lockOfVersion(sighting)),
      holds: sighting.lockHoldsSince,
      isLinked: false,
      hasFreshBackup: false,
      numberedBackupSeconds: sighting.numberedBackupSeconds,
      isLineageChanged: false,
      hasFailedObject: false,
      seen: momentOf(sighting, input.context),
      ...(incoming.recovered ? { recovered: 'backup' as const } : {}),
    };
  };

  const growChange = (
    row: StateRow,
    change: OpenChange,
    incoming: Incoming,
    input: Input,
    outcome: StepOutcome,
  ): 'recorded' => {
    const { observed } = incoming;
    const isBackupOfBefore = input.backupIs(change.before);
    changes.save(row.id, {
      ...change,
      lastVersionMs: environment.now(),
      version: versionOf(observed, incoming.sourceVersion),
      serials:
        observed.serial === change.serials.at(-1) ? change.serials : [...change.serials, observed.serial].slice(-256),
      steps: change.steps + outcome.steps,
      effectiveTime: incoming.moment.effectiveTime,
      holds: input.sighting.lockHoldsSince,
      isLinked: change.isLinked || (!incoming.recovered && isBackupOfBefore && input.isBackupOfLastRun(change)),
      hasFreshBackup: change.hasFreshBackup || isBackupOfBefore || incoming.recovered,
      numberedBackupSeconds: Math.max(change.numberedBackupSeconds, input.sighting.numberedBackupSeconds),
      isLineageChanged: change.isLineageChanged || observed.lineage !== row.lineage,
      hasFailedObject: change.hasFailedObject || outcome.hasFailedObject,
      isUnordered: change.isUnordered === true || isOutOfOrder(row, observed),
      refused: change.refused ?? takeRefused(row, observed, change),
    });
    return 'recorded';
  };

  const takeRefused = (row: StateRow, { contentTag }: ObservedState, change: OpenChange): OpenChange['refused'] => {
    const found = parts.refused.take(row.uri, contentTag, change.lock?.id ?? '');
    return found && { serial: found.serial, time: found.time };
  };

  const recordUnchanged = (
    row: StateRow,
    incoming: Incoming,
    outcome: StepOutcome,
    step: StoreOrder | undefined,
  ): Outcome['verdict'] => {
    const { observed } = incoming;
    const base = { source: row.uri, subject: row.name, moment: incoming.moment };
    const version = versionOf(observed, incoming.sourceVersion);
    if (outcome.redacted > 0) recordRedaction(row, version, incoming.moment, outcome.redacted);
    const order = compareSerials(observed.serial, row.serial);
    const isSame = order === 0 && observed.toolVersion === row.toolVersion && isContentOf(row.contentTag, observed);
    if (isSame) return outcome.redacted > 0 ? 'recorded' : 'nothing';
    appender.append({
      ...base,
      type: 'state.unchanged',
      data: {
        state: identityOf(row),
        version,
        reason: order === 0 ? 'metadata' : 'serial-moved',
        before: { lineage: row.lineage, serial: row.serial },
        continuity: order <= 0 ? 'unordered' : step === undefined || step === 'unknown' ? 'monotonic-only' : step,
      },
    });
    return 'recorded';
  };

  /**
   * The version was written under another lock than the open change: that one ended with what is stored. Where its own
   * lock could not be read, a lock younger than what is stored says the same.
   */
  const endForeignHold = (row: StateRow, { sighting, context }: Input): void => {
    const open = changes.current(row.id);
    const lock = lockOfVersion(sighting);
    if (open === undefined) return;
    // A store names the hold of every version, also that there was none.
    if (sighting.store !== undefined && (lock?.info?.id ?? '') !== (open.lock?.id ?? '')) {
      return changes.close(row, context.source, false);
    }
    if (lock?.info === undefined) return;
    const isForeign = open.lock?.id ? lock.info.id !== open.lock.id : isMadeAfter(lock, open.effectiveTime);
    if (isForeign) changes.close(row, context.source, false);
  };

  const observeKnown = (found: StateRow, sighting: StateSighting, context: SightingContext): Outcome['verdict'] => {
    const backup = observeBackup(found, sighting, context);
    const input = createInput(sighting, context, backup);
    const moment = momentOf(sighting, context);
    const observed = observe(found, sighting, moment);
    const isRestarted = isBeyondCompare(found.contentTag, observed.kid);
    if (isRestarted || observed.form !== found.form) {
      if (isRestarted) references.restart(found, observed, sighting, context);
      else references.reform(found, observed, sighting, context);
      states.put(toRow(found, { observed, sourceVersion: sighting.sourceVersion, moment, recovered: false }));
      return 'recorded';
    }
    const row = backup ? recover(found, backup, observed, input) : found;
    endForeignHold(row, input);
    // The recovered version moved the snapshot: what comes without a body must be unchanged against that one.
    const current = row === found ? observed : observe(row, sighting, moment);
    return advance(row, { observed: current, sourceVersion: sighting.sourceVersion, moment, recovered: false }, input);
  };

  return {
    observe(sighting, context) {
      const found = states.byUri(sighting.reference.uri) ?? references.revive(sighting);
      if (found) return observeKnown(found, sighting, context);
      const verdict = references.appear(sighting, context);
      if (verdict !== 'born') return verdict;
      const born = states.byUri(sighting.reference.uri);
      return born ? observeKnown(born, sighting, context) : 'recorded';
    },
    link(sighting, context) {
      const row = states.byUri(sighting.reference.uri);
      const change = row && changes.current(row.id);
      if (row === undefined || change === undefined || change.isLinked || sighting.backup === undefined) return;
      const input = createInput(sighting, context, observeBackup(row, sighting, context));
      if (!input.backupIs(change.before)) return;
      changes.save(row.id, { ...change, hasFreshBackup: true, isLinked: input.isBackupOfLastRun(change) });
    },
  };
}

/** Another content at a serial that did not rise; `row` without content is a state about to be born. */
function isOutOfOrder(row: StateRow, observed: ObservedState): boolean {
  if (row.contentTag === '') return false;
  const order = compareSerials(observed.serial, row.serial);
  return order < 0 || (order === 0 && !isContentOf(row.contentTag, observed));
}

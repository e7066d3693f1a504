// A readable version at a reference that no live state has: a first sight, a birth, a copy, or a state that moved there
// from another place. None of these ever deletes a resource.
import type { BaselineReason } from '../record/data.ts';
import type { ObservedState } from '../record/observation.ts';
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import type { ChangeKeeper } from './change-keeper.ts';
import { nextId } from './environment.ts';
import { lockOfVersion } from './hold-tracker.ts';
import { identityOf, momentOf, versionOf } from './identity.ts';
import { chooseName } from './names.ts';
import { toLockFacts } from './open-change.ts';
import type { Outcome, RecorderParts, SightingContext } from './parts.ts';
import { isContentOf } from './rebuilt-tag.ts';
import { compareSerials } from './serial.ts';
import { formatSnapshot } from './snapshot-blob.ts';
import { formatBody } from './steps.ts';

/** How long a state that looks like another one at a new place is watched before it is called a copy. */
const COPY_SETTLE_MS = 5_000;

export interface ReferenceKeeper {
  /**
   * The first readable version at a reference that no live state has. 'born': the state was made while it was
   * watched; its content is still to be observed, as the steps of its first change.
   */
  appear(sighting: StateSighting, context: SightingContext): Outcome['verdict'] | 'born';
  /** The state was encrypted, or is no longer: what it holds is known anew, and nothing came or went by that. */
  reform(row: StateRow, observed: ObservedState, sighting: StateSighting, context: SightingContext): void;
  /** What was known of the state is lost: it is known anew, and what lay between is said to be missed. */
  restart(row: StateRow, observed: ObservedState, sighting: StateSighting, context: SightingContext): void;
  /** A retired state that came back to its place. */
  revive(sighting: StateSighting): StateRow | undefined;
}

export function createReferenceKeeper(parts: RecorderParts, changes: ChangeKeeper): ReferenceKeeper {
  const { states, appender, observer, environment } = parts;
  const firstSeenMs = new Map<string, number>();

  /** A clock that was set back ends the wait. */
  const isWithin = (sinceMs: number, limitMs: number): boolean => {
    const elapsedMs = environment.now() - sinceMs;
    return elapsedMs >= 0 && elapsedMs < limitMs;
  };

  const putNew = (id: string, sighting: StateSighting, context: SightingContext, observed: ObservedState): StateRow => {
    const row: StateRow = {
      id,
      name: chooseName(context.nameCandidates, (name) => states.hasName(name)),
      uri: sighting.reference.uri,
      workspace: sighting.reference.workspace,
      form: observed.form,
      lineage: observed.lineage,
      serial: observed.serial,
      toolVersion: observed.toolVersion,
      contentTag: observed.contentTag,
      sourceVersion: sighting.sourceVersion,
      condition: 'state',
      conditionSinceMs: environment.now(),
      isRetired: false,
      knowledge: observer.knowledge(),
      lock: '',
      unreadableVersion: '',
    };
    states.put(row);
    return row;
  };

  const keepSnapshot = (row: StateRow, observed: ObservedState): void => {
    for (const { address, deposed, rawTag, body } of observed.instances) {
      if (body) states.putSnapshot(row.id, { address, deposed, rawTag, body: formatBody(body) });
    }
    for (const { name, sensitive, value, hidden } of observed.outputs) {
      states.putOutput(row.id, name, formatBody({ sensitive, value, hidden }));
    }
  };

  const baseline = (
    row: StateRow,
    observed: ObservedState,
    sighting: StateSighting,
    context: SightingContext,
    facts: { readonly reason: BaselineReason; readonly isNewborn: boolean; readonly copyOf: string | undefined },
  ): void => {
    const isBare = facts.isNewborn || observed.form === 'opaque';
    appender.append({
      type: 'state.baselined',
      source: row.uri,
      subject: row.name,
      moment: momentOf(sighting, context),
      data: {
        state: identityOf(row),
        version: versionOf(observed, sighting.sourceVersion),
        reason: facts.reason,
        form: observed.form,
        instances: isBare ? 0 : observed.instances.length,
        outputs: isBare ? 0 : observed.outputs.length,
        snapshot: isBare ? undefined : appender.blob(formatSnapshot(observed.instances, observed.outputs)),
        copyOf: facts.copyOf,
      },
    });
  };

  const beginAnew = (
    row: StateRow,
    observed: ObservedState,
    sighting: StateSighting,
    context: SightingContext,
    reason: 'renewed' | 'restarted',
  ): void => {
    for (const key of states.rawTags(row.id).keys()) {
      const [address = '', deposed = ''] = key.split('\0');
      states.deleteSnapshot(row.id, address, deposed);
    }
    for (const name of states.outputs(row.id).keys()) states.deleteOutput(row.id, name);
    keepSnapshot(row, observed);
    baseline(row, observed, sighting, context, { reason, isNewborn: false, copyOf: undefined });
  };

  const openBirth = (
    row: StateRow,
    observed: ObservedState,
    sighting: StateSighting,
    context: SightingContext,
  ): void => {
    // The row of a newborn state stands before its first write, so that the version itself goes through as steps.
    changes.save(row.id, {
      id: nextId(environment),
      openedMs: environment.now(),
      position: parts.entries.size(),
      lastVersionMs: environment.now(),
      isNewborn: true,
      before: { lineage: observed.lineage, serial: '0', contentTag: '' },
      version: versionOf(observed, sighting.sourceVersion),
      serials: [],
      steps: 0,
      effectiveTime: sighting.effectiveTime,
      lock: toLockFacts(lockOfVersion(sighting)),
      holds: sighting.lockHoldsSince,
      isLinked: false,
      hasFreshBackup: false,
      numberedBackupSeconds: 0,
      isLineageChanged: false,
      hasFailedObject: false,
      seen: momentOf(sighting, context),
    });
    states.put({ ...row, contentTag: '', sourceVersion: '', knowledge: '' });
  };

  const twinOf = (observed: ObservedState): StateRow | undefined =>
    states
      .withLineage(observed.lineage)
      .find((row) => row.serial === observed.serial && isContentOf(row.contentTag, observed) && !row.isRetired);

  const migrate = (
    twin: StateRow,
    observed: ObservedState,
    sighting: StateSighting,
    context: SightingContext,
  ): void => {
    // What was going on at the old place ended with what is stored: its steps cite a change that closes.
    changes.close(twin, context.source, false);
    const row: StateRow = {
      ...twin,
      uri: sighting.reference.uri,
      workspace: sighting.reference.workspace,
      sourceVersion: sighting.sourceVersion,
      condition: 'state',
      conditionSinceMs: environment.now(),
      unreadableVersion: '',
    };
    states.put(row);
    const lock = toLockFacts(lockOfVersion(sighting));
    changes.save(row.id, {
      id: nextId(environment),
      openedMs: environment.now(),
      position: parts.entries.size(),
      lastVersionMs: environment.now(),
      isNewborn: false,
      before: { lineage: twin.lineage, serial: twin.serial, contentTag: twin.contentTag },
      version: versionOf(observed, sighting.sourceVersion),
      serials: [observed.serial],
      steps: 0,
      effectiveTime: sighting.effectiveTime,
      lock: lock?.operation.startsWith('migration ') ? lock : undefined,
      holds: -1,
      isLinked: false,
      hasFreshBackup: false,
      numberedBackupSeconds: 0,
      isLineageChanged: false,
      hasFailedObject: false,
      seen: momentOf(sighting, context),
      movedFrom: twin.uri,
    });
    changes.close(row, context.source, false);
  };

  const isNewborn = (observed: ObservedState, sighting: StateSighting, context: SightingContext): boolean => {
    if (context.isInitial || observed.form === 'opaque' || states.withLineage(observed.lineage).length > 0)
      return false;
    if (observed.instances.length + observed.outputs.length === 0) return false;
    // Older versions of a store may have expired: only the first serial says that there were none.
    if (sighting.store !== undefined) return sighting.store.isFirst && compareSerials(observed.serial, '1') <= 0;
    if (sighting.lock ?? sighting.lastLock) return sighting.backup === undefined;
    const smallSerial = observed.instances.length + observed.outputs.length + 2;
    return sighting.backup === undefined && compareSerials(observed.serial, String(smallSerial)) <= 0;
  };

  return {
    appear(sighting, context) {
      const { uri } = sighting.reference;
      const id = nextId(environment);
      const observed = observer.observe(id, sighting.bytes, undefined);
      const twin = twinOf(observed);
      if (twin && twin.condition !== 'state') {
        migrate(twin, observed, sighting, context);
        return 'recorded';
      }
      const since = firstSeenMs.get(uri) ?? environment.now();
      firstSeenMs.set(uri, since);
      const mayWait = !context.isInitial && !context.isBackfilled && sighting.store?.isGate !== true;
      if (twin && mayWait && isWithin(since, COPY_SETTLE_MS)) return 'retry';
      firstSeenMs.delete(uri);
      const born = isNewborn(observed, sighting, context);
      const row = putNew(id, sighting, context, observed);
      const reason = context.isInitial ? 'first-sight' : 'appeared';
      baseline(row, observed, sighting, context, { reason, isNewborn: born, copyOf: twin?.id });
      if (!born) {
        keepSnapshot(row, observed);
        return 'recorded';
      }
      openBirth(row, observed, sighting, context);
      return 'born';
    },
    reform(row, observed, sighting, context) {
      changes.close(row, context.source, false);
      beginAnew(row, observed, sighting, context, 'renewed');
    },
    restart(row, observed, sighting, context) {
      changes.close(row, context.source, false);
      const isSameVersion = row.serial === observed.serial && row.lineage === observed.lineage;
      if (!isSameVersion) {
        appender.append({
          type: 'state.missed',
          source: row.uri,
          subject: row.name,
          moment: momentOf(sighting, context),
          data: {
            state: identityOf(row),
            reason: 'recorder-stopped',
            fromSerial: row.serial,
            toSerial: observed.serial,
          },
        });
      }
      beginAnew(row, observed, sighting, context, 'restarted');
    },
    revive(sighting) {
      const retired = states.all().filter((row) => row.isRetired && row.uri === sighting.reference.uri);
      const row = retired.at(-1);
      if (row === undefined) return undefined;
      // Throws for what cannot be read, before anything came back.
      observer.observe(row.id, sighting.bytes, undefined);
      const revived = { ...row, isRetired: false };
      states.put(revived);
      return revived;
    },
  };
}

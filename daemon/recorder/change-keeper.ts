// Open changes: begun by the first version that differs, grown by each further one, closed by one state.changed
// when the lock goes, when its holder is found dead, or after the quiet that ends a run without a lock.
import type { Moment } from './appender.ts';
import type { Json } from '../json/value.ts';
import type { Continuity, NetAction, TimeBasis } from '../record/data.ts';
import type { Claim } from '../record/observation.ts';
import type { StateSighting } from '../sources/source.ts';
import type { StateRow } from '../store/states.ts';
import { diffTrees } from './diff.ts';
import { hideInClaims, hideInLockFacts } from './known-secrets.ts';
import { identityOf } from './identity.ts';
import { isLockOfNextRun, lockOfVersion } from './hold-tracker.ts';
import { toKind, toOperationFacts } from './kind.ts';
import { countActions, netActions, type InstanceSpan } from './net.ts';
import { formatOpenChange, joinLockFacts, parseOpenChange, toLockFacts, type OpenChange } from './open-change.ts';
import type { RecorderParts, SightingContext } from './parts.ts';
import { compareSerials } from './serial.ts';
import { parseBody, parseOutput, type StoredOutput } from './steps.ts';

/** More than any run has; a client that sends another one with each version cannot fill the leaf. */
const MAX_CLAIMS = 32;

export interface ChangeKeeper {
  current(stateId: string): OpenChange | undefined;
  save(stateId: string, change: OpenChange): void;
  /** Adds who brought a version to the open change of its state. */
  claim(uri: string, claims: readonly Claim[]): void;
  /** Appends state.changed for the open change of a state. */
  close(row: StateRow, source: string, isAbandoned: boolean): void;
  /** Closes the change of a sighting's state when its lock is gone or its holder is dead. */
  endOfHold(sighting: StateSighting, context: SightingContext): boolean;
  /** Closes changes without a lock whose last version is older than `beforeMs`. */
  closeQuiet(beforeMs: number): readonly StateRow[];
}

/** A change right after its record: what it was, when, and what it did. */
export interface ClosedChange {
  readonly change: OpenChange;
  readonly moment: Moment;
  readonly actions: readonly NetAction[];
  readonly spans: readonly InstanceSpan[];
  readonly outputs: readonly OutputSpan[];
}

/** One output that differs over a change. */
export interface OutputSpan {
  readonly name: string;
  readonly before: StoredOutput | undefined;
  readonly after: StoredOutput | undefined;
}

export function createChangeKeeper(
  parts: RecorderParts,
  onClosed: (row: StateRow, closed: ClosedChange) => void = () => undefined,
): ChangeKeeper {
  const { states, appender, observer, environment } = parts;

  const current = (stateId: string): OpenChange | undefined => {
    const text = states.openChange(stateId);
    return text === undefined ? undefined : parseOpenChange(text);
  };
  const save = (stateId: string, change: OpenChange): void => states.putOpenChange(stateId, formatOpenChange(change));

  const spansOf = (row: StateRow): InstanceSpan[] => {
    const reRedact = observer.reRedact(row.id);
    const bases = states.bases(row.id).filter((base) => base.kind === 'resource');
    return bases.map((base) => {
      const stored = states.snapshot(row.id, base.address, base.deposed);
      const after = stored && parseBody(stored.body);
      const before = base.body === undefined ? undefined : reRedact(base.address, parseBody(base.body), after);
      return { ...base, before, after };
    });
  };

  const hasDeposedLeft = (row: StateRow): boolean =>
    states
      .bases(row.id)
      .some(
        (base) =>
          base.kind === 'resource' &&
          base.deposed !== '' &&
          base.body === undefined &&
          states.snapshot(row.id, base.address, base.deposed) !== undefined,
      );

  const outputSpansOf = (row: StateRow): OutputSpan[] => {
    const reRedact = observer.reRedactOutput(row.id);
    const now = states.outputs(row.id);
    const bases = states.bases(row.id).filter((base) => base.kind === 'output');
    const spans = bases.map(({ address: name, body }): OutputSpan => {
      const stored = now.get(name);
      const after = stored === undefined ? undefined : parseOutput(stored);
      return { name, before: body === undefined ? undefined : reRedact(name, parseOutput(body), after), after };
    });
    return spans.filter(({ before, after }) => {
      const diff = diffTrees(before, after);
      return diff.changes.length + diff.hidden.length > 0;
    });
  };

  const close = (row: StateRow, source: string, isAbandoned: boolean): void => {
    const open = current(row.id);
    if (open === undefined) return;
    const change = {
      ...open,
      lock: open.lock && hideInLockFacts(open.lock, observer.covers),
      claims: hideInClaims(open.claims ?? [], observer.covers),
    };
    const operation = change.lock?.operation ?? '';
    const hasNumberedBackup = change.numberedBackupSeconds * 1000 >= change.openedMs - 2000;
    // Without a lock: `state mv` and `state rm` alone leave a numbered backup, and destroy nothing.
    const facts = operation === '' ? { forgets: hasNumberedBackup, imports: false } : toOperationFacts(operation);
    const moment = { timeBasis: basisOf(row), ...change.seen, source, effectiveTime: change.effectiveTime };
    const spans = spansOf(row);
    const actions = netActions(spans, facts);
    const outputs = outputSpansOf(row);
    const serialOrder = change.isNewborn ? 1 : compareSerials(row.serial, change.before.serial);
    const { kind, basis } = toKind({
      operation,
      isAbandoned,
      isLineageChanged: change.isLineageChanged,
      serialOrder,
      hasNumberedBackup,
      hasFreshBackup: change.hasFreshBackup,
      isNewborn: change.isNewborn,
      actions,
      outputs: outputs.length,
      isEmptyAfter: states.rawTags(row.id).size === 0,
      hasFailedObject: change.hasFailedObject || hasDeposedLeft(row),
    });
    appender.append({
      id: change.id,
      type: 'state.changed',
      source: row.uri,
      subject: row.name,
      moment,
      data: {
        ...headOf(row, change),
        kind: change.movedFrom === undefined ? kind : 'migrated',
        kindBasis: basis,
        continuity: toContinuity(change, serialOrder),
        counts: countActions(actions, outputs.length),
        ...inlineActions(actions),
      },
    });
    states.closeChange(row.id);
    onClosed(row, { change, moment, actions, spans, outputs });
  };

  const inlineActions = (actions: readonly NetAction[]): Record<string, unknown> => {
    const stored = appender.inlineOrBlob(actions as unknown as Json);
    return stored.inline ? { actions } : { actions: [], net: stored.reference };
  };

  return {
    current,
    save,
    close,
    claim(uri, claims) {
      const row = states.byUri(uri);
      const open = row && current(row.id);
      if (row === undefined || open === undefined || claims.length === 0) return;
      save(row.id, { ...open, claims: mergeClaims(open.claims ?? [], claims) });
    },
    endOfHold(sighting, context) {
      const row = states.byUri(sighting.reference.uri);
      const change = row && current(row.id);
      if (row === undefined || change === undefined) return false;
      const lock = joinLockFacts(change.lock, toLockFacts(lockOfVersion(sighting)));
      if (lock !== change.lock) save(row.id, { ...change, lock });
      if (sighting.lock?.holder === 'stale') {
        close(row, context.source, true);
        return true;
      }
      const isFree = sighting.lock === undefined || isLockOfNextRun(sighting);
      // A store names the hold of each version: what had none was a run of its own.
      const isOver = isFree && sighting.condition === 'state' && (lock !== undefined || sighting.store !== undefined);
      if (isOver) close(row, context.source, false);
      return isOver;
    },
    closeQuiet(beforeMs) {
      const closed: StateRow[] = [];
      for (const { stateId, facts } of states.openChanges()) {
        const row = states.byId(stateId);
        const isHeld = row !== undefined && row.lock !== '' && !row.lock.startsWith('abandoned:');
        const change = parseOpenChange(facts);
        // The clock was set back: the quiet counts from here.
        if (change.lastVersionMs > environment.now()) save(stateId, { ...change, lastVersionMs: environment.now() });
        if (row === undefined || isHeld || change.lastVersionMs > beforeMs) continue;
        close(row, change.seen?.source ?? 'directory', row.lock.startsWith('abandoned:'));
        closed.push(row);
      }
      return closed;
    },
  };
}

/** For a change that was begun before a restore: what was seen of it then is not in its lines. */
function basisOf({ uri }: StateRow): TimeBasis {
  return uri.startsWith('dir:') ? 'mtime' : 'store';
}

function headOf(row: StateRow, change: OpenChange): Record<string, unknown> {
  const { id, operation } = change.lock ?? { id: '', operation: '' };
  return {
    state: identityOf(row),
    version: change.version,
    before: change.isNewborn ? undefined : { lineage: change.before.lineage, serial: change.before.serial },
    serials: change.serials,
    steps: change.steps,
    claims: mergeClaims(change.lock?.claims ?? [], change.claims ?? []),
    lock: id === '' ? undefined : { id, operation },
    movedFrom: change.movedFrom,
    recovered: change.recovered,
    refused: change.refused,
    form: row.form === 'opaque' ? 'opaque' : undefined,
  };
}

/** Every claim once, side by side. */
function mergeClaims(claims: readonly Claim[], more: readonly Claim[]): readonly Claim[] {
  const isSame = (a: Claim, b: Claim): boolean => a.field === b.field && a.value === b.value && a.by === b.by;
  return more.reduce<readonly Claim[]>(
    (all, claim) => (all.some((known) => isSame(known, claim)) ? all : [...all, claim].slice(0, MAX_CLAIMS)),
    claims,
  );
}

/** Never more than what is proven: a link, the serials of a store, or a birth under its one lock. */
function toContinuity(change: OpenChange, serialOrder: number): Continuity {
  if (change.isLineageChanged) return 'new-lineage';
  if (change.isUnordered === true || (serialOrder <= 0 && !change.isNewborn)) return 'unordered';
  if (change.order === 'contiguous' || change.order === 'gap') return change.order;
  if (change.isNewborn) return change.holds === 1 && change.lock?.id ? 'contiguous' : 'monotonic-only';
  return change.isLinked ? 'linked-by-backup' : 'monotonic-only';
}

// Lock facts as records: acquired, released, abandoned. The lock file's texts are claims.
import type { StateSighting, LockSighting } from '../sources/source.ts';
import { createHoldStart } from '../store/hold-start.ts';
import type { StateRow } from '../store/states.ts';
import { formatTime } from './environment.ts';
import { identityOf, momentOf } from './identity.ts';
import { hideInClaims, hideInLockFacts } from './known-secrets.ts';
import { toLockFacts } from './open-change.ts';
import type { RecorderParts, SightingContext } from './parts.ts';

export interface LockKeeper {
  /**
   * Before the version is looked at: a hold that began, or ended unseen. `isFirstVersion`: right after the first one, which
   * may have been written under that hold.
   */
  before(sighting: StateSighting, context: SightingContext, isFirstVersion?: boolean): void;
  /** After the version and the change are settled. Returns true when something was recorded. */
  after(sighting: StateSighting, context: SightingContext): boolean;
}

/** Prefixes of a state's `lock`: a hold whose file cannot be read (it gives no records), and one left by a dead holder. */
const UNREAD = '?';
const ABANDONED = 'abandoned:';

export function createLockKeeper(parts: RecorderParts): LockKeeper {
  const { states, appender, observer } = parts;
  const holdStart = createHoldStart(parts.database);

  const record = (
    type: 'lock.acquired' | 'lock.released' | 'lock.abandoned',
    row: StateRow,
    lock: LockSighting | undefined,
    sighting: StateSighting,
    context: SightingContext,
    isFirstVersion = false,
  ): void => {
    const raw = toLockFacts(lock) ?? { id: row.lock, operation: '', created: '', createdMs: 0, claims: [] };
    const { id, operation, created, claims } = hideInLockFacts(raw, observer.covers);
    appender.append({
      type,
      source: row.uri,
      subject: row.name,
      moment: { ...momentOf(sighting, context), effectiveTime: timeOf(type, lock, sighting) },
      data: {
        state: identityOf(row),
        lock: { id, operation, created },
        at: isFirstVersion ? undefined : { lineage: row.lineage, serial: row.serial },
        since: type === 'lock.acquired' ? undefined : holdStart(row.id, id),
        claims: [...claims, ...hideInClaims(context.claims ?? [], observer.covers)],
        forced: type === 'lock.released' && context.isForced === true ? true : undefined,
      },
    });
  };

  const begin = (row: StateRow, sighting: StateSighting, context: SightingContext, isFirst: boolean): void => {
    const lock = sighting.lock ?? (isNewVersion(sighting) ? sighting.lastLock : undefined);
    if (lock === undefined || lock.info?.operation === 'OperationTypePlan') return;
    const id = lock.info?.id ?? `${UNREAD}${lock.createdMs}`;
    if (id === row.lock) return;
    const { lastLock } = sighting;
    const isEnded = sighting.store !== undefined && row.lock !== '' && lastLock?.info?.id === row.lock;
    if (isEnded) record('lock.released', row, lastLock, sighting, context);
    if (lock.info) record('lock.acquired', row, lock, sighting, context, isFirst);
    states.put({ ...row, lock: id });
  };

  const end = (row: StateRow, sighting: StateSighting, context: SightingContext): boolean => {
    if (row.lock === '') return false;
    const isGone = sighting.lock === undefined;
    const isStale = sighting.lock?.holder === 'stale' && sighting.lock.info?.id === row.lock;
    if (!isGone && !isStale) return false;
    const last = lockOfRow(row, sighting);
    if (!row.lock.startsWith(UNREAD))
      record(isStale ? 'lock.abandoned' : 'lock.released', row, last, sighting, context);
    states.put({ ...row, lock: isStale ? `${ABANDONED}${row.lock}` : '' });
    return true;
  };

  /** The lock that the row is about: what was read of it is not lost when another one stands there by now. */
  const lockOfRow = (row: StateRow, { lock, lastLock, recentLocks }: StateSighting): LockSighting | undefined =>
    [lock, lastLock, ...recentLocks].find((candidate) => candidate?.info?.id === row.lock);

  return {
    before(sighting, context, isFirstVersion = false) {
      const row = states.byUri(sighting.reference.uri);
      if (row === undefined) return;
      if (!row.lock.startsWith(ABANDONED)) return begin(row, sighting, context, isFirstVersion);
      const id = (sighting.lock ?? sighting.lastLock)?.info?.id;
      // Another run took the lock that a dead one had left.
      if (id !== undefined && row.lock !== `${ABANDONED}${id}`) begin({ ...row, lock: '' }, sighting, context, false);
    },
    after(sighting, context) {
      const row = states.byUri(sighting.reference.uri);
      if (row === undefined) return false;
      if (!row.lock.startsWith(ABANDONED)) return end(row, sighting, context);
      if (sighting.lock?.info?.id !== undefined && row.lock.endsWith(sighting.lock.info.id)) return false;
      states.put({ ...row, lock: '' });
      return false;
    },
  };
}

/** When a hold began or ended is known of a store; beside a file it is when it was seen. */
function timeOf(type: string, lock: LockSighting | undefined, sighting: StateSighting): string {
  if (sighting.timeBasis !== 'store' || lock === undefined) return '';
  const ms = type === 'lock.acquired' ? lock.createdMs : lock.releasedMs;
  return ms === undefined ? '' : formatTime(ms);
}

/** What a store says of the lock of a version that is recorded already is no new hold. */
function isNewVersion({ store, sourceVersion }: StateSighting): boolean {
  return store === undefined || sourceVersion !== store.after;
}

// What `status` tells: the log and its states from the database, the rest from the running recorder where there is one.
import type { UnseenState } from '../record/inventory.ts';
import type { HeldLock } from '../recorder/held-lock.ts';
import type { SpoolStatus } from '../spool/reader.ts';
import { readBacklog, type Backlog } from '../store/queries-backlog.ts';
import { readLockForecast, type LockForecast } from '../store/queries-locks.ts';
import type { ListedState } from '../store/inventory.ts';
import type { StateOutline } from '../store/queries-states.ts';
import { createStates } from '../store/states.ts';
import type { OpenLog } from './open-log.ts';

/** What a running recorder says of itself; `S` and `B` are what sealer and backend say of themselves. */
export interface LiveStatus<S = unknown, B = unknown> {
  readonly pid: number;
  readonly sealer: S;
  readonly holds: readonly HeldLock[];
  readonly spool: SpoolStatus;
  readonly backend?: B;
}

export interface Status<S = unknown, B = unknown> {
  readonly recorder: 'running' | 'stopped';
  readonly pid: number | undefined;
  readonly size: number;
  readonly sealed: number;
  readonly published: number;
  readonly unsealed: number;
  readonly backlog: Backlog;
  readonly sealer: S | undefined;
  readonly states: readonly (StateOutline & { readonly lock: string; readonly isChanging: boolean })[];
  /** Locks beside states by the running recorder; undefined where none runs. */
  readonly holds: readonly HeldLock[] | undefined;
  /** What the recorder says of its spool; undefined while it does not run. */
  readonly spool: SpoolStatus | undefined;
  /** undefined when none is configured, or nothing runs. */
  readonly backend: B | undefined;
  /** States that nobody watches, and watched ones that nobody can look at, by the newest inventories in the log. */
  readonly unwatched: readonly ListedState[];
  readonly unwatchedCount: number;
  readonly silent: readonly UnseenState[];
  /** By the receipts in the log; undefined where nothing was locked. */
  readonly locks: LockForecast | undefined;
}

/** `live`: undefined where no recorder runs. */
export function readStatus<S, B>(
  { database, batches, queries }: Pick<OpenLog, 'database' | 'batches' | 'queries'>,
  live: LiveStatus<S, B> | undefined,
  nowMs: number,
): Status<S, B> {
  const rows = createStates(database);
  const outlines = batches.outlines();
  const published = outlines.filter((batch) => batch.phase === 'published').at(-1)?.size ?? 0;
  const size = queries.size();
  const sealed = batches.frozenSize();
  const inventories = queries.inventory.newest();
  return {
    recorder: live ? 'running' : 'stopped',
    pid: live?.pid,
    size,
    sealed,
    published,
    unsealed: size - sealed,
    backlog: readBacklog(database, published),
    sealer: live?.sealer,
    states: queries.states().map((state) => ({
      ...state,
      lock: rows.byId(state.id)?.lock ?? '',
      isChanging: rows.openChange(state.id) !== undefined,
    })),
    holds: live?.holds,
    spool: live?.spool,
    backend: live?.backend,
    unwatched: inventories.flatMap((inventory) => inventory.unwatched),
    unwatchedCount: inventories.reduce((sum, inventory) => sum + inventory.unwatchedCount, 0),
    silent: inventories.flatMap((inventory) => inventory.unseen),
    locks: readLockForecast(database, nowMs),
  };
}

// The facts of a change that is still going on: from the first version that differs to the end of the lock hold,
// or to the quiet after it. Kept as JSON in the store, so that a restart goes on where the recorder was killed.
import type { StateVersionData } from '../record/data.ts';
import type { Claim } from '../record/observation.ts';
import type { LockSighting } from '../sources/source.ts';
import { lockClaims } from './lock-claims.ts';
import type { Moment } from './appender.ts';
import type { StoreOrder } from './store-order.ts';

export interface OpenChange {
  /** Reserved id of the closing state.changed; every step cites it. */
  readonly id: string;
  readonly openedMs: number;
  /** Size of the log before its first step; absent in a change that an older version began. */
  readonly position?: number;
  readonly lastVersionMs: number;
  readonly isNewborn: boolean;
  readonly before: { readonly lineage: string; readonly serial: string; readonly contentTag: string };
  readonly serials: readonly string[];
  readonly steps: number;
  /** The newest version. */
  readonly version: StateVersionData;
  readonly effectiveTime: string;
  readonly lock: LockFacts | undefined;
  /** How many lock holds were counted since the state before was last looked at; -1 = not known. */
  readonly holds: number;
  /** terraform.tfstate.backup holds exactly the state before this change. */
  readonly isLinked: boolean;
  readonly hasFreshBackup: boolean;
  readonly numberedBackupSeconds: number;
  readonly isLineageChanged: boolean;
  readonly hasFailedObject: boolean;
  /** On the way, another content came at a serial that did not rise. */
  readonly isUnordered?: boolean;
  /** Where the change was seen, and by which clock its versions are dated; absent: a directory, and file times. */
  readonly seen?: Omit<Moment, 'effectiveTime'>;
  /** On a store of versions: every serial rose by one ('contiguous'), or one was jumped over ('gap'). */
  readonly order?: StoreOrder | undefined;
  readonly recovered?: 'backup';
  readonly movedFrom?: string;
  /** Who brought its versions, beside what the lock says. */
  readonly claims?: readonly Claim[];
  /** The backend had refused this content. */
  readonly refused?: { readonly serial: string; readonly time: string } | undefined;
}

export interface LockFacts {
  readonly id: string;
  readonly operation: string;
  readonly created: string;
  readonly createdMs: number;
  readonly claims: readonly Claim[];
}

/** The lock as evidence: the texts of its file are claims of whoever wrote it. */
export function toLockFacts(lock: LockSighting): LockFacts;
export function toLockFacts(lock: LockSighting | undefined): LockFacts | undefined;
export function toLockFacts(lock: LockSighting | undefined): LockFacts | undefined {
  if (lock === undefined) return undefined;
  const { info } = lock;
  return {
    id: info?.id ?? '',
    operation: info?.operation ?? '',
    created: info?.created ?? '',
    createdMs: lock.createdMs,
    claims: lockClaims(lock),
  };
}

/** What is known of the lock of a change, with what a later look at the same lock adds. */
export function joinLockFacts(kept: LockFacts | undefined, seen: LockFacts | undefined): LockFacts | undefined {
  if (kept === undefined || seen === undefined) return kept ?? seen;
  const isSame = kept.id === '' ? kept.createdMs === seen.createdMs : kept.id === seen.id;
  if (kept.operation === '' && !isSame) return seen;
  return isSame && seen.claims.length > kept.claims.length ? { ...kept, ...seen } : kept;
}

export function formatOpenChange(change: OpenChange): string {
  return JSON.stringify(change);
}

/** `text` was written by formatOpenChange in this database; `lock` may be missing in it. */
export function parseOpenChange(text: string): OpenChange {
  const change = JSON.parse(text) as OpenChange;
  return { ...change, lock: change.lock };
}

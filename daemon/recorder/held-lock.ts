// A lock that stands beside a state now, as it may be shown: for the question who is at work. Plans have locks too.
import type { Claim } from '../record/observation.ts';
import type { LockSighting } from '../sources/source.ts';
import { formatTime } from './environment.ts';
import { hideInLockFacts, type Covers } from './known-secrets.ts';
import { toLockFacts } from './open-change.ts';

export interface HeldLock {
  /** Name of the state; '' for one that the log does not know yet. */
  readonly state: string;
  readonly reference: string;
  /** '' where the lock file may not be read. */
  readonly id: string;
  readonly operation: string;
  /** RFC 3339: when the lock file was made. */
  readonly since: string;
  /** By the kernel. */
  readonly holder: LockSighting['holder'];
  readonly claims: readonly Claim[];
}

/** Whoever owns a file sets its time: it is kept inside the years the format has. */
const LATEST_MS = 253_402_300_799_999;

export function toHeldLock(lock: LockSighting, state: string, reference: string, covers: Covers): HeldLock {
  const { id, operation, claims } = hideInLockFacts(toLockFacts(lock), covers);
  const since = formatTime(Math.min(Math.max(0, lock.createdMs), LATEST_MS));
  return { state, reference, id, operation, since, holder: lock.holder, claims };
}

// What the store says about the locks of the objects that count, summed up. Locks are read back, never assumed; when
// they are shorter or weaker than the log promises, that is an anomaly: the store's or an operator's doing.
import type { ObjectLock } from '../archive/archive.ts';
import type { ObjectKind } from '../merkle/object-key.ts';
import type { Findings } from './findings.ts';
import type { ArchivePolicy } from './log-policy.ts';

/** What one version that counts is, and what the store says about its lock. */
export interface StoredLock {
  readonly kind: ObjectKind;
  readonly lock: ObjectLock;
}

export interface LockCounts {
  /** Locked objects whose lock has not ended. */
  readonly protectedCount: number;
  /** Locked once, free to be deleted now. */
  readonly endedCount: number;
  readonly unlockedCount: number;
  /** Protected still, and not for longer than was asked about. */
  readonly endingSoonCount: number;
  /** RFC 3339; '' when nothing is protected. */
  readonly shortestLockEnd: string;
}

export interface RetentionReport extends LockCounts {
  /** In order of the alphabet. */
  readonly modes: readonly string[];
  /** Seals and checkpoints, without which nothing can be verified. */
  readonly structure: LockCounts;
  /** Batches and blobs, which may expire. */
  readonly content: LockCounts;
}

export interface Promised {
  /** By the manifest of the batch; 0 = nothing. */
  readonly contentDays: number;
  /** By the log's own lines; undefined where they say nothing. */
  readonly policy: ArchivePolicy | undefined;
  readonly prev: number;
}

export interface RetentionOptions {
  readonly nowMs: number;
  /** Locks that end within this time from now are counted; default 0: none. */
  readonly endingSoonMs?: number;
}

export interface Retention {
  add(locks: readonly StoredLock[], promised: Promised): void;
  report(): RetentionReport;
}

const dayMs = 86_400_000;
/** The lock is computed before the write begins, by the same clock that then tells LastModified. */
const toleranceMs = 3_600_000;

export function createRetention(options: RetentionOptions, findings: Findings): Retention {
  const modes = new Set<string>();
  const all = createLockCounter(options);
  const structure = createLockCounter(options);
  const content = createLockCounter(options);
  return {
    add(locks, promised) {
      for (const { kind, lock } of locks) {
        const isProtected = all.add(lock);
        (isStructure(kind) ? structure : content).add(lock);
        if (isProtected) modes.add(lock.mode);
        judge(lock, promisedFor(kind, promised), promised, findings);
      }
    },
    report: () => ({
      ...all.counts(),
      modes: [...modes].sort(),
      structure: structure.counts(),
      content: content.counts(),
    }),
  };
}

function createLockCounter({ nowMs, endingSoonMs = 0 }: RetentionOptions) {
  const counts = { protectedCount: 0, endedCount: 0, unlockedCount: 0, endingSoonCount: 0 };
  let shortestMs = Infinity;
  return {
    /** Whether the lock holds now. */
    add({ mode, retainUntil }: ObjectLock): boolean {
      const untilMs = Date.parse(retainUntil);
      const isLocked = mode !== 'none' && !Number.isNaN(untilMs);
      if (!isLocked) counts.unlockedCount += 1;
      else if (untilMs <= nowMs) counts.endedCount += 1;
      else {
        counts.protectedCount += 1;
        if (untilMs <= nowMs + endingSoonMs) counts.endingSoonCount += 1;
        shortestMs = Math.min(shortestMs, untilMs);
        return true;
      }
      return false;
    },
    counts: (): LockCounts => ({
      ...counts,
      shortestLockEnd: Number.isFinite(shortestMs) ? new Date(shortestMs).toISOString() : '',
    }),
  };
}

function isStructure(kind: ObjectKind): boolean {
  return kind === 'seal' || kind === 'checkpoint';
}

/** Days; 0 = none promised. Without a policy in the log, seals are held to what the manifest says of content. */
function promisedFor(kind: ObjectKind, { contentDays, policy }: Promised): number {
  if (!isStructure(kind) || policy === undefined) return contentDays;
  return policy.mode === 'none' ? 0 : policy.structureDays;
}

function judge(lock: ObjectLock, days: number, { policy, prev }: Promised, findings: Findings): void {
  const { key, versionId, mode, retainUntil, lastModified } = lock;
  const place = { key, versionId, prev };
  const lockedMs = Date.parse(retainUntil) - Date.parse(lastModified);
  if (days > 0 && (mode === 'none' || !(lockedMs >= days * dayMs - toleranceMs))) {
    const got = mode === 'none' ? 'none' : 'a shorter one';
    findings.add('anomaly', {
      ...place,
      code: 'retention-short',
      message: `expected a lock of ${days} days, got ${got}`,
    });
  }
  if (mode === 'GOVERNANCE' && policy?.mode === 'COMPLIANCE') {
    const message = 'expected a lock in COMPLIANCE mode, as the log says, got one in GOVERNANCE mode';
    findings.add('anomaly', { ...place, code: 'retention-weaker', message });
  }
}

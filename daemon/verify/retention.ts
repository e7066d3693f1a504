// What the store says about the locks of the objects that count, summed up. Locks are read back, never assumed; when
// they are too short for the policy that the manifest names, that is an anomaly: the store's or an operator's doing.
import type { Receipt } from '../archive/archive.ts';
import type { Findings } from './findings.ts';

export interface RetentionReport {
  /** Locked objects whose lock has not ended. */
  readonly protectedCount: number;
  /** Locked once, free to be deleted now. */
  readonly endedCount: number;
  readonly unlockedCount: number;
  /** In order of the alphabet. */
  readonly modes: readonly string[];
  /** RFC 3339; '' when nothing is protected. */
  readonly shortestLockEnd: string;
}

export interface Retention {
  /** `contentDays`: what the manifest of their batch promises; 0 = nothing. */
  add(receipts: readonly Receipt[], contentDays: number, prev: number): void;
  report(): RetentionReport;
}

const dayMs = 86_400_000;
/** The lock is computed before the write begins, by the same clock that then tells LastModified. */
const toleranceMs = 3_600_000;

export function createRetention(nowMs: number, findings: Findings): Retention {
  const counts = { protectedCount: 0, endedCount: 0, unlockedCount: 0 };
  const modes = new Set<string>();
  let shortestMs = Infinity;
  const count = ({ mode, retainUntil }: Receipt): void => {
    const untilMs = Date.parse(retainUntil);
    if (mode === 'none' || Number.isNaN(untilMs)) counts.unlockedCount += 1;
    else if (untilMs <= nowMs) counts.endedCount += 1;
    else {
      counts.protectedCount += 1;
      modes.add(mode);
      shortestMs = Math.min(shortestMs, untilMs);
    }
  };
  return {
    add(receipts, contentDays, prev) {
      for (const receipt of receipts) {
        count(receipt);
        if (!isLongEnough(receipt, contentDays)) findings.add('anomaly', tooShort(receipt, contentDays, prev));
      }
    },
    report: () => ({
      ...counts,
      modes: [...modes].sort(),
      shortestLockEnd: Number.isFinite(shortestMs) ? new Date(shortestMs).toISOString() : '',
    }),
  };
}

function isLongEnough({ mode, retainUntil, lastModified }: Receipt, days: number): boolean {
  if (days === 0) return true;
  const lockedMs = Date.parse(retainUntil) - Date.parse(lastModified);
  return mode !== 'none' && lockedMs >= days * dayMs - toleranceMs;
}

function tooShort({ key, versionId, mode }: Receipt, days: number, prev: number) {
  const got = mode === 'none' ? 'none' : 'a shorter one';
  return { code: 'retention-short', message: `expected a lock of ${days} days, got ${got}`, key, versionId, prev };
}

// Counts the records of accepted batches: read and verified, or expired and known by their hashes, and hands each line to
// the second verdict.
import type { Completeness } from './completeness.ts';
import type { Accepted } from './chain.ts';
import type { GroupContent } from './content-objects.ts';
import { createExpiredRanges, type ExpiredReport } from './expired-ranges.ts';
import type { Findings } from './findings.ts';
import type { ArchivePolicy } from './log-policy.ts';
import { judgeMissing, mayBeExpired } from './missing-content.ts';
import { readFacts } from './record-facts.ts';

export interface LineCounter {
  add(accepted: Accepted, content: GroupContent | undefined, policy: ArchivePolicy | undefined): void;
  verifiedCount(): number;
  expiredCount(): number;
  expired(): ExpiredReport;
}

export interface LineCounterOptions {
  readonly from: number;
  readonly nowMs: number;
  readonly isStrict: boolean;
}

export function createLineCounter(
  completeness: Completeness,
  findings: Findings,
  { from, nowMs, isStrict }: LineCounterOptions,
): LineCounter {
  const expired = createExpiredRanges(from);
  let verifiedCount = 0;
  let expiredCount = 0;
  return {
    verifiedCount: () => verifiedCount,
    expiredCount: () => expiredCount,
    expired: expired.report,
    add({ manifest, sealedMs }, content, policy) {
      const { prev, size, contentDays } = manifest;
      const isFree = mayBeExpired(manifest, sealedMs, nowMs);
      const missing = content?.missing ?? [];
      judgeMissing(missing, isFree, findings);
      if (content?.lines === undefined) {
        completeness.skip(size - prev);
        if (!isFree || !missing.some(({ object }) => object.kind === 'batch')) return;
        expiredCount += size - prev;
        expired.add({ from: prev, to: size, contentDays, mode: policy?.mode ?? '' });
        return;
      }
      verifiedCount += size - prev;
      for (const [offset, line] of content.lines.entries()) {
        const facts = readFacts(prev + offset, line, isStrict, findings);
        if (facts !== undefined) completeness.add(facts);
      }
    },
  };
}

// What a report says of time: which content has expired and under which promise, and how long the locks hold. Pure.
import { escapeText } from '../terminal.ts';
import type { ExpiredRange } from './expired-ranges.ts';
import { formatCount } from './render-count.ts';
import type { VerifyReport } from './report.ts';
import type { LockCounts, RetentionReport } from './retention.ts';

const MAX_RANGES = 10;

/** "pass from N; content of [0,N) expired under …, leaf hashes verified", or the ranges when they are not the first ones. */
export function expiredLines({ records, integrity }: Pick<VerifyReport, 'records' | 'integrity'>): string[] {
  const { expired, from, expiredCount } = records;
  if (expired.count === 0) return [];
  const { prefixEnd } = expired;
  const isPrefix = prefixEnd !== undefined && prefixEnd - from === expiredCount;
  const ranges = isPrefix ? [`[${from},${prefixEnd})`] : expired.list.slice(0, MAX_RANGES).map(rangeText);
  const more =
    isPrefix || expired.count <= ranges.length ? '' : ` and ${formatCount(expired.count - ranges.length)} more`;
  const pass = isPrefix && integrity === 'pass' ? `pass from ${prefixEnd}; ` : '';
  return [
    `${pass}content of ${ranges.join(', ')}${more} expired under ${policyText(expired.list)}, leaf hashes verified`,
  ];
}

/** Counts per class; what is not there is not said. */
export function lockTexts(retention: RetentionReport): string[] {
  const { modes, structure, content } = retention;
  const mode = modes.length === 0 ? '' : ` (${modes.map(escapeText).join(', ')})`;
  return [...classText(`seals and checkpoints${mode}`, structure), ...classText(`batches and blobs${mode}`, content)];
}

function classText(name: string, { protectedCount, endedCount, unlockedCount, shortestLockEnd }: LockCounts): string[] {
  const parts = [
    ...(protectedCount > 0
      ? [`${formatCount(protectedCount)} locked, the shortest lock ends ${shortestLockEnd.slice(0, 10)}`]
      : []),
    ...(unlockedCount > 0 ? [`${formatCount(unlockedCount)} not locked`] : []),
    ...(endedCount > 0 ? [`${formatCount(endedCount)} with a lock that has ended`] : []),
  ];
  return parts.length === 0 ? [] : [`${name}: ${parts.join(', ')}`];
}

function rangeText({ from, to }: ExpiredRange): string {
  return `[${from},${to})`;
}

function policyText(ranges: readonly ExpiredRange[]): string {
  const policies = ranges.map(
    ({ contentDays, mode }) => `content-days ${contentDays}${mode === '' ? '' : ` (${mode})`}`,
  );
  return [...new Set(policies)].join(', ');
}

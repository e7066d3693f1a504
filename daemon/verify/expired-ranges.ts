// Which records are known by their leaf hash alone, because their content was free to go and is gone, and under which
// promise. Ranges that follow one another under one promise are one.
import type { ArchivePolicy } from './log-policy.ts';

/** Records [from, to). */
export interface ExpiredRange {
  readonly from: number;
  readonly to: number;
  /** What the manifests of these records promise. */
  readonly contentDays: number;
  /** What the log says of its locks at that time, '' where it does not. */
  readonly mode: ArchivePolicy['mode'] | '';
}

export interface ExpiredReport {
  readonly count: number;
  /** The first ones. */
  readonly list: readonly ExpiredRange[];
  /** End of the expired records that the check began with: content passes from here on. Undefined: none of those. */
  readonly prefixEnd: number | undefined;
}

const MAX_RANGES = 1000;

export interface ExpiredRanges {
  add(range: ExpiredRange): void;
  readonly report: () => ExpiredReport;
}

export function createExpiredRanges(start: number): ExpiredRanges {
  const list: ExpiredRange[] = [];
  let last: ExpiredRange | undefined;
  let count = 0;
  let prefixEnd: number | undefined;
  return {
    add(range) {
      if (range.from === (prefixEnd ?? start)) prefixEnd = range.to;
      const isSame = last?.to === range.from && last.contentDays === range.contentDays && last.mode === range.mode;
      if (isSame && last !== undefined) last = { ...last, to: range.to };
      else {
        count += 1;
        last = range;
      }
      if (count <= MAX_RANGES) list[count - 1] = last;
    },
    report: () => ({ count, list, prefixEnd }),
  };
}

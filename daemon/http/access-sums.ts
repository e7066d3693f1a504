// Who read what: sums per principal and hour, exports one by one, as the data of log.accessed. What is summed is also
// handed over to be kept, so that a crash loses seconds of it and not an hour.
import type { AccessReads } from '../record/access-data.ts';

const HOUR_MS = 3_600_000;

/** Reads of one principal in one hour. */
export interface AccessSum {
  readonly principal: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly reads: readonly AccessReads[];
}

export interface AccessSums {
  read(principal: string, resource: string): void;
  /** Sums of hours that are over; all of them with `isEnd`. They are taken out. */
  take(isEnd: boolean): readonly AccessSum[];
  /** What is summed now, to be kept over a crash. */
  kept(): readonly AccessSum[];
}

interface OpenSum {
  readonly principal: string;
  readonly sinceMs: number;
  untilMs: number;
  readonly counts: Map<string, number>;
}

const MAX_OPEN = 1024;
const OTHERS = 'others';

/** `now`: milliseconds since the epoch. */
export function createAccessSums(now: () => number): AccessSums {
  const open = new Map<string, OpenSum>();
  const sumOf = (principal: string): OpenSum => {
    const hour = Math.floor(now() / HOUR_MS);
    const key = `${hour} ${principal}`;
    const found = open.get(key);
    if (found !== undefined) return found;
    // A proxy can name more people than there is memory for.
    if (open.size >= MAX_OPEN && principal !== OTHERS) return sumOf(OTHERS);
    const sum = { principal, sinceMs: now(), untilMs: now(), counts: new Map<string, number>() };
    open.set(key, sum);
    return sum;
  };
  return {
    read(principal, resource) {
      const sum = sumOf(principal);
      sum.untilMs = Math.max(sum.untilMs, now());
      sum.counts.set(resource, (sum.counts.get(resource) ?? 0) + 1);
    },
    take(isEnd) {
      const hour = Math.floor(now() / HOUR_MS);
      const over = [...open].filter(([key]) => isEnd || Number(key.slice(0, key.indexOf(' '))) !== hour);
      over.forEach(([key]) => open.delete(key));
      return over.map(([, sum]) => toSum(sum));
    },
    kept: () => [...open.values()].map(toSum),
  };
}

function toSum({ principal, sinceMs, untilMs, counts }: OpenSum): AccessSum {
  const reads = [...counts].map(([resource, count]) => ({ resource, count }));
  return { principal, sinceMs, untilMs, reads: reads.sort((a, b) => (a.resource < b.resource ? -1 : 1)) };
}

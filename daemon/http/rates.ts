// How much one principal may ask, and how many wrong credentials are answered: token buckets in memory.

export interface Rate {
  /** Requests that may come at once. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface Rates {
  /** True when one more is allowed now; it is counted then. */
  take(key: string): boolean;
}

const MAX_KEYS = 1024;

/** `now`: milliseconds of a clock that nobody sets back. */
export function createRates({ burst, perSecond }: Rate, now: () => number): Rates {
  const buckets = new Map<string, { left: number; atMs: number }>();
  return {
    take(key) {
      const atMs = now();
      const kept = buckets.get(key) ?? { left: burst, atMs };
      const left = Math.min(burst, kept.left + ((atMs - kept.atMs) / 1000) * perSecond);
      // The least recently used goes first: it is the fullest.
      buckets.delete(key);
      const oldest = buckets.size >= MAX_KEYS ? buckets.keys().next().value : undefined;
      if (oldest !== undefined) buckets.delete(oldest);
      buckets.set(key, { left: left >= 1 ? left - 1 : left, atMs });
      return left >= 1;
    },
  };
}

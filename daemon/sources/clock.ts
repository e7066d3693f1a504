// Time as the sources use it: one monotonic clock for deadlines, one wall clock to compare with file times, one timer.
// Knows nothing of files or states.

export interface SourceClock {
  /** Milliseconds that only go forward; the origin means nothing. */
  monotonicMs(): number;
  /** Milliseconds since the epoch: may jump. */
  wallMs(): number;
  /** Runs `run` once after `delayMs`; the returned function cancels. */
  after(delayMs: number, run: () => void): () => void;
}

/** The machine's own clocks and timers. */
export const systemClock: SourceClock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs, run) => {
    const timer = setTimeout(run, delayMs);
    return () => {
      clearTimeout(timer);
    };
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects, leaves no timer behind. */
export function pause(clock: SourceClock, delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.after(delayMs, finish);
    signal.addEventListener('abort', finish, { once: true });
  });
}

// States of a bucket that came and went between two polls, such as a workspace of a test: a listing of what is there
// never shows them. Now and then the versions written since are listed, within a small share of the time.
import type { BucketClient } from './bucket-client.ts';
import type { SourceClock } from './clock.ts';

export interface SweepOptions {
  readonly client: Pick<BucketClient, 'keysSince' | 'skewMs'>;
  readonly clock: SourceClock;
  readonly prefixes: readonly string[];
  readonly pollMs: number;
  readonly maxKeys: number;
  /** Before the first poll has ended, too: where history is asked for. */
  readonly isDueAtOnce: boolean;
}

const POLLS_PER_SWEEP = 6;
/** A sweep takes a 50th of the time at most. */
const TIME_SHARE = 50;
/** Times of a store may be whole seconds, and its clock is not ours. */
export const CLOCK_GRAIN_MS = 2_000;

export class Sweep {
  readonly #options: SweepOptions;
  readonly #departed = new Set<string>();
  #nextMs: number;
  /** By the clock of the store. */
  #sweptToMs: number | undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
    this.#nextMs = options.isDueAtOnce ? 0 : options.clock.monotonicMs() + this.#pauseMs();
  }

  /** Keys that were written or deleted since `fromMs`, that `isKnown` does not know, and that nobody has looked at. */
  async keys(fromMs: number, isKnown: (key: string) => boolean): Promise<readonly string[]> {
    const { client, clock, prefixes, maxKeys } = this.#options;
    const startMs = clock.monotonicMs();
    if (startMs >= this.#nextMs) {
      const wallMs = clock.wallMs();
      for (const prefix of prefixes) {
        for (const key of await client.keysSince(prefix, this.#sweptToMs ?? fromMs, maxKeys)) {
          if (!isKnown(key)) this.#departed.add(key);
        }
      }
      this.#sweptToMs = wallMs + client.skewMs() - CLOCK_GRAIN_MS;
      const endMs = clock.monotonicMs();
      this.#nextMs = endMs + Math.max(this.#pauseMs(), TIME_SHARE * (endMs - startMs));
    }
    return [...this.#departed];
  }

  /** It is known from now on. */
  forget(key: string): void {
    this.#departed.delete(key);
  }

  #pauseMs(): number {
    return POLLS_PER_SWEEP * this.#options.pollMs;
  }
}

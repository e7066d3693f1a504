// The store's clock as its answers show it. Locks are dated by it, because the host's own clock may be set by anybody.
// Pure: the times of sending and receiving are arguments.

/** Skew from the `Date` header (RFC 9110 §6.6.1, whole seconds) of the last answer. */
export class StoreClock {
  #skewMs = 0;
  #hasAnswer = false;

  /** The store's clock minus ours, milliseconds; 0 before any answer. */
  get skewMs(): number {
    return this.#skewMs;
  }

  /** True once an answer told the time. */
  get hasAnswer(): boolean {
    return this.#hasAnswer;
  }

  /**
   * Takes the smallest skew that explains the answer: its second was somewhere between sending and receiving, so a
   * slow answer is not mistaken for a wrong clock. A header that is no time is ignored.
   */
  observe(dateHeader: string | undefined, sentMs: number, receivedMs: number): void {
    const earliestMs = dateHeader === undefined ? Number.NaN : Date.parse(dateHeader);
    if (Number.isNaN(earliestMs)) return;
    const lowestMs = earliestMs - receivedMs;
    const highestMs = earliestMs + 999 - sentMs;
    this.#skewMs = lowestMs > 0 ? lowestMs : Math.min(highestMs, 0);
    this.#hasAnswer = true;
  }

  /** When a lock of `days` must end so that it holds at least so long from a write that ends within `writeMs`. */
  retainUntil(nowMs: number, days: number, writeMs: number): Date {
    const endMs = nowMs + this.#skewMs + writeMs + days * 86_400_000;
    return new Date(Math.ceil(endMs / 1000) * 1000 + 1000);
  }
}

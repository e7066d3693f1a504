// Tells listeners to look: each reference once per turn of the event loop, later on request, never after close.
import type { SourceClock } from './clock.ts';

export class Pokes {
  readonly #clock: SourceClock;
  readonly #listeners: ((uri: string) => void)[] = [];
  readonly #pending = new Set<string>();
  readonly #timers = new Map<string, () => void>();
  #isClosed = false;
  #cancelTurn: (() => void) | undefined;

  constructor(clock: SourceClock) {
    this.#clock = clock;
  }

  listen(listener: (uri: string) => void): void {
    if (!this.#isClosed) this.#listeners.push(listener);
  }

  now(uri: string): void {
    if (this.#isClosed) return;
    this.#pending.add(uri);
    if (this.#cancelTurn !== undefined) return;
    const turn = setImmediate(() => {
      this.#flush();
    });
    this.#cancelTurn = () => {
      clearImmediate(turn);
    };
  }

  /** Keeps an earlier time when one is set for the reference. */
  later(uri: string, delayMs: number): void {
    if (this.#isClosed || this.#timers.has(uri)) return;
    const cancel = this.#clock.after(delayMs, () => {
      this.#timers.delete(uri);
      this.now(uri);
    });
    this.#timers.set(uri, cancel);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTurn?.();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#pending.clear();
    this.#listeners.length = 0;
  }

  #flush(): void {
    this.#cancelTurn = undefined;
    const uris = [...this.#pending];
    this.#pending.clear();
    for (const uri of uris) for (const listener of this.#listeners) listener(uri);
  }
}

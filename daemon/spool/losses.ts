// What was turned away, counted by account and reason until it is said in one record: a flood of rubbish becomes one
// line a minute, and nothing leaves the spool before that line is durable.
import type { SpoolLoss } from '../record/run-data.ts';

/** Rows of one record; further accounts are counted as `more`. */
const MAX_ROWS = 64;

export interface LossReport {
  readonly sinceMs: number;
  readonly lost: readonly SpoolLoss[];
  readonly more: number;
}

export class Losses {
  readonly #rows = new Map<string, { uid: string; reason: string; files: number; sizeBytes: number }>();
  #sinceMs = 0;

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  /** `sinceMs`: when it was left there. */
  add(uid: number, reason: string, sizeBytes: number, sinceMs: number): void {
    this.#sinceMs = this.isEmpty ? sinceMs : Math.min(this.#sinceMs, sinceMs);
    const key = `${uid}/${reason}`;
    const row = this.#rows.get(key) ?? { uid: `uid:${uid}`, reason, files: 0, sizeBytes: 0 };
    row.files += 1;
    row.sizeBytes += sizeBytes;
    this.#rows.set(key, row);
  }

  /** The heaviest rows; the counts begin anew. */
  take(): LossReport {
    const rows = [...this.#rows.values()].sort((a, b) => b.files - a.files || (a.uid < b.uid ? -1 : 1));
    const report = { sinceMs: this.#sinceMs, lost: rows.slice(0, MAX_ROWS), more: Math.max(0, rows.length - MAX_ROWS) };
    this.#rows.clear();
    return report;
  }
}

// One line on a terminal that says how far a long check has come, and is gone when it is done. Elsewhere: nothing.
import { formatCount } from './render-count.ts';
import type { VerifyProgress } from './verify-archive.ts';

export interface ProgressTerminal {
  stderr(text: string): void;
  now(): number;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly quiet: boolean;
}

export interface ProgressBar {
  readonly show: (progress: VerifyProgress) => void;
  /** Leaves no trace; may be called twice. */
  readonly clear: () => void;
}

const BAR_WIDTH = 28;
const PAUSE_MS = 100;
/** Goes to the first column and erases the line. */
const ERASE = '\r\u001b[K';

export function createProgressBar(terminal: ProgressTerminal, isSilent: boolean): ProgressBar {
  const isShown = terminal.isTerminal && !terminal.quiet && !isSilent;
  let lastMs = -Infinity;
  let isDirty = false;
  return {
    show(progress) {
      if (!isShown || terminal.now() - lastMs < PAUSE_MS) return;
      lastMs = terminal.now();
      isDirty = true;
      const text = progressText(progress);
      terminal.stderr(ERASE + (terminal.columns > 0 ? text.slice(0, terminal.columns - 1) : text));
    },
    clear() {
      if (isDirty) terminal.stderr(ERASE);
      isDirty = false;
    },
  };
}

function progressText({ listedCount, batchCount, batchTotal, recordCount }: VerifyProgress): string {
  if (batchTotal === 0) return `listing  ${formatCount(listedCount)} objects`;
  const share = batchTotal === 0 ? 1 : Math.min(1, batchCount / batchTotal);
  const full = Math.round(share * BAR_WIDTH);
  const bar = '█'.repeat(full) + '░'.repeat(BAR_WIDTH - full);
  return `reading  ${bar}  ${formatCount(recordCount)} records, ${formatCount(batchCount)} of ${formatCount(batchTotal)} batches`;
}

// The wrapper's end of the channel to its reporter, a process of its own session: whatever hangs there (a disk, a
// backend) hangs without us, and what the terminal or a runner signals to the job does not reach it.
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Delivery } from '../spool/deliver.ts';
import type { ReporterAnswer, ReporterRequest } from './reporter-messages.ts';

export interface ReporterLink {
  /** Never blocks and never throws; lost when the reporter is gone. */
  send(request: ReporterRequest): void;
  /**
   * The answer to a step, or 'timeout' when there is none within the budget. Time that the reporter announced for
   * asking the backend is not counted.
   */
  answer(step: 'started' | 'finished', budgetMs: number): Promise<Delivery>;
  /** Lets go: what is still to be done the reporter does alone. */
  close(): void;
}

const HINT_GONE = 'the process that writes the record could not be started, or ended: see stateseal doctor';
const HINT_LATE = 'the record is written later, or not: see stateseal status';

export function startReporter(): ReporterLink {
  const file = import.meta.url.endsWith('.ts') ? './reporter.ts' : './reporter.js';
  const answers = new AnswerBook();
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    cwd: '/',
    detached: true,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  child.on('error', () => answers.fail());
  child.on('exit', () => answers.fail());
  child.on('message', (message) => answers.take(message as ReporterAnswer));
  return {
    send: (request) => send(child, request),
    answer: (step, budgetMs) => answers.wait(step, budgetMs),
    close: () => letGo(child),
  };
}

/** What has been answered, and who waits for what has not. */
class AnswerBook {
  readonly #given = new Map<string, Delivery>();
  #isGone = false;
  #extensionMs = 0;
  #wake: () => void = () => undefined;

  take(answer: ReporterAnswer): void {
    if (answer.type === 'pulling') this.#extensionMs = answer.withinMs;
    else this.#given.set(answer.type, answer.delivery);
    this.#wake();
  }

  fail(): void {
    this.#isGone = true;
    this.#wake();
  }

  async wait(step: 'started' | 'finished', budgetMs: number): Promise<Delivery> {
    let leftMs = budgetMs;
    for (;;) {
      const given = this.#given.get(step);
      if (given !== undefined) return given;
      if (this.#isGone) return { outcome: 'refused', reason: 'failed', hint: HINT_GONE };
      const startedMs = performance.now();
      const isWoken = await this.#pause(leftMs);
      leftMs = Math.max(0, leftMs - (performance.now() - startedMs)) + this.#extensionMs;
      this.#extensionMs = 0;
      if (!isWoken && leftMs <= 0) return { outcome: 'refused', reason: 'timeout', hint: HINT_LATE };
    }
  }

  #pause(milliseconds: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  }
}

function send(child: ChildProcess, request: ReporterRequest): void {
  if (!child.connected) return;
  // The callback takes the error of a reporter that is gone; without it the error is an event that ends us.
  child.send(request, () => undefined);
}

function letGo(child: ChildProcess): void {
  child.removeAllListeners();
  child.on('error', () => undefined);
  if (child.connected) child.disconnect();
  child.unref();
}

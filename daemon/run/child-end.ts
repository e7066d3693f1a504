// Ends as the child ended: with its code, or by its signal, so that whoever waits for us sees the same.
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Node would not die of these: it ignores the first, and opens its inspector at the second. */
const UNRAISABLE: readonly string[] = ['SIGPIPE', 'SIGUSR1'];
/** The signal is delivered at once; if it is blocked, the code says the same. */
const DELIVERY_MS = 1000;

/** The exit code, when it was not a signal; a shell's 128 + n where we cannot die of it. */
export async function endAs(code: number, signal: NodeJS.Signals | undefined): Promise<number> {
  if (signal === undefined) return code;
  if (!UNRAISABLE.includes(signal)) {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
    await delay(DELIVERY_MS);
  }
  return 128 + constants.signals[signal];
}

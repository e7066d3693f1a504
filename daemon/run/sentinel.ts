// Was a signal meant for the whole job, or for us alone? A shell that only waits stands in the same process group: what
// was sent to the group (a terminal's Ctrl-C, a runner's kill, a service's stop) has reached it, too. Terraform takes a
// second interrupt as "stop at once and lose what is running", so a signal it got already must not be passed on.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** kill(2) of a group walks its members: ours may come a moment before the sentinel's. */
const LOOKS = 6;
const LOOK_EVERY_MS = 10;

export class Sentinel {
  #child: ChildProcess | undefined;
  #hasEnded = false;

  constructor() {
    this.#start();
  }

  /** True when the signal reached the sentinel as well; false when it did not, or when there is none to ask. */
  async hasGot(signal: NodeJS.Signals): Promise<boolean> {
    for (let look = 0; look < LOOKS; look += 1) {
      if (this.#isStruck(signal)) {
        if (signal !== 'SIGTSTP') this.#start();
        return true;
      }
      await delay(LOOK_EVERY_MS);
    }
    return false;
  }

  close(): void {
    this.#child?.removeAllListeners();
    this.#child?.kill('SIGKILL');
    this.#child?.unref();
    this.#child = undefined;
  }

  #start(): void {
    this.#child?.removeAllListeners();
    this.#hasEnded = false;
    // It ends with us, however we end: nobody writes to its input.
    const child = spawn('/bin/sh', ['-c', 'ulimit -c 0; read -r _'], { cwd: '/', stdio: ['pipe', 'ignore', 'ignore'] });
    child.on('error', () => (this.#child = undefined));
    child.on('exit', () => (this.#hasEnded = true));
    child.stdin.on('error', () => undefined);
    this.#child = child;
  }

  #isStruck(signal: NodeJS.Signals): boolean {
    const pid = this.#child?.pid;
    if (pid === undefined) return false;
    if (this.#hasEnded) return signal !== 'SIGTSTP';
    return isStruck(readStatus(pid), signal);
  }
}

/** From the text of /proc/<pid>/status (proc(5)): dead, stopped, or about to be. */
export function isStruck(status: string, signal: NodeJS.Signals): boolean {
  const state = /^State:\s+(\S)/mu.exec(status)?.[1] ?? '';
  const pending = [...status.matchAll(/^(?:SigPnd|ShdPnd):\s+([0-9a-f]+)$/gmu)].map(([, mask]) => BigInt(`0x${mask}`));
  const has = (name: NodeJS.Signals): boolean =>
    pending.some((mask) => (mask & (1n << BigInt(constants.signals[name] - 1))) !== 0n);
  if (signal === 'SIGTSTP') return state === 'T' || has('SIGTSTP');
  // The kernel makes a deadly signal pending as SIGKILL at once, before the process runs again.
  return state === 'Z' || state === 'X' || has(signal) || has('SIGKILL');
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1');
  } catch {
    return ''; // No /proc here: its end is an event that comes a little later.
  }
}

// The command line as a process of its own: what it prints, its exit code, and signals. Nothing outlives `close`.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const BIN = fileURLToPath(new URL('../../daemon/bin.ts', import.meta.url));

export interface ProcessOptions {
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of node itself, before the program. */
  readonly nodeArgs?: readonly string[];
}

export interface Finished {
  /** null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StatesealProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves once standard output or error match; rejects when the process ends before, or after `timeoutMs`. */
  until(pattern: RegExp, timeoutMs?: number): Promise<void>;
  finished(): Promise<Finished>;
  stop(signal?: NodeJS.Signals): Promise<Finished>;
}

/** Starts `stateseal` with these arguments. */
export function spawnStateseal(args: readonly string[], options: ProcessOptions = {}): StatesealProcess {
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), BIN, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
      listeners.forEach((listener) => listener());
    });
  }
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...text }));
  const until = async (pattern: RegExp, timeoutMs = 30_000): Promise<void> => {
    let listener: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const seen = new Promise<void>((resolve, reject) => {
      listener = () => (pattern.test(text.stdout + text.stderr) ? resolve() : undefined);
      timer = setTimeout(() => reject(new Error(`no ${pattern} in ${timeoutMs} ms: ${tail(text)}`)), timeoutMs);
      void ended.then(() => reject(new Error(`ended before ${pattern}: ${tail(text)}`)));
    });
    listeners.add(listener);
    listener();
    await seen.finally(() => {
      clearTimeout(timer);
      listeners.delete(listener);
    });
  };
  return {
    pid: child.pid ?? 0,
    child,
    stdout: () => text.stdout,
    stderr: () => text.stderr,
    until,
    finished: () => ended,
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}

/** Runs it to its end. */
export function runStateseal(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
  return spawnStateseal(args, options).finished();
}

function tail({ stdout, stderr }: { readonly stdout: string; readonly stderr: string }): string {
  return `${stdout.slice(-1000)}\n${stderr.slice(-1000)}`;
}

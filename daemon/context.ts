// The world of a verb on the real machine: terminal, clock, data directory, bounded reads, signals.
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { ServiceContext } from './commands/service.ts';
import { resolveDataDir, wantsColor } from './config-environment.ts';
import { loadConfig } from './config.ts';
import { ConfigError, describeForeign } from './errors.ts';
import type { GlobalFlags } from './global-flags.ts';

const MAX_FILE_BYTES = 512 * 1024 * 1024 - 1;

export function createContext(flags: GlobalFlags): Promise<ServiceContext> {
  const isTerminal = process.stdout.isTTY;
  const signals = createSignals();
  return Promise.resolve({
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    isTerminal,
    columns: isTerminal ? process.stdout.columns : 0,
    color: isTerminal && !flags.noColor && wantsColor(),
    json: flags.json,
    quiet: flags.quiet,
    now: () => Date.now(),
    get dataDir() {
      return resolveDataDir(flags.dataDir, process.cwd());
    },
    readFile: readBounded,
    readStdin,
    pause: (milliseconds) => signals.pause(milliseconds),
    loadConfig: (own) =>
      loadConfig(
        {
          ...own,
          ...(flags.dataDir === undefined ? {} : { dataDir: flags.dataDir }),
          ...(flags.config === undefined ? {} : { config: flags.config }),
        },
        process.cwd(),
      ),
    untilStopped: () => signals.untilStopped(),
  });
}

function createSignals() {
  let stop: (signal: string) => void = () => undefined;
  let isListening = false;
  const stopped = new Promise<string>((resolve) => (stop = resolve));
  const listen = (): void => {
    if (isListening) return;
    isListening = true;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => stop(signal));
  };
  return {
    untilStopped(): Promise<string> {
      listen();
      return stopped;
    },
    async pause(milliseconds: number): Promise<boolean> {
      listen();
      let timer: NodeJS.Timeout | undefined;
      const waited = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(true), milliseconds);
      });
      const isOver = await Promise.race([waited, stopped.then(() => false)]);
      clearTimeout(timer);
      return isOver;
    },
  };
}

/** Never blocks on a FIFO, never reads a device, never more than one string can hold. */
async function readBounded(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await file.stat();
      if (!stat.isFile()) throw refuse(path, 'a regular file', 'something else');
      if (stat.size > MAX_FILE_BYTES) throw refuse(path, `at most ${MAX_FILE_BYTES} bytes`, `${stat.size}`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('file-unreadable', `could not read ${path}: ${describeForeign(error)}`, {
      hint: 'check the path and the rights on it',
    });
  }
}

function refuse(path: string, expected: string, got: string): ConfigError {
  return new ConfigError('file-unreadable', `expected ${expected} at ${path}, got ${got}`, {
    hint: 'name a state file, a record or a proof',
  });
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_FILE_BYTES) throw refuse('standard input', `at most ${MAX_FILE_BYTES} bytes`, 'more');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// The world of a verb on the real machine: terminal, clock, data directory, bounded reads, signals.
import { open } from 'node:fs/promises';
import { constants } from 'node:fs';
import type { ServiceContext } from './commands/service.ts';
import { loadConfig, resolveDataDir, wantsColor } from './config.ts';
import { ConfigError, describeForeign } from './errors.ts';

export interface GlobalFlags {
  readonly dataDir: string | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
  readonly noColor: boolean;
  readonly quiet: boolean;
  readonly version: boolean;
}

const MAX_FILE_BYTES = 512 * 1024 * 1024 - 1;

/** Takes the flags every verb shares out of a command line, wherever they stand before a bare "--". */
export function splitGlobalFlags(argv: readonly string[]): { flags: GlobalFlags; rest: readonly string[] } {
  const rest: string[] = [];
  const found = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    const [name = '', inline] = splitAtEquals(word);
    if (name === '--data-dir' || name === '--config') {
      found.set(name, inline ?? argv[(index += 1)] ?? missing(name));
    } else if (FLAGS.has(word)) found.set(FLAGS.get(word) ?? word, '');
    else rest.push(word);
  }
  return {
    flags: {
      dataDir: found.get('--data-dir'),
      config: found.get('--config'),
      json: found.has('--json'),
      noColor: found.has('--no-color'),
      quiet: found.has('--quiet'),
      version: found.has('--version'),
    },
    rest,
  };
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--json', '--json'],
  ['--no-color', '--no-color'],
  ['--quiet', '--quiet'],
  ['-q', '--quiet'],
  ['--version', '--version'],
  ['-v', '--version'],
]);

function splitAtEquals(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function missing(flag: string): never {
  throw new ConfigError('usage', `expected a value after ${flag}, got none`, { hint: 'see: stateseal --help' });
}

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

// `stateseal watch` inside the test's process: the real verb with its screen, its doors and its files, and everything it
// prints or answers kept as text. Knows nothing of what the states hold.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from '../../daemon/commands/command.ts';
import { logCommand } from '../../daemon/commands/log.ts';
import { proveCommand } from '../../daemon/commands/prove.ts';
import type { ServiceContext } from '../../daemon/commands/service.ts';
import { showCommand } from '../../daemon/commands/show.ts';
import { statusCommand } from '../../daemon/commands/status.ts';
import { verifyCommand } from '../../daemon/commands/verify.ts';
import { watch } from '../../daemon/commands/watch.ts';
import { loadConfig, type Config } from '../../daemon/config.ts';
import { callDaemon } from '../../daemon/control.ts';
import { CONTROL_FILE, DATABASE_FILE } from '../../daemon/daemon.ts';
import { StatesealError } from '../../daemon/errors.ts';
import type { RecordType } from '../../daemon/record/data.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import type { StoredRecord } from '../../daemon/store/queries-summary.ts';
import { createStates } from '../../daemon/store/states.ts';
import { createToken } from '../../daemon/tokens.ts';
import { readFolder, toPlace, type Place } from './canary-hunt.ts';

export interface WatchedOptions extends Partial<
  Pick<Config, 'quietMs' | 'redaction' | 'maxFileBytes' | 'archive' | 'dataDir'>
> {
  readonly roots: readonly string[];
  readonly http?: boolean;
  readonly json?: boolean;
}

export interface Watched {
  readonly dataDir: string;
  stdout(): string;
  stderr(): string;
  /** Leaves so far. */
  size(): number;
  records(...types: readonly RecordType[]): readonly StoredRecord[];
  untilRecords(type: RecordType, count: number, limitMs?: number): Promise<readonly StoredRecord[]>;
  /** Looks until nothing more comes and no change is open. */
  settled(limitMs?: number): Promise<void>;
  seal(): Promise<void>;
  /** What every verb, the API and the control socket say, each answer a place; sealed records needed for proofs. */
  answers(fromLeaf?: number): Promise<Place[]>;
  /** What one verb prints. */
  say(command: Pick<Command, 'name'> & { run: ServiceRun }, ...args: readonly string[]): Promise<string>;
  /** All that is on disk now, and all that was printed. */
  written(): Promise<Place[]>;
  /** Seals and stops; the exit code. */
  stop(): Promise<number>;
  /** Stops when it runs, and removes the data directory. */
  close(): Promise<void>;
}

const LIMIT_MS = 20_000;

export async function openWatched(options: WatchedOptions): Promise<Watched> {
  const { roots, http = false, json = false, ...overrides } = options;
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'stateseal-watched-')));
  const flags = { dataDir, roots, httpPort: http ? '0' : 'off', sealAfter: '86400' };
  const config: Config = { ...(await loadConfig(flags, dataDir, {})), quietMs: 150, ...overrides };
  const printed = { stdout: '', stderr: '' };
  let stopNow: (signal: string) => void = () => undefined;
  const stopped = new Promise<string>((resolve) => (stopNow = resolve));
  const context = createWatchContext(config, printed, json, stopped);
  let code: number | undefined;
  const ended = watch(config, context).then((result) => (code = result));
  ended.catch(() => undefined);
  const isReady = async (): Promise<boolean> => {
    const called = callDaemon(join(dataDir, CONTROL_FILE), 'status', LIMIT_MS);
    return called.then(() => json || printed.stdout.includes('ready.')).catch(() => false);
  };
  await Promise.race([untilAsync('the daemon', isReady, LIMIT_MS), ended.then(() => undefined)]);
  const database = openDatabaseReadOnly(join(dataDir, DATABASE_FILE));
  const queries = createQueries(database, createBatches(database));
  const states = createStates(database);

  const records = (...types: readonly RecordType[]): readonly StoredRecord[] =>
    Array.from({ length: queries.size() }, (_, leafIndex) => queries.readRecord(leafIndex)).flatMap((stored) =>
      stored !== undefined && (types as readonly string[]).includes(stored.record.type) ? [stored] : [],
    );
  const control = (verb: 'look' | 'seal' | 'status'): Promise<object> =>
    callDaemon(join(dataDir, CONTROL_FILE), verb, LIMIT_MS);
  const verb = (command: Pick<Command, 'name'> & { run: ServiceRun }, args: readonly string[]): Promise<Place> =>
    runVerb(command, args, { ...context, json: args.includes('--json') });

  return {
    dataDir,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    size: () => queries.size(),
    records,
    async untilRecords(type, count, limitMs = LIMIT_MS) {
      await untilAsync(`${count} ${type}`, () => Promise.resolve(records(type).length >= count), limitMs);
      return records(type);
    },
    async settled(limitMs = LIMIT_MS) {
      for (let size = -1; size !== queries.size();) {
        size = queries.size();
        await control('look');
        const isIdle = (): Promise<boolean> => Promise.resolve(states.openChanges().length === 0);
        await untilAsync('open changes to close', isIdle, limitMs);
      }
    },
    seal: async () => void (await control('seal')),
    say: async (command, ...args) => (await verb(command, args)).bytes.toString(),
    async answers(fromLeaf = 0) {
      const changes = records('state.changed').filter(({ leafIndex }) => leafIndex >= fromLeaf);
      const leaves = Array.from({ length: queries.size() - fromLeaf }, (_, index) => String(fromLeaf + index));
      const places = [
        await verb(statusCommand, []),
        await verb(statusCommand, ['--json']),
        await verb(verifyCommand, ['--strict']),
        await verb(verifyCommand, ['--json']),
        toPlace('control status', JSON.stringify(await control('status'))),
      ];
      if (fromLeaf === 0) {
        for (const args of [[], ['--changes'], ['--json'], ['--json', '--changes'], ['--csv'], ['--stat']])
          places.push(await verb(logCommand, [...args, '-n', '1000']));
      }
      for (const leaf of leaves) {
        places.push(await verb(showCommand, [leaf]), await verb(showCommand, [leaf, '--json']));
      }
      places.push(await verb(proveCommand, [String(fromLeaf)]));
      for (const { record } of changes) places.push(await verb(showCommand, [record.id]));
      if (http) places.push(...(await askHttp(dataDir, printed.stdout, fromLeaf, queries.size())));
      return places;
    },
    written: async () => [
      ...(await readFolder(dataDir)),
      toPlace('stdout', printed.stdout),
      toPlace('stderr', printed.stderr),
    ],
    async stop() {
      stopNow('SIGINT');
      return ended;
    },
    async close() {
      stopNow('SIGINT');
      if (code === undefined) await ended.catch(() => undefined);
      database.close();
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true });
    },
  };
}

type ServiceRun = (args: readonly string[], context: ServiceContext) => Promise<number>;

function createWatchContext(
  config: Config,
  printed: { stdout: string; stderr: string },
  json: boolean,
  stopped: Promise<string>,
): ServiceContext {
  return {
    stdout: (text) => void (printed.stdout += text),
    stderr: (text) => void (printed.stderr += text),
    isTerminal: false,
    columns: 0,
    color: false,
    json,
    quiet: false,
    now: () => Date.now(),
    dataDir: config.dataDir,
    readFile: (path) => readFile(path),
    readStdin: () => Promise.resolve(new Uint8Array()),
    pause: () => Promise.resolve(false),
    loadConfig: () => Promise.resolve(config),
    untilStopped: () => stopped,
  };
}

/** What a verb prints, or what the command line would print of its error. */
async function runVerb(
  command: Pick<Command, 'name'> & { run: ServiceRun },
  args: readonly string[],
  context: ServiceContext,
): Promise<Place> {
  let text = '';
  const print = (more: string): void => void (text += more);
  try {
    await command.run(
      args.filter((arg) => arg !== '--json'),
      { ...context, stdout: print, stderr: print },
    );
  } catch (error) {
    if (!(error instanceof StatesealError)) throw error;
    text += `${error.message} [${error.code}] ${error.hint}`;
  }
  return toPlace(`${command.name} ${args.join(' ')}`, text);
}

async function askHttp(dataDir: string, stdout: string, from: number, to: number): Promise<Place[]> {
  const port = /http:\/\/127\.0\.0\.1:(\d+)/.exec(stdout)?.[1] ?? '';
  const [createdAt, states, expiresAt] = [new Date(0).toISOString(), undefined, undefined];
  const token = await createToken(dataDir, { name: randomUUID(), scope: 'read', states, createdAt, expiresAt });
  const leaves = Array.from({ length: to - from }, (_, index) => `/v1/records/${from + index}`);
  const paths = ['/livez', '/v1/checkpoint', `/v1/records?from=${from}&limit=100`, '/v1/records?bad=1', ...leaves];
  const places: Place[] = [];
  for (const path of paths) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
    places.push(toPlace(`http ${path}`, `${answer.status} ${await answer.text()}`));
  }
  return places;
}

async function untilAsync(what: string, isSo: () => Promise<boolean>, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`expected ${what} within ${limitMs} ms, got nothing`);
    await delay(15);
  }
}

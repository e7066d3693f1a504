// The recorder's writing half on a real database in a temporary folder, without threads: what the worker offers, called
// directly, with an injected clock. `reopen` is what a restart does.
import { copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEd25519Signer, createVerifier } from '../../daemon/merkle/note.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { openRecorderMethods, type RecorderMethods } from '../../daemon/recorder/methods.ts';
import type { RecorderClient } from '../../daemon/recorder/client.ts';
import type { WorkerInput } from '../../daemon/recorder/worker.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import type { NewRecord } from '../../daemon/recorder/appender.ts';

export const ORIGIN = 'test.example/abcdefghijklm';
const SEED = Buffer.alloc(32, 7);
export const testSigner = createEd25519Signer(ORIGIN, SEED);
export const testVerifier = createVerifier(testSigner.vkey);
export const testKeys = {
  equalityKey: Buffer.alloc(32, 1),
  epoch: { kid: 'e1', key: Buffer.alloc(32, 2) },
};

/** What the recorder's thread is started with, on a database of the test's. */
export function testInput(
  databasePath: string,
  limits = { maxRecords: 4096, maxBytes: 1 << 22 },
  contentDays = 0,
): WorkerInput {
  return {
    settings: { databasePath, limits, contentDays, quietMs: 10_000, recorder: ORIGIN, host: 'test-host' },
    keys: testKeys,
    policy: { values: 'allow-list', hide: [], show: [] },
    origin: ORIGIN,
    seed: SEED,
  };
}

export interface LogHarness {
  readonly dataDir: string;
  readonly clock: { ms: number };
  readonly methods: RecorderMethods;
  /** The same methods as promises. */
  readonly client: RecorderClient;
  read<T>(question: (parts: ReadParts) => T): T;
  reopen(): void;
  /** Opens what stands there, after `methods.close()`. */
  start(): void;
  /** What a kill leaves: the files as they stand, without a proper close. */
  crash(): void;
  close(): void;
}

export interface ReadParts {
  readonly entries: ReturnType<typeof createEntries>;
  readonly batches: ReturnType<typeof createBatches>;
  readonly queries: ReturnType<typeof createQueries>;
}

/** `source`: a database to go on with; it is copied. */
export function openLogHarness(
  limits = { maxRecords: 4096, maxBytes: 4 * 1024 * 1024 },
  contentDays = 0,
  source?: string,
): LogHarness {
  // In memory where there is such a place: what these tests end is never the machine.
  const dataDir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'stateseal-log-'));
  const databasePath = join(dataDir, 'log.sqlite');
  if (source !== undefined) copyFileSync(source, databasePath);
  const clock = { ms: Date.UTC(2026, 5, 23, 14) };
  const { settings, keys, policy } = testInput(databasePath, limits, contentDays);
  const open = (): RecorderMethods =>
    openRecorderMethods(
      settings,
      { keys, policy: createPolicy(policy), signer: testSigner },
      { now: () => clock.ms, boot: { id: 'boot', ms: () => clock.ms - Date.UTC(2026, 5, 23) } },
    );
  let methods = open();
  const client = new Proxy({} as RecorderClient, {
    get: (_, name: keyof RecorderMethods) => {
      const run = methods[name].bind(methods) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => new Promise((resolve) => resolve(run(...args)));
    },
  });
  return {
    dataDir,
    clock,
    get methods() {
      return methods;
    },
    client,
    read(question) {
      const database = openDatabaseReadOnly(databasePath);
      try {
        const batches = createBatches(database);
        return question({ entries: createEntries(database), batches, queries: createQueries(database, batches) });
      } finally {
        database.close();
      }
    },
    start() {
      methods = open();
    },
    reopen() {
      methods.close();
      methods = open();
    },
    crash() {
      const files = [databasePath, `${databasePath}-wal`].filter((path) => existsSync(path));
      for (const path of files) copyFileSync(path, `${path}.kept`);
      methods.close();
      for (const path of files) renameSync(`${path}.kept`, path);
      rmSync(`${databasePath}-shm`, { force: true });
      methods = open();
    },
    close() {
      methods.close();
      rmSync(dataDir, { recursive: true });
    },
  };
}

/** A record that needs no state: number `n` of a test. */
export function plainRecord(n: number, type: NewRecord['type'] = 'change.noted'): NewRecord {
  return {
    type,
    source: ORIGIN,
    subject: `note ${n}`,
    moment: { source: 'test', effectiveTime: '', timeBasis: 'clock' },
    data: { note: `number ${n}` },
  };
}

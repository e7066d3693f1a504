// From the last byte a run writes to a record on disk: the real daemon watches a directory, and the bench writes as
// Terraform does, in place under a lock file. The baseline is the least that could do: look at the file every 10 ms,
// read, parse, insert with synchronous=FULL. The daemon also waits until the file's time can no longer hide a write.
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { loadConfig } from '../daemon/config.ts';
import { DATABASE_FILE, openDaemon } from '../daemon/daemon.ts';
import { openDatabaseReadOnly } from '../daemon/store/database.ts';
import { generateState } from '../test/support/state-generator.ts';
import { megabytes, toRow, type BenchRow, type Turn } from './row.ts';
import { toLockInfo } from './sighting.ts';

export interface DurableOptions {
  readonly sizeBytes: number;
  readonly runs: number;
}

const POLL_MS = 10;
const LIMIT_MS = 20_000;
/** Between two runs: what the last one stirred up has settled. */
const REST_MS = 250;

export async function measureDurable({ sizeBytes, runs }: DurableOptions): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  const root = join(folder, 'root');
  mkdirSync(root);
  const versions = [0, 1].map((changedFraction) =>
    Buffer.from(generateState({ seed: 1, sizeBytes, changedFraction, serial: 1, lineage: 'bench' })),
  );
  const state = join(root, 'terraform.tfstate');
  const bare = join(folder, 'bare.tfstate');
  writeFileSync(state, toVersion(versions, 0));
  writeFileSync(bare, toVersion(versions, 0));
  const daemon = await openWatched(folder, root);
  const poller = openPoller(bare, join(folder, 'bare.sqlite'));
  try {
    const turns: Turn[] = [];
    for (let run = 1; run <= runs; run += 1) {
      await delay(REST_MS);
      const baseline = await poller.measure(() => write(bare, toVersion(versions, run), run));
      await delay(REST_MS);
      turns.push({ baseline, value: await daemon.measure(() => write(state, toVersion(versions, run), run)) });
    }
    const against = `stat every ${POLL_MS} ms, read, JSON.parse, insert`;
    return [
      toRow({ name: 'last write to durable record', size: megabytes(sizeBytes), unit: 'ms', against }, turns, 'none'),
    ];
  } finally {
    poller.close();
    await daemon.close();
    rmSync(folder, { recursive: true });
  }
}

type Measure = (write: () => number) => Promise<number>;

/** The daemon on `root`; measures until a step of a change stands in its database. */
async function openWatched(folder: string, root: string): Promise<{ measure: Measure; close(): Promise<void> }> {
  const dataDir = join(folder, 'data');
  const listeners = new Set<() => void>();
  const daemon = await openDaemon(
    await loadConfig({ dataDir, roots: [root], httpPort: 'off', sealAfter: '86400' }, folder, {}),
    {
      onOutcome: () => listeners.forEach((listener) => listener()),
      onSealed: () => undefined,
      onProblem: ({ code }) => console.error(`problem while measuring: ${code}`),
    },
  );
  const database = openDatabaseReadOnly(join(dataDir, DATABASE_FILE));
  const steps = database.prepare<[], { n: number }>(
    "SELECT count(*) AS n FROM record_index WHERE type = 'resource.changed'",
  );
  const count = (): number => steps.get()?.n ?? 0;
  return {
    async measure(write) {
      const before = count();
      const isThere = new Promise<number>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('expected a record, got none')), LIMIT_MS);
        const listener = (): void => {
          if (count() === before) return;
          listeners.delete(listener);
          clearTimeout(timer);
          resolve(performance.now());
        };
        listeners.add(listener);
      });
      const writtenMs = write();
      return (await isThere) - writtenMs;
    },
    async close() {
      database.close();
      await daemon.close('end of the bench');
    },
  };
}

function openPoller(path: string, databasePath: string): { measure: Measure; close(): void } {
  const database = new Database(databasePath);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.exec('CREATE TABLE version (body BLOB NOT NULL)');
  const insert = database.prepare('INSERT INTO version VALUES (?)');
  const identity = (): string => {
    const { mtimeNs, size } = statSync(path, { bigint: true });
    return `${mtimeNs}-${size}`;
  };
  return {
    async measure(write) {
      const before = identity();
      const found = (async () => {
        while (identity() === before) await delay(POLL_MS);
        const bytes = readFileSync(path);
        JSON.parse(bytes.toString());
        insert.run(bytes);
        return performance.now();
      })();
      // Anywhere in the poll's period.
      await delay(Math.random() * POLL_MS);
      const writtenMs = write();
      return (await found) - writtenMs;
    },
    close: () => void database.close(),
  };
}

function toVersion(versions: readonly Buffer[], serial: number): Buffer {
  const text = (versions[serial % 2] ?? Buffer.alloc(0)).toString();
  return Buffer.from(text.replace('"serial": 1,', `"serial": ${serial + 1},`));
}

/** Returns when the last byte was written; the lock goes right after it. */
function write(path: string, bytes: Buffer, run: number): number {
  const lockPath = join(path, '..', `.${path.slice(path.lastIndexOf('/') + 1)}.lock.info`);
  const { id, operation, info, who, version, created } = toLockInfo(Date.now(), run);
  const lock = { ID: id, Operation: operation, Info: info, Who: who, Version: version, Created: created, Path: path };
  writeFileSync(lockPath, JSON.stringify(lock));
  truncateSync(path);
  writeFileSync(path, bytes, { flag: 'r+' });
  const writtenMs = performance.now();
  unlinkSync(lockPath);
  return writtenMs;
}

if (import.meta.main) console.table(await measureDurable({ sizeBytes: 200_000, runs: 10 }));

// The real daemon in the test's own process: a data directory of its own, watching what the test gives it, sealing only
// when told. Reads the log back through the queries; knows nothing of Terraform.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openArchive } from '../../daemon/archive/open.ts';
import { loadConfig, type Config } from '../../daemon/config.ts';
import { callDaemon } from '../../daemon/control.ts';
import { CONTROL_FILE, DATABASE_FILE, openDaemon, type Daemon } from '../../daemon/daemon.ts';
import { locateLog } from '../../daemon/sealing.ts';
import { createVerifier } from '../../daemon/merkle/note.ts';
import type { RecordType } from '../../daemon/record/data.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import type { StoredRecord } from '../../daemon/store/queries-summary.ts';
import { createStates } from '../../daemon/store/states.ts';
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';

export interface DaemonHarness {
  readonly dataDir: string;
  readonly daemon: Daemon;
  /** What the daemon would have printed as problems, by code. */
  readonly problems: readonly string[];
  /** Every change so far, oldest first, with its net actions and values; without the first `from`. */
  changes(from?: number): readonly ChangeDetail[];
  records(...types: readonly RecordType[]): readonly StoredRecord[];
  /** Waits, without making the daemon look, until `count` changes are closed; fails when there are more. */
  untilChanges(count: number, limitMs?: number): Promise<readonly ChangeDetail[]>;
  /** Waits, without making the daemon look, until there are `count` records of the type. */
  untilRecords(type: RecordType, count: number, limitMs?: number): Promise<readonly StoredRecord[]>;
  /** Makes the daemon look at everything until no change is open and nothing more comes. */
  settled(limitMs?: number): Promise<void>;
  /** Addresses the recorder holds of the live state at a reference; a deposed object as `address (deposed)`. */
  instances(uri: string): readonly string[];
  /** Stops the daemon, works, and starts it again on the same data. */
  whileStopped(work: () => Promise<void>): Promise<void>;
  /** Seals, then verifies the database and the archive, each strictly. */
  verify(): Promise<{ readonly store: VerifyReport; readonly archive: VerifyReport }>;
  close(): Promise<void>;
}

export interface DaemonHarnessOptions extends Partial<Pick<Config, 'quietMs' | 'names' | 'ignore'>> {
  readonly roots: readonly string[];
}

const LIMIT_MS = 20_000;
const LOOK_MS = 10_000;

/** Watches `roots`; http off, directory archive, sealed by `verify` and `close` alone. */
export async function openDaemonHarness(options: DaemonHarnessOptions): Promise<DaemonHarness> {
  const { roots, ...overrides } = options;
  const dataDir = await mkdtemp(join(tmpdir(), 'stateseal-daemon-'));
  const flags = { dataDir, roots, httpPort: 'off', sealAfter: '86400' };
  const config: Config = { ...(await loadConfig(flags, dataDir, {})), quietMs: 1_500, ...overrides };
  const problems: string[] = [];
  const open = (): Promise<Daemon> =>
    openDaemon(config, {
      onOutcome: () => undefined,
      onSealed: () => undefined,
      onProblem: ({ code }) => void problems.push(code),
    });
  let daemon = await open();
  const database = openDatabaseReadOnly(join(dataDir, DATABASE_FILE));
  const batches = createBatches(database);
  const queries = createQueries(database, batches);
  const states = createStates(database);
  const lines: StoredRecord[] = [];
  const records = (...types: readonly RecordType[]): readonly StoredRecord[] => {
    // Leaves never change: only the new ones are read.
    for (let stored = queries.readRecord(lines.length); stored; stored = queries.readRecord(lines.length)) {
      lines.push(stored);
    }
    return lines.filter(({ record }) => (types as readonly string[]).includes(record.type));
  };
  const countChanges = (): number => records('state.changed').length;
  const changes = (from = 0): readonly ChangeDetail[] =>
    records('state.changed')
      .slice(from)
      .flatMap(({ leafIndex }) => queries.readChange(leafIndex) ?? []);
  const isIdle = (): boolean => states.openChanges().length === 0;

  return {
    dataDir,
    get daemon() {
      return daemon;
    },
    problems,
    changes,
    records,
    async untilChanges(count, limitMs = LIMIT_MS) {
      await wait(`${count} changes`, () => countChanges() >= count, limitMs);
      const found = changes();
      if (found.length > count) throw new Error(`expected ${count} changes, got ${describe(found)}`);
      return found;
    },
    async untilRecords(type, count, limitMs = LIMIT_MS) {
      await wait(`${count} records ${type}`, () => records(type).length >= count, limitMs);
      return records(type);
    },
    async settled(limitMs = LIMIT_MS) {
      const control = join(dataDir, CONTROL_FILE);
      for (let size = -1; size !== queries.size() || !isIdle();) {
        size = queries.size();
        await callDaemon(control, 'look', LOOK_MS);
        await wait('open changes to close', isIdle, limitMs);
      }
    },
    instances(uri) {
      const row = states.byUri(uri);
      if (row === undefined) return [];
      const all = [...states.snapshots(row.id)];
      return all.map(({ address, deposed }) => (deposed === '' ? address : `${address} (deposed)`)).sort();
    },
    async whileStopped(work) {
      await daemon.close('restart');
      await work();
      daemon = await open();
    },
    verify: () => verify(daemon, config, database),
    async close() {
      await daemon.close('end of test');
      database.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** One line per change, for the message of a failed expectation. */
export function describe(changes: readonly ChangeDetail[]): string {
  const lines = changes.map(({ summary, actions }) => {
    const { state, before, serial, kind, continuity } = summary;
    const net = actions.map((action) => `${action.address} ${action.actions.join('+')}`).join(', ');
    return `${state.name} ${before?.serial ?? 'new'}..${serial} ${kind} ${continuity}: ${net}`;
  });
  return `${changes.length}:\n${lines.join('\n')}`;
}

async function wait(what: string, isSo: () => boolean, limitMs: number): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`expected ${what} within ${limitMs} ms, got nothing`);
    await delay(15);
  }
}

async function verify(daemon: Daemon, config: Config, database: Sqlite): ReturnType<DaemonHarness['verify']> {
  await daemon.seal();
  const verifiers = [createVerifier(daemon.vkey)];
  const options = { nowMs: Date.now(), isStrict: true };
  const archive = await openArchive(locateLog(config.archive.location, verifiers[0]?.name ?? ''), {
    s3: config.archive.s3,
  });
  try {
    return {
      store: verifyStore(database, verifiers, options),
      archive: await verifyArchive(archive, verifiers, options),
    };
  } finally {
    await archive.close();
  }
}

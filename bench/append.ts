// Records through the recorder (leaf bytes, tree hashes, query index) against bare inserts of the same lines with the
// same pragmas and as many transactions. Both on a new database in one folder, one after the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { NewRecord } from '../daemon/recorder/appender.ts';
import { openLogHarness, ORIGIN } from '../test/support/log-harness.ts';
import { rounded, timeMs, toRow, type BenchRow, type Turn } from './row.ts';

export interface AppendOptions {
  readonly records: number;
  readonly runs: number;
}

const AIM = { atLeast: 0.5 };
/** Records of one observation: of a large apply, and of a small one. */
const BATCHES = [1000, 10];

export function measureAppend({ records, runs }: AppendOptions): BenchRow[] {
  const data = Array.from({ length: records }, (_, index) => benchRecord(index));
  return BATCHES.map((batchSize) => {
    const batches = inBatches(data, batchSize);
    turn(batches);
    const results = Array.from({ length: runs }, () => turn(batches));
    const size = `${records} of ${rounded(results[0]?.meanBytes ?? 0)} bytes, ${batchSize} a transaction`;
    const against = 'better-sqlite3, one insert per line';
    return toRow({ name: 'append', size, unit: 'records/s', against }, results, AIM);
  });
}

function turn(batches: readonly (readonly NewRecord[])[]): Turn & { readonly meanBytes: number } {
  const count = batches.reduce((sum, batch) => sum + batch.length, 0);
  const harness = openLogHarness();
  try {
    const value = (1000 * count) / timeMs(() => batches.forEach((batch) => harness.methods.append(batch)));
    const lines = harness.read(({ entries }) => [...entries.range(0, entries.size())].map(({ line }) => line));
    const meanBytes = lines.reduce((sum, line) => sum + line.length, 0) / count;
    return { value, baseline: (1000 * count) / bareInserts(inBatches(lines, batches[0]?.length ?? 1)), meanBytes };
  } finally {
    harness.close();
  }
}

function bareInserts(batches: readonly (readonly Buffer[])[]): number {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  const database = new Database(join(folder, 'bare.sqlite'));
  try {
    for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'secure_delete = ON', 'temp_store = MEMORY']) {
      database.pragma(pragma);
    }
    database.exec('CREATE TABLE entry (leaf_index INTEGER PRIMARY KEY, line BLOB NOT NULL) STRICT');
    const insert = database.prepare('INSERT INTO entry (line) VALUES (?)');
    const insertAll = database.transaction((lines: readonly Buffer[]) => lines.forEach((line) => insert.run(line)));
    return timeMs(() => batches.forEach((lines) => insertAll.immediate(lines)));
  } finally {
    database.close();
    rmSync(folder, { recursive: true });
  }
}

/** As most records are: one instance with two shown values changed and one hidden. */
function benchRecord(index: number): NewRecord {
  const address = `module.orders.aws_instance.web[${index}]`;
  return {
    type: 'resource.changed',
    source: 'dir:infra/network/terraform.tfstate',
    subject: address,
    moment: { source: 'directory', effectiveTime: '2026-06-23T14:00:00.000Z', timeBasis: 'mtime' },
    data: {
      state: {
        id: 'k3f9q2m7x1b8',
        name: 'network',
        reference: 'dir:infra/network/terraform.tfstate',
        workspace: 'default',
      },
      version: { lineage: ORIGIN, serial: String(index), sourceVersion: `1-${index}`, toolVersion: '1.11.4' },
      change: '019b7600-0000-7000-8000-000000000001',
      address,
      resourceType: 'aws_instance',
      actions: ['update'],
      actionBasis: 'state',
      changes: [
        { path: '/instance_type', before: 't3.large', after: 't3.xlarge' },
        { path: '/tags/Name', before: `web-${index}`, after: `web-${index + 1}` },
      ],
      hidden: [{ path: '/user_data', by: 'default', kid: 'e1', commitment: 'c'.repeat(43), changed: true }],
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    },
  };
}

function inBatches<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, batch) =>
    all.slice(batch * size, (batch + 1) * size),
  );
}

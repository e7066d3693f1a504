// One process of the scale measurement: verifies one packed archive and prints what that took; then, after its peak of
// memory was read, what decompressing and hashing the same bytes takes in the same process.
import { createHash, hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { createVerifier } from '../daemon/merkle/note.ts';
import { keepHeapSmall } from '../daemon/verify/small-heap.ts';
import { verifyArchive } from '../daemon/verify/verify-archive.ts';
import { readPeakMegabytes } from './peak-memory.ts';
import { openPackedArchive, type PackedArchive } from '../test/support/packed-archive.ts';

export interface ScaleResult {
  readonly integrity: string;
  readonly findingCount: number;
  readonly verifiedCount: number;
  readonly batchCount: number;
  readonly lockedCount: number;
  readonly peakMegabytes: number;
  readonly verifyMs: number;
  readonly baselineMs: number;
}

const [path = '', folder = '', vkey = '', store = ''] = process.argv.slice(2);

function inflateAndHash(archive: PackedArchive): void {
  for (const { kind, body } of archive.bodies()) {
    hash('sha256', body, 'hex');
    if (kind === 'batch') createHash('sha256').update(gunzipSync(body)).digest('hex');
  }
}

async function measure(): Promise<ScaleResult> {
  const archive = openPackedArchive(path, folder, store === 'write-once');
  // As the verb does.
  keepHeapSmall();
  const startMs = performance.now();
  const report = await verifyArchive(archive, [createVerifier(vkey)], { nowMs: Date.UTC(2026, 0, 2) });
  const verifyMs = performance.now() - startMs;
  const peakMegabytes = readPeakMegabytes();
  const baselineStartMs = performance.now();
  inflateAndHash(archive);
  const baselineMs = performance.now() - baselineStartMs;
  await archive.close();
  return {
    integrity: report.integrity,
    findingCount: report.failures.count + report.anomalies.count + report.format.count,
    verifiedCount: report.records.verifiedCount,
    batchCount: report.batchCount,
    lockedCount: report.retention?.protectedCount ?? 0,
    peakMegabytes,
    verifyMs,
    baselineMs,
  };
}

process.stdout.write(JSON.stringify(await measure()));

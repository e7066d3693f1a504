// Verification of an archive against decompressing and hashing the same bytes, in one run on one machine: only the
// ratios mean anything elsewhere. The archive is in memory, so that no disk is measured.
import { createHash, hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { Archive } from '../daemon/archive/archive.ts';
import { createVerifier } from '../daemon/merkle/note.ts';
import { verifyArchive } from '../daemon/verify/verify-archive.ts';
import { createMemoryArchive } from '../test/support/memory-archive.ts';
import { buildSampleArchive, fillArchive, sampleStartMs, type SampleArchive } from '../test/support/sample-archive.ts';
import { benchLines } from '../test/support/scale-log.ts';

export interface VerifyRow {
  readonly name: string;
  readonly size: string;
  /** Median milliseconds. */
  readonly value: number;
  readonly baseline: number;
  readonly ratio: number;
  readonly target: string;
  readonly met: boolean;
}

const RUNS = 9;

/** One row per shape of log: full batches, and the small ones of a quiet host. */
export async function measureVerify(): Promise<VerifyRow[]> {
  return [
    await measure('verify, full batches', 20, 1000, { isStrict: false, maxRatio: 3 }),
    // Two signatures per batch outweigh ten lines: told, not judged.
    await measure('verify, batches of 10', 500, 10, { isStrict: false, maxRatio: Infinity }),
    await measure('verify --strict, full batches', 20, 1000, { isStrict: true, maxRatio: Infinity }),
  ];
}

async function measure(
  name: string,
  batchCount: number,
  batchSize: number,
  { isStrict, maxRatio }: { readonly isStrict: boolean; readonly maxRatio: number },
): Promise<VerifyRow> {
  const sample = buildSampleArchive(
    Array.from({ length: batchCount }, (_, batch) => ({ lines: benchLines(batch * batchSize, batchSize) })),
  );
  const archive: Archive = createMemoryArchive();
  await fillArchive(archive, sample);
  const verifiers = [createVerifier(sample.signer.vkey)];
  const times: { value: number; baseline: number }[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const baseline = timeMs(() => inflateAndHash(sample));
    const start = performance.now();
    const report = await verifyArchive(archive, verifiers, { nowMs: sampleStartMs, isStrict, wantsReceipts: false });
    if (report.integrity !== 'pass') throw new Error('expected the sample to pass');
    times.push({ value: performance.now() - start, baseline });
  }
  const value = median(times.map((time) => time.value));
  const baseline = median(times.map((time) => time.baseline));
  // What belongs together was measured together: the median of ratios, not the ratio of medians.
  const ratio = median(times.map((time) => time.value / time.baseline));
  const lineBytes = sample.seals.reduce((sum, { manifest }) => sum + manifest.batch.lineBytes, 0);
  const size = `${batchCount * batchSize} records, ${(lineBytes / 1024 ** 2).toFixed(1)} MiB`;
  const target = maxRatio === Infinity ? 'none' : `at most ${maxRatio} x`;
  return {
    name,
    size,
    value: rounded(value),
    baseline: rounded(baseline),
    ratio: rounded(ratio),
    target,
    met: ratio <= maxRatio,
  };
}

/** What nobody can do without: SHA-256 of the stored bytes, inflation, SHA-256 of what comes out. */
function inflateAndHash({ objects }: SampleArchive): void {
  for (const [key, body] of objects) {
    hash('sha256', body, 'hex');
    if (key.startsWith('batch/')) createHash('sha256').update(gunzipSync(body)).digest('hex');
  }
}

function timeMs(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) console.table(await measureVerify());

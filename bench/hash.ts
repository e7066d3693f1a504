// SHA-256 on the sizes the log hashes: tree nodes, leaves, and bulk (batches, blobs). Each row compares
// @noble/hashes and node:crypto's two forms within one run; only the ratios mean anything on another machine.
import { createHash, hash } from 'node:crypto';
import { sha256 } from '@noble/hashes/sha2.js';

export interface HashRow {
  readonly use: string;
  readonly bytes: number;
  /** Median time per call in nanoseconds. */
  readonly oneShotNs: number;
  readonly streamNs: number;
  readonly nobleNs: number;
}

const uses = [
  { use: 'node', bytes: 65, calls: 20_000 },
  { use: 'leaf', bytes: 1024, calls: 10_000 },
  { use: 'bulk', bytes: 4 * 1024 ** 2, calls: 3 },
] as const;
const runs = 5;

/** One row per use; the contenders take turns within each run. */
export function measureHashes(): HashRow[] {
  return uses.map(({ use, bytes, calls }) => {
    const data = new Uint8Array(bytes).fill(7);
    const contenders = [
      () => hash('sha256', data, 'buffer'),
      () => createHash('sha256').update(data).digest(),
      () => sha256(data),
    ];
    const times = Array.from({ length: runs }, () => contenders.map((run) => timeNs(run, calls)));
    const [oneShotNs, streamNs, nobleNs] = [0, 1, 2].map((column) => median(times.map((row) => row[column] ?? 0)));
    return { use, bytes, oneShotNs: oneShotNs ?? 0, streamNs: streamNs ?? 0, nobleNs: nobleNs ?? 0 };
  });
}

export function formatHashTable(rows: readonly HashRow[]): string {
  const lines = rows.map(({ use, bytes, oneShotNs, streamNs, nobleNs }) => {
    const ratio = (ns: number): string => (ns / oneShotNs).toFixed(2).padStart(12);
    return `${use.padEnd(6)}${String(bytes).padStart(10)}${ratio(oneShotNs)}${ratio(streamNs)}${ratio(nobleNs)}`;
  });
  return ['use        bytes  crypto.hash  createHash       noble   (time, crypto.hash = 1)', ...lines].join('\n');
}

function timeNs(run: () => unknown, calls: number): number {
  run();
  const start = process.hrtime.bigint();
  for (let call = 0; call < calls; call++) run();
  return Number(process.hrtime.bigint() - start) / calls;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

if (import.meta.main) console.log(formatHashTable(measureHashes()));

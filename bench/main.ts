// `npm run bench`: everything measured, as a table; --json for machines, --quick for a minute's worth. Exits 0 also where
// an aim is missed: on a shared machine a bench informs, it does not judge.
import { parseArgs } from 'node:util';
import { measureAppend } from './append.ts';
import { measureDurable } from './durable.ts';
import { measureHashes } from './hash.ts';
import { measureMemory } from './memory.ts';
import { measureObserve } from './observe.ts';
import { measurePlan } from './plan.ts';
import { formatTable, rounded, type BenchRow } from './row.ts';
import { measureVerify } from './verify.ts';
import { measureWrapped, type WrappedPlan } from './wrapped.ts';

/** Sizes in bytes. */
export interface BenchPlan {
  readonly durable: { readonly sizeBytes: number; readonly runs: number };
  readonly states: readonly { readonly sizeBytes: number; readonly runs: number }[];
  readonly append: { readonly records: number; readonly runs: number };
  readonly memory: { readonly sizeBytes: number; readonly runs: number };
  /** What is in a saved plan's archive; 0 runs leave it out. */
  readonly plan: { readonly sizeBytes: number; readonly runs: number };
  /** terraform through exec and the shim; 0 leaves it out. */
  readonly wrapped: WrappedPlan;
  /** The measurements of fixed size: verification and hashes. */
  readonly isFixedMeasured: boolean;
}

export const FULL: BenchPlan = {
  durable: { sizeBytes: 200_000, runs: 21 },
  states: [
    { sizeBytes: 1e6, runs: 9 },
    { sizeBytes: 10e6, runs: 5 },
    { sizeBytes: 100e6, runs: 3 },
  ],
  append: { records: 20_000, runs: 5 },
  memory: { sizeBytes: 100e6, runs: 3 },
  plan: { sizeBytes: 100e6, runs: 1 },
  wrapped: { runs: 15, faultRuns: 9 },
  isFixedMeasured: true,
};

export const QUICK: BenchPlan = {
  durable: { sizeBytes: 200_000, runs: 9 },
  states: [
    { sizeBytes: 1e6, runs: 5 },
    { sizeBytes: 10e6, runs: 3 },
  ],
  append: { records: 10_000, runs: 3 },
  memory: { sizeBytes: 10e6, runs: 1 },
  plan: { sizeBytes: 10e6, runs: 1 },
  wrapped: { runs: 5, faultRuns: 3 },
  isFixedMeasured: true,
};

/** The measurements one after the other; `onRows` hears each as it ends. */
export async function runBench(plan: BenchPlan, onRows: (rows: readonly BenchRow[]) => void): Promise<BenchRow[]> {
  const measurements = [
    () => measureDurable(plan.durable),
    ...plan.states.map((size) => () => measureObserve(size)),
    () => measureAppend(plan.append),
    () => measureMemory(plan.memory),
    () => measurePlan(plan.plan),
    () => measureWrapped(plan.wrapped),
    ...(plan.isFixedMeasured ? [verifyRows, hashRows] : []),
  ];
  const all: BenchRow[] = [];
  for (const measure of measurements) {
    const rows = await measure();
    onRows(rows);
    all.push(...rows);
  }
  return all;
}

async function verifyRows(): Promise<BenchRow[]> {
  const rows = await measureVerify();
  return rows.map((row) => ({ ...row, unit: 'ms', against: 'gunzip + SHA-256 of the same bytes' }));
}

function hashRows(): BenchRow[] {
  return measureHashes().map(({ use, bytes, oneShotNs, nobleNs }) => ({
    name: `SHA-256 of a ${use}`,
    size: `${bytes} bytes`,
    value: rounded(oneShotNs),
    unit: 'ns',
    baseline: rounded(nobleNs),
    against: '@noble/hashes',
    ratio: rounded(oneShotNs / nobleNs),
    target: 'none',
    met: true,
  }));
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: 'boolean' }, json: { type: 'boolean' } } });
  const isJson = values.json === true;
  const tell = (rows: readonly BenchRow[]): void => {
    if (!isJson) process.stderr.write(rows.map(({ name, size }) => `measured ${name}, ${size}\n`).join(''));
  };
  const rows = await runBench(values.quick === true ? QUICK : FULL, tell);
  console.log(isJson ? JSON.stringify(rows, undefined, 2) : formatTable(rows));
}

if (import.meta.main) await main();

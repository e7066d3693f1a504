// Peak resident memory of the recorder on one state, against the bare libraries on the same file: read, JSON.parse, an
// open database. Each in a process of its own, started in turn.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateState } from '../test/support/state-generator.ts';
import { megabytes, toRow, type BenchRow } from './row.ts';

export interface MemoryOptions {
  readonly sizeBytes: number;
  readonly runs: number;
}

const CHILD = fileURLToPath(new URL('memory-child.ts', import.meta.url));

export function measureMemory({ sizeBytes, runs }: MemoryOptions): BenchRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  const first = join(folder, 'first.tfstate');
  const changed = join(folder, 'changed.tfstate');
  try {
    const options = { seed: 1, sizeBytes, serial: 7, lineage: '3f7c1a2e-5b6d-4c8e-9f01-23456789abcd' };
    writeFileSync(first, generateState(options));
    writeFileSync(changed, generateState({ ...options, serial: 8, changedFraction: 0.01 }));
    const turns = Array.from({ length: runs }, (_, run) => {
      const databasePath = join(folder, `${run}.sqlite`);
      const [bare, sight, change] = [
        peak('bare', join(folder, `${run}-bare.sqlite`), first),
        peak('first-sight', databasePath, first),
        peak('changed', databasePath, changed),
      ];
      return { sight: { value: sight, baseline: bare }, change: { value: change, baseline: bare } };
    });
    const facts = { size: megabytes(sizeBytes), unit: 'MB', against: 'read + JSON.parse + better-sqlite3' };
    const aim = { atMost: 1.5 };
    return [
      toRow(
        { ...facts, name: 'memory, first sight' },
        turns.map(({ sight }) => sight),
        aim,
      ),
      toRow(
        { ...facts, name: 'memory, 1 % changed' },
        turns.map(({ change }) => change),
        aim,
      ),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Megabytes. */
function peak(mode: string, databasePath: string, statePath: string): number {
  return Number(execFileSync(process.execPath, [CHILD, mode, databasePath, statePath], { encoding: 'utf8' }));
}

if (import.meta.main) console.table(measureMemory({ sizeBytes: Number(process.argv[2] ?? 100) * 1e6, runs: 1 }));

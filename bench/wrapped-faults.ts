// What exec and the shim add to an apply while something of ours is broken: a recorder that was stopped or hangs, a full
// spool, a full disk. Bare, exec and shim take turns, so that one bare run is the baseline of both.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NEW, REFUSED } from '../daemon/spool/layout.ts';
import { makeClientSpool } from '../test/support/client-spool.ts';
import { canMount, onFullDisk } from '../test/support/full-disk.ts';
import { spawnStateseal } from '../test/support/stateseal-process.ts';
import { WAYS, type Way } from '../test/support/wrapped-terraform.ts';
import { toRow, type BenchRow } from './row.ts';

export interface FaultyBench {
  /** A folder for spools and data. */
  readonly folder: string;
  readonly runs: number;
  /** The working directory, for the recorder to watch. */
  readonly room: string;
  /** Milliseconds of one apply that delivers to this spool. */
  readonly time: (way: Way, spoolDir: string) => number;
}

/** The row of the full disk only where a file system can be mounted. */
export async function measureFaults(bench: FaultyBench): Promise<BenchRow[]> {
  const { folder } = bench;
  mkdirSync(folder);
  const { dir: full } = await makeClientSpool(join(folder, 'full'));
  writeFileSync(join(full, REFUSED), 'full\n');
  const rows = [...(await measureRecorder(bench)), ...measureRefused(bench, 'spool full', full)];
  if (!canMount()) return rows;
  const disk = join(folder, 'disk');
  return [...rows, ...(await onFullDisk(disk, () => measureRefused(bench, 'disk full', disk)))];
}

/** A real one that watches the working directory: at work, hanging, and stopped. */
async function measureRecorder(bench: FaultyBench): Promise<BenchRow[]> {
  const dataDir = join(bench.folder, 'data');
  const spoolDir = join(dataDir, 'spool');
  const recorder = spawnStateseal(['watch', bench.room, '--data-dir', dataDir, '--http', 'off']);
  try {
    await recorder.until(/ready/u);
    const working = measure(bench, 'daemon at work', spoolDir);
    recorder.child.kill('SIGSTOP');
    const hanging = measure(bench, 'daemon hanging', spoolDir);
    recorder.child.kill('SIGCONT');
    await recorder.stop();
    return [...working, ...measure(bench, 'daemon stopped', spoolDir), ...hanging];
  } finally {
    await recorder.stop('SIGKILL');
  }
}

/** A fault that was none would be measured as one. */
function measureRefused(bench: FaultyBench, fault: string, spoolDir: string): BenchRow[] {
  const rows = measure(bench, fault, spoolDir);
  const taken = readdirSync(join(spoolDir, NEW)).length;
  if (taken > 0) throw new Error(`expected that nothing is recorded with ${fault}, got ${taken} observations`);
  return rows;
}

function measure({ runs, time }: FaultyBench, fault: string, spoolDir: string): BenchRow[] {
  const turns = Array.from({ length: runs }, () => WAYS.map((way) => time(way, spoolDir)));
  return WAYS.flatMap((way, at) => {
    if (way === 'bare') return [];
    const name = `terraform apply, ${way}, ${fault}`;
    const facts = { name, size: '20 resources', unit: 'ms', against: 'the bare command' };
    return toRow(
      facts,
      turns.map((turn) => ({ baseline: turn[0] ?? 0, value: turn[at] ?? 0 })),
      'none',
    );
  });
}

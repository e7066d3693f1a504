// What exec and the shim add to a command: the same Terraform bare and wrapped, one after the other, with a spool that
// takes the record, with none, and with faults (wrapped-faults.ts). The program is compiled first, as its package is.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram } from '../test/support/components.ts';
import { makeClientSpool } from '../test/support/client-spool.ts';
import { packProgram } from '../test/support/packed-program.ts';
import { makeWays, type Way, type Ways } from '../test/support/wrapped-terraform.ts';
import { timeMs, toRow, type BenchRow, type Turn } from './row.ts';
import { measureFaults } from './wrapped-faults.ts';

const CONFIG = 'resource "terraform_data" "one" {\n  count = 20\n}\n';
/** Each apply replaces one of the resources. */
const APPLY = "apply -input=false -auto-approve '-replace=terraform_data.one[0]'";
const COMMANDS = ['version', 'plan -input=false', APPLY] as const;

export interface WrappedPlan {
  readonly runs: number;
  /** Of an apply while something is broken. */
  readonly faultRuns: number;
}

/** No rows where there is no terraform. */
export async function measureWrapped({ runs, faultRuns }: WrappedPlan): Promise<BenchRow[]> {
  if (findProgram('terraform') === undefined || runs === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  const packed = packProgram();
  try {
    const { dir } = await makeClientSpool(join(folder, 'spool'));
    const ways = makeWays(folder, packed.bin, dir);
    const room = join(folder, 'infra');
    mkdirSync(room);
    writeFileSync(join(room, 'main.tf'), CONFIG);
    execFileSync('terraform', ['init'], { cwd: room, env: ways.environment('bare'), stdio: 'ignore' });
    const rows = (['exec', 'shim'] as const).flatMap((way) =>
      COMMANDS.map((command) => toBenchRow(way, command, measure(ways, room, way, command, runs))),
    );
    const spoolless = makeWays(join(folder, 'spoolless'), packed.bin, join(folder, 'nowhere'));
    const without = measure(spoolless, room, 'shim', APPLY, runs);
    const faults = await measureFaults({
      ...{ folder: join(folder, 'faults'), runs: faultRuns, room },
      time: (way, spoolDir) => timeOnce(ways, room, way, APPLY, { STATESEAL_SPOOL: spoolDir }),
    });
    return [...rows, toBenchRow('shim, no spool', APPLY, without), ...faults];
  } finally {
    packed.remove();
    // A reporter may still be writing.
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

function toBenchRow(way: string, command: string, turns: readonly Turn[]): BenchRow {
  const [word = ''] = command.split(' ');
  const facts = { name: `terraform ${word}, ${way}`, size: '20 resources', unit: 'ms', against: 'the bare command' };
  return toRow(facts, turns, 'none');
}

function measure(ways: Ways, room: string, way: Way, command: string, runs: number): Turn[] {
  const time = (by: Way): number => timeOnce(ways, room, by, command, {});
  return Array.from({ length: runs }, () => ({ baseline: time('bare'), value: time(way) }));
}

function timeOnce(ways: Ways, room: string, way: Way, command: string, env: Readonly<Record<string, string>>): number {
  const script = `exec ${ways.call(way)} ${command}`;
  return timeMs(() => {
    const { status } = spawnSync('/bin/sh', ['-c', script], {
      ...{ cwd: room, env: ways.environment(way, env), stdio: 'ignore' },
    });
    if (status !== 0) throw new Error(`expected ${command} to work ${way}, got ${status}`);
  });
}

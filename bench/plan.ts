// A saved plan decoded and redacted, beside `terraform show -json` of the same file: time and peak memory. Memory is held
// against the size of what is in the archive.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../test/support/components.ts';
import { createLargePlan, type LargePlan } from '../test/support/large-plan.ts';
import { megabytes, toRow, type BenchRow } from './row.ts';

export interface PlanOptions {
  readonly sizeBytes: number;
  readonly runs: number;
}

interface Cost {
  readonly ms: number;
  readonly megabytes: number;
}

const CHILD = fileURLToPath(new URL('plan-child.ts', import.meta.url));
const ANY_VERSION = '1.11.4';

/** Without terraform the rows that need it are left out; without runs, all. */
export async function measurePlan({ sizeBytes, runs }: PlanOptions): Promise<BenchRow[]> {
  if (runs === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  const path = join(folder, 'large.tfplan');
  try {
    const environment = terraformEnvironment(folder);
    const version = environment === undefined ? ANY_VERSION : versionOf(environment);
    const plan = createLargePlan(version, sizeBytes);
    writeFileSync(path, plan.archive);
    const turns: { own: Cost; theirs: Cost | undefined }[] = [];
    for (let run = 0; run < runs; run += 1) {
      const own = decode(path, plan);
      turns.push({ own, theirs: environment && (await showJson(folder, path, environment)) });
    }
    return rowsOf(turns, plan);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(turns: readonly { own: Cost; theirs: Cost | undefined }[], plan: LargePlan): BenchRow[] {
  const size = megabytes(plan.uncompressedBytes);
  const uncompressed = plan.uncompressedBytes / 1e6;
  const compared = turns.flatMap(({ own, theirs }) => (theirs === undefined ? [] : [{ own, theirs }]));
  const against = 'terraform show -json';
  return [
    toRow(
      { name: 'plan, memory', size, unit: 'MB', against: 'size of what is in the archive' },
      turns.map(({ own }) => ({ value: own.megabytes, baseline: uncompressed })),
      // A process has 100 MB before it reads anything.
      plan.uncompressedBytes >= 50e6 ? { atMost: 6 } : 'none',
    ),
    ...(compared.length === 0
      ? []
      : [
          toRow(
            { name: 'plan, memory', size, unit: 'MB', against },
            compared.map(({ own, theirs }) => ({ value: own.megabytes, baseline: theirs.megabytes })),
            'none',
          ),
          toRow(
            { name: 'plan, decode + redact', size, unit: 'ms', against },
            compared.map(({ own, theirs }) => ({ value: own.ms, baseline: theirs.ms })),
            'none',
          ),
        ]),
  ];
}

function decode(path: string, { instances }: LargePlan): Cost {
  const printed = execFileSync(process.execPath, [CHILD, path, String(instances)], { encoding: 'utf8' });
  const [ms = 0, peak = 0] = printed.split(' ').map(Number);
  return { ms, megabytes: peak };
}

function terraformEnvironment(folder: string): NodeJS.ProcessEnv | undefined {
  if (findProgram('terraform') === undefined || process.platform !== 'linux') return undefined;
  const configuration = join(folder, 'terraformrc');
  writeFileSync(configuration, '');
  return { PATH: process.env['PATH'], HOME: folder, TF_CLI_CONFIG_FILE: configuration, CHECKPOINT_DISABLE: '1' };
}

function versionOf(env: NodeJS.ProcessEnv): string {
  const printed = execFileSync('terraform', ['version', '-json'], { env, encoding: 'utf8' });
  return (JSON.parse(printed) as { terraform_version: string }).terraform_version;
}

const LOOK_MS = 20;

/** Its peak only ever rises, so that the last look before the end is the peak but for what came after it. */
async function showJson(folder: string, path: string, env: NodeJS.ProcessEnv): Promise<Cost> {
  const start = performance.now();
  const child = spawn('terraform', ['show', '-json', path], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  let peak = 0;
  const look = setInterval(() => (peak = peakOf(child.pid) ?? peak), LOOK_MS);
  const [code] = (await once(child, 'close')) as [number | null];
  clearInterval(look);
  if (code !== 0) throw new Error(`expected terraform to show the plan, got exit ${code}: ${told}`);
  return { ms: performance.now() - start, megabytes: peak };
}

/** VmHWM of proc_pid_status(5); undefined once the process has ended. */
function peakOf(pid: number | undefined): number | undefined {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1000;
  } catch {
    return undefined;
  }
}

if (import.meta.main) {
  console.table(await measurePlan({ sizeBytes: Number(process.argv[2] ?? 100) * 1e6, runs: 1 }));
}

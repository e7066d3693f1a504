// Damaged plans, streams and states by the thousand, in processes of their own: none crashes, hangs, grows without bound
// or tells of the file. STATESEAL_SEED repeats a run.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { HostileReport } from '../support/hostile-child.ts';

const MUTATIONS = 10_000;
const CHILD = fileURLToPath(new URL('../support/hostile-child.ts', import.meta.url));
/** Twenty small files take well under a second; on a machine with other work, some. */
const STALL_MS = 120_000;
/** The bases are 10 kB: a forged length that is believed takes gigabytes. */
const MAX_MEGABYTES = 700;

describe(`${MUTATIONS} damaged plans, streams and states`, () => {
  it('are read, or refused by an error that tells nothing of them, in bounded time and memory', async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const startMs = performance.now();
    const { tally, slowest, peakMegabytes } = await readDamaged(seed, MUTATIONS);
    const seconds = Math.round((performance.now() - startMs) / 1000);
    const counts = Object.entries(tally);
    for (const [outcome, count] of counts.toSorted()) console.log(`      ${outcome} ${count}`);
    console.log(
      `      ${seconds} s, slowest ${Math.round(slowest.ms)} ms (${slowest.kind}, mutation ${slowest.index})`,
    );
    console.log(`      peak ${Math.round(peakMegabytes)} MB`);
    expect(counts.reduce((sum, [, count]) => sum + count, 0)).to.equal(MUTATIONS);
    expect(peakMegabytes).to.be.below(MAX_MEGABYTES);
  });
});

function readDamaged(seed: number, count: number): Promise<HostileReport> {
  const child = spawn(process.execPath, [CHILD, String(seed), String(count)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let last = '';
  let told = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (told += text));
  return new Promise((resolve, reject) => {
    const stalled = setTimeout(() => child.kill('SIGKILL'), STALL_MS);
    createInterface({ input: child.stdout }).on('line', (line) => {
      stalled.refresh();
      last = line;
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(stalled);
      const report = code === 0 ? (JSON.parse(last) as HostileReport) : undefined;
      if (report?.tally !== undefined) resolve(report);
      else reject(new Error(`seed ${seed}: ended by ${signal ?? `exit ${code}`} after ${last}\n${told}`));
    });
  });
}

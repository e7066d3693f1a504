// Seeded runs of a recorder that seals to a real store through every fault, and is killed in between: nothing that was
// acknowledged is lost, doubled or forked, and the verifier is clean after each kill. STATESEAL_FULL=1 runs 500.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openCephStore, type CephStore } from '../support/ceph-store.ts';
import { openFaultProxy } from '../support/fault-proxy.ts';
import { KILL_LABELS, openKilledLog, type KillPlan } from '../support/kill-driver.ts';
import { S3_CALLS } from '../support/s3-call.ts';
import { CALLER_PATIENCE_MS, KILLS, SCHEDULED_FAULTS, startSeededFaults } from '../support/seeded-faults.ts';
import { createRandom } from '../support/seeded-random.ts';

const IS_FULL = process.env['STATESEAL_FULL'] === '1';
const RUNS = IS_FULL ? 500 : 12;
const KILLS_PER_RUN = 2;
const LANES = 2;

describe(`s3 faults and kill -9, ${RUNS} runs`, function () {
  this.timeout(7_200_000);
  let store: CephStore | undefined;
  let cacheDir = '';

  before(async function () {
    store = await openCephStore(this);
    cacheDir = mkdtempSync(join(tmpdir(), 'stateseal-cache-'));
  });
  after(async () => {
    if (cacheDir !== '') rmSync(cacheDir, { recursive: true });
    await store?.close();
  });

  it('loses, doubles and forks nothing', async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const hits = new Map<string, number>();
    const places = new Map<string, number>();
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let run = next++; run < RUNS; run = next++) {
        await runOnce(seed + run, hits, places).catch((error: unknown) => {
          throw new Error(`run seed ${seed + run}`, { cause: error });
        });
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    console.log(formatHits(hits));
    console.log(`      killed ${formatPlaces(places)}`);
    assertMet(hits);
  });

  /** One log: kills with a failing store between, then a last process with a store that is well. */
  const runOnce = async (seed: number, hits: Map<string, number>, places: Map<string, number>): Promise<void> => {
    const opened = store;
    if (opened === undefined) throw new Error('expected a store, got none');
    const random = createRandom(seed);
    const prefix = `run-${seed}`;
    const proxy = await openFaultProxy(opened.ceph.endpoint);
    const faults = startSeededFaults(proxy, random, hits);
    const timeouts = { connectMs: 5_000, requestMs: CALLER_PATIENCE_MS };
    const log = openKilledLog(seed, random, cacheDir, {
      s3: { ...opened.options(prefix, proxy.endpoint), timeouts },
      async open() {
        await proxy.settled();
        return opened.open(prefix);
      },
      arm: (kill) => faults.arm(kill),
    });
    try {
      for (let kill = 0; kill < KILLS_PER_RUN; kill += 1) {
        const plan = planOf(random);
        const place = await log.kill(plan);
        const where = plan.mode === 'by the store' ? plan.mode : place;
        places.set(where, (places.get(where) ?? 0) + 1);
      }
      faults.end();
      const { outlines } = await log.finish();
      expect(outlines.length).to.be.greaterThan(0);
    } finally {
      log.close();
      await proxy.close();
    }
  };
});

/** Two in three by the store, at one of its calls; the others in or behind a step of the recorder, or at random. */
function planOf(random: () => number): KillPlan {
  const number = random();
  if (number < 2 / 3) return { label: 'anywhere', mode: 'by the store' };
  const label = KILL_LABELS[Math.floor(random() * KILL_LABELS.length)];
  if (number > 0.9 || label === undefined) return { label: 'anywhere', mode: 'at random' };
  return { label, mode: random() < 0.5 ? 'after' : 'during' };
}

const FAULTS = [...Object.keys(SCHEDULED_FAULTS), ...KILLS];

/** In the full run each fault has met each call; in a short one each fault some call. */
function assertMet(hits: ReadonlyMap<string, number>): void {
  const unmet = FAULTS.flatMap((fault) => {
    const counts = S3_CALLS.map((call) => [call, hits.get(`${fault}|${call}`) ?? 0] as const);
    if (IS_FULL) return counts.filter(([, count]) => count === 0).map(([call]) => `${fault}|${call}`);
    return counts.every(([, count]) => count === 0) ? [fault] : [];
  });
  expect(unmet, 'faults that met nothing').to.have.length.at.most(IS_FULL ? 0 : 6);
}

function formatHits(hits: ReadonlyMap<string, number>): string {
  const head = ['', ...S3_CALLS].map((text, column) => (column === 0 ? text.padEnd(18) : text.padStart(20))).join('');
  const rows = FAULTS.map((fault) => {
    const counts = S3_CALLS.map((call) => String(hits.get(`${fault}|${call}`) ?? 0).padStart(20));
    return `${fault.padEnd(18)}${counts.join('')}`;
  });
  return [head, ...rows].map((row) => `      ${row}`).join('\n');
}

function formatPlaces(places: ReadonlyMap<string, number>): string {
  return [...places].map(([place, count]) => `${place} ${count}`).join(', ');
}

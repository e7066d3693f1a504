// kill -9, many times: at random moments, in every durable step and right after it. Nothing acknowledged is lost,
// nothing is doubled or signed twice, and everything verifies after each kill. STATESEAL_FULL=1 kills 1,000 times.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { KILL_LABELS, openKilledLog, type KillPlan } from '../support/kill-driver.ts';
import { createRandom } from '../support/seeded-random.ts';

const IS_FULL = process.env['STATESEAL_FULL'] === '1';
const KILLS = IS_FULL ? 1000 : 100;
const KILLS_PER_LOG = 16;
const LANES = 2;

describe(`kill -9, ${KILLS} times`, function () {
  this.timeout(3_600_000);
  let cacheDir: string;

  before(() => {
    cacheDir = mkdtempSync(join(tmpdir(), 'stateseal-cache-'));
  });
  after(() => rmSync(cacheDir, { recursive: true }));

  it('loses, doubles and forks nothing', async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const plans = createPlans(KILLS);
    const hits = new Map<string, number>();
    const lane = async (): Promise<void> => {
      for (let batch = plans.splice(0, KILLS_PER_LOG); batch.length > 0; batch = plans.splice(0, KILLS_PER_LOG)) {
        const logSeed = seed + plans.length;
        const random = createRandom(logSeed);
        const log = openKilledLog(logSeed, random, cacheDir);
        try {
          for (const plan of batch) {
            const place = await log.kill(plan).catch((error: unknown) => {
              throw new Error(`log seed ${logSeed}, ${plan.mode} ${plan.label}`, { cause: error });
            });
            hits.set(place, (hits.get(place) ?? 0) + 1);
          }
          const { size } = await log.finish();
          expect(size).to.be.greaterThan(0);
        } finally {
          log.close();
        }
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    report(hits);
    for (const label of KILL_LABELS) {
      const count = (hits.get(`in ${label}`) ?? 0) + (hits.get(`after ${label}`) ?? 0);
      expect(count, label).to.be.at.least(IS_FULL ? 20 : 2);
    }
  });
});

/** The same number of kills for each step and mode, a sixth of all at random, mixed. */
function createPlans(count: number): KillPlan[] {
  const kinds: readonly KillPlan[] = KILL_LABELS.flatMap((label) => [
    { label, mode: 'after' as const },
    { label, mode: 'during' as const },
  ]);
  return Array.from({ length: count }, (_, index): KillPlan => {
    // Steps of 11 meet all 26 kinds, and no two of a kind stand together.
    const kind = kinds[(index * 11) % kinds.length];
    return index % 6 === 5 || kind === undefined ? { label: 'anywhere', mode: 'at random' } : kind;
  });
}

function report(hits: ReadonlyMap<string, number>): void {
  for (const label of ['start', ...KILL_LABELS]) {
    const [inside, behind] = [hits.get(`in ${label}`) ?? hits.get(label) ?? 0, hits.get(`after ${label}`) ?? 0];
    console.log(`      ${label.padEnd(20)} ${String(inside).padStart(4)} in it ${String(behind).padStart(4)} after it`);
  }
}

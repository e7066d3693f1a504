// kill -9 between and within the steps of the spool's reader: no observation is lost, none is doubled, and no rubbish is
// taken away unsaid. STATESEAL_FULL=1 kills 400 times.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseRecord } from '../../daemon/record/record.ts';
import { deliver } from '../../daemon/spool/deliver.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { numberAt, objectsAt, textAt } from '../../daemon/store/queries-fields.ts';
import { stateBytes } from '../support/run-scene.ts';
import { SPOOL_STEPS, type SpoolKillOrder } from '../support/spool-kills.ts';
import { makeSpool, runFinished, testId } from '../support/spool-scene.ts';

const IS_FULL = process.env['STATESEAL_FULL'] === '1';
const KILLS = IS_FULL ? 400 : 15;
const LIMIT_MS = 60_000;
const TARGET = new URL('../support/spool-kill-target.ts', import.meta.url).pathname;
const NOW_MS = Date.UTC(2026, 5, 2);

describe(`spool: kill -9, ${KILLS} times`, function () {
  this.timeout(1_800_000);
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-spool-kills-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('loses and doubles nothing', async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const random = createRandom(seed);
    const spool = join(folder, 'spool');
    await makeSpool(spool);
    const delivered: string[] = [];
    const hits = new Map<string, number>();
    let junk = 0;
    let generation = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const step = SPOOL_STEPS[kill % SPOOL_STEPS.length] ?? 'anywhere';
      for (let count = 2 + Math.floor(random() * 3); count > 0; count -= 1) {
        const number = delivered.length + 1;
        const serial = number + 10;
        const state = stateBytes({ serial, tags: { name: `serial-${serial}` } });
        const attachments = random() < 0.7 ? [{ kind: 'state', bytes: state } as const] : [];
        const delivery = await deliver(spool, runFinished(number), attachments, { budgetMs: LIMIT_MS });
        expect(delivery.outcome).to.equal('delivered');
        delivered.push(testId(number));
      }
      writeFileSync(join(spool, 'new', `rubbish-${kill}`), 'x'.repeat(100));
      junk += 1;
      const occurrence =
        step === 'anywhere'
          ? 150 + Math.floor(random() * 250)
          : step.endsWith('the record')
            ? 1 + Math.floor(random() * 2)
            : 1;
      generation += 1;
      const end = await run({ folder, nowMs: NOW_MS + generation * 61_000, stop: { step, occurrence } });
      if (end === 'SIGKILL') hits.set(step, (hits.get(step) ?? 0) + 1);
      const known = keysOf(folder);
      expect(new Set(known).size, `doubled after kill ${kill} at ${step}`).to.equal(known.length);
      const waiting = readdirSync(join(spool, 'new')).map((name) => name.replace('.box', ''));
      const lost = delivered.filter((key) => !known.includes(key) && !waiting.includes(key));
      expect(lost, `lost by kill ${kill} at ${step}`).to.deep.equal([]);
    }
    expect(await run({ folder, nowMs: NOW_MS + (generation + 1) * 61_000 })).to.equal('done');
    expect([...keysOf(folder)].sort()).to.deep.equal([...delivered].sort());
    // Said before it is taken away: killed in between, it is said twice, and never not at all.
    expect(countRejected(folder)).to.be.at.least(junk);
    expect(serialsOf(folder)).to.deep.equal([...new Set(serialsOf(folder))]);
    for (const step of SPOOL_STEPS) console.log(`      ${step.padEnd(20)} ${hits.get(step) ?? 0} kills`);
    for (const step of SPOOL_STEPS) expect(hits.get(step) ?? 0, step).to.be.at.least(IS_FULL ? 20 : 2);
  });
});

function run(order: SpoolKillOrder): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [TARGET, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const timer = setTimeout(() => child.kill('SIGTERM'), LIMIT_MS);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (signal === 'SIGKILL') resolve('SIGKILL');
      else if (code === 0) resolve('done');
      else reject(new Error(`expected the target to end, got ${code ?? signal}: ${stderr.slice(-2000)}`));
    });
  });
}

function dataOf(folder: string, type: string) {
  const database = openDatabaseReadOnly(join(folder, 'log.sqlite'));
  try {
    const entries = createEntries(database);
    return [...entries.range(0, entries.size())]
      .map(({ line }) => parseRecord(line))
      .filter((record) => record.type === type)
      .map(({ data }) => data);
  } finally {
    database.close();
  }
}

function keysOf(folder: string): string[] {
  return dataOf(folder, 'run.finished').map((data) => textAt(data, 'key'));
}

/** Each version that the runs left is recorded once. */
function serialsOf(folder: string): string[] {
  return dataOf(folder, 'state.changed').map((data) => textAt(data, 'version', 'serial'));
}

function countRejected(folder: string): number {
  const rows = dataOf(folder, 'spool.rejected').flatMap((data) => objectsAt(data, 'lost'));
  return rows.reduce((sum, row) => sum + numberAt(row, 'files'), 0);
}

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}

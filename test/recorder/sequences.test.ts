// Long random sequences of what happens to states, through the recorder's writing half: whatever the order, the records
// tell exactly what the snapshot holds, cite what closes them, and stay a log that verifies. On a failure the message
// names the seed and the last acts; STATESEAL_SEED runs that one again.
import { join } from 'node:path';
import { expect } from 'chai';
import { parseRecord } from '../../daemon/record/record.ts';
import type { Outcome, SightingContext } from '../../daemon/recorder/parts.ts';
import { openDatabase, openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { createQueryIndex } from '../../daemon/store/query-index.ts';
import { DERIVED_TABLES } from '../../daemon/store/schema.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { openLogHarness, testVerifier, type LogHarness } from '../support/log-harness.ts';
import { createRandom, createWorld } from '../support/state-world.ts';
import { compareWithSnapshot, replay } from '../support/told-records.ts';

const ACTS = 100;
const SEEDS = process.env['STATESEAL_SEED'] === undefined ? 6 : 1;
const FIRST_SEED = Number(process.env['STATESEAL_SEED'] ?? 1);

for (const withMarks of [false, true]) {
  describe(`random sequences${withMarks ? ', with marks that come and go' : ''}`, function () {
    this.timeout(60_000);
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      it(`tell what happened, seed ${seed}`, () => run(seed, withMarks));
    }
  });
}

function run(seed: number, withMarks: boolean): void {
  const log = openLogHarness({ maxRecords: 50, maxBytes: 1 << 20 });
  const acts: string[] = [];
  try {
    play(log, seed, withMarks, acts);
    check(log, withMarks);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}: ${told}\nafter: ${acts.slice(-25).join('; ')}`, { cause: error });
  } finally {
    log.close();
  }
}

function play(log: LogHarness, seed: number, withMarks: boolean, acts: string[]): void {
  const random = createRandom(seed);
  const world = createWorld(random, { withMarks });
  for (let count = 0; count < ACTS; count += 1) {
    log.clock.ms += 20 + Math.floor(random() * 3000);
    const { what, uris } = world.act(log.clock.ms);
    acts.push(`${what} ${uris.map((uri) => uri.split('/')[1]).join(' and ')}`);
    if (random() < 0.7) for (const uri of uris) look(log, world.sight(uri), acts);
    const accident = random();
    if (accident < 0.06) (acts.push('reopen'), log.reopen());
    else if (accident < 0.2) (acts.push('wait'), wait(log, world, acts));
    else if (accident < 0.24) freeze(log);
  }
}

/** One look, and the same sighting once more: that one adds nothing. */
function look(log: LogHarness, sighting: Parameters<LogHarness['methods']['observe']>[0], acts: string[]): Outcome {
  const context: SightingContext = {
    source: 'directory',
    nameCandidates: [sighting.reference.uri.split('/')[1] ?? ''],
    isInitial: false,
    isFinalAttempt: true,
  };
  const before = log.methods.states().length;
  const outcome = log.methods.observe(sighting, context);
  acts.push(`→ ${outcome.verdict} ${outcome.to - outcome.from}`);
  if (outcome.verdict === 'retry') expect(log.methods.states().length, 'states after a retry').to.equal(before);
  const again = log.methods.observe(
    { ...sighting, lockHoldsSince: 0, lastLock: undefined, recentLocks: [], backup: undefined },
    context,
  );
  expect(again.to - again.from, 'records of a second look').to.equal(0);
  return outcome;
}

function wait(log: LogHarness, world: ReturnType<typeof createWorld>, acts: string[]): void {
  log.clock.ms += 11_000;
  log.methods.tick();
  for (const uri of world.uris) look(log, world.sight(uri), acts);
  log.clock.ms += 11_000;
  log.methods.tick();
  const outcome = log.methods.tick();
  expect(outcome.to - outcome.from, 'records of a second tick').to.equal(0);
}

function freeze(log: LogHarness): void {
  const { methods } = log;
  const prev = log.read(({ batches }) => batches.frozenSize());
  if (methods.freeze() === undefined) return;
  methods.setPhase(prev, 'content');
  methods.setPhase(prev, 'committed');
  methods.signCheckpoint(prev);
}

function check(log: LogHarness, withMarks: boolean): void {
  freeze(log);
  const path = join(log.dataDir, 'log.sqlite');
  const database = openDatabaseReadOnly(path);
  try {
    const entries = createEntries(database);
    const records = [...entries.range(0, entries.size())].map(({ line }) => parseRecord(line));
    const told = replay(records, database, withMarks);
    compareWithSnapshot(told, database);
    const report = verifyStore(database, [testVerifier], { nowMs: log.clock.ms, isStrict: true });
    expect(report.failures.list.concat(report.anomalies.list), 'verify').to.deep.equal([]);
    expect(report.format.count, 'format').to.equal(0);
  } finally {
    database.close();
  }
  checkRebuild(path);
}

function checkRebuild(path: string): void {
  const database = openDatabase(path);
  try {
    const dump = (): unknown[] =>
      DERIVED_TABLES.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all());
    const before = dump();
    createQueryIndex(database).rebuild(createEntries(database));
    expect(dump(), 'derived tables').to.deep.equal(before);
  } finally {
    database.close();
  }
}

// The two vantages of one version, a source and the run that left it: corroborated in one change, or a problem.
import { join } from 'node:path';
import { expect } from 'chai';
import { openDatabase } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { textAt } from '../../daemon/store/queries-fields.ts';
import { createQueryIndex } from '../../daemon/store/query-index.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import {
  dataOf,
  endedRun,
  ingest,
  observe,
  recordsOf,
  REFERENCE,
  settle,
  stateBytes,
  storeSighting,
} from '../support/run-scene.ts';
import { testId } from '../support/spool-scene.ts';

const ONE = { serial: 1, tags: { name: 'one' } };
const TWO = { serial: 2, tags: { name: 'two' } };
const THREE = { serial: 3, tags: { name: 'three' } };

describe('two vantages of one version', () => {
  let log: LogHarness;

  beforeEach(() => {
    log = openLogHarness();
    observe(log, stateBytes(ONE), log.clock.ms, true);
    log.clock.ms += 60_000;
  });
  afterEach(() => log.close());

  const links = (): unknown[] =>
    dataOf(log, 'change.linked').map((data) => [
      textAt(data, 'content') || 'maker',
      textAt(data, 'run', 'id'),
      textAt(data, 'change') === recordsOf(log, 'state.changed').at(-1)?.id,
    ]);
  const problems = (): unknown[] =>
    log.read(({ queries }) =>
      queries
        .findLog({ problemsOnly: true }, { limit: 9 })
        .lines.flatMap((line) =>
          line.is === 'record' ? [[line.stored.record.type, textAt(line.stored.record.data, 'content')]] : [],
        ),
    );
  const changes = () => log.read(({ queries }) => queries.findChanges({}, { limit: 9 }));

  for (const isRunFirst of [true, false]) {
    it(`are one change, ${isRunFirst ? 'the run first' : 'the source first'}`, async () => {
      const run = endedRun(log, 1);
      if (isRunFirst) await ingest(log, run, stateBytes(TWO));
      observe(log, stateBytes(TWO), log.clock.ms - 10_000);
      if (!isRunFirst) await ingest(log, run, stateBytes(TWO));
      settle(log);
      expect(links().sort()).to.deep.equal([
        ['maker', run.run, true],
        ['same', run.run, true],
      ]);
      expect(problems()).to.deep.equal([]);
      expect(changes()).to.have.length(1);
      expect(changes()[0]?.claims.map(({ field, value, known, by }) => [field, value, known, by])).to.deep.equal([
        ['uid', 'uid:1001', 'observed', 'spool'],
        ['actor', 'github:alice', 'claimed', 'github'],
      ]);
    });
  }

  it('are the same in another order of sensitive paths', async () => {
    const secret = 'a-secret-value-77';
    observe(log, stateBytes({ ...TWO, secret, marks: ['user_data', 'key_name'] }), log.clock.ms - 10_000);
    await ingest(log, endedRun(log, 1), stateBytes({ ...TWO, secret, marks: ['key_name', 'user_data'] }));
    expect(dataOf(log, 'change.linked').map((data) => textAt(data, 'content'))).to.deep.equal(['same']);
  });

  for (const isRunFirst of [true, false]) {
    it(`are a problem where their contents differ, ${isRunFirst ? 'the run first' : 'the source first'}`, async () => {
      const run = endedRun(log, 1);
      const other = stateBytes({ serial: 2, tags: { name: 'forged' } });
      if (isRunFirst) await ingest(log, run, other);
      observe(log, stateBytes(TWO), log.clock.ms - 10_000);
      if (!isRunFirst) await ingest(log, run, other);
      settle(log);
      expect(links()).to.deep.include(['different', run.run, true]);
      expect(problems()).to.deep.equal([['change.linked', 'different']]);
    });
  }

  it('are compared with a version that others followed, and after a restart', async () => {
    observe(log, stateBytes(TWO), log.clock.ms - 20_000);
    settle(log);
    observe(log, stateBytes(THREE), log.clock.ms);
    settle(log);
    log.crash();
    await ingest(log, endedRun(log, 1, { time: new Date(log.clock.ms - 42_000).toISOString() }), stateBytes(TWO));
    const [first] = recordsOf(log, 'state.changed');
    const same = dataOf(log, 'change.linked').find((data) => textAt(data, 'content') === 'same');
    expect(same === undefined ? '' : textAt(same, 'change')).to.equal(first?.id);
  });

  it('wait for each other over a restart, and are given up after a day', async () => {
    await ingest(log, endedRun(log, 1), stateBytes(TWO));
    await ingest(log, endedRun(log, 2), stateBytes(THREE));
    expect(dataOf(log, 'run.finished').map((data) => textAt(data, 'view', 'outcome'))).to.deep.equal([
      'waiting',
      'waiting',
    ]);
    log.crash();
    observe(log, stateBytes(TWO));
    expect(dataOf(log, 'change.linked').map((data) => textAt(data, 'content'))).to.deep.equal(['same']);
    log.clock.ms += 25 * 60 * 60 * 1000;
    log.methods.tick();
    log.methods.tick();
    expect(problems()).to.deep.equal([['change.linked', 'unseen']]);
  });

  it('record what no source watches, from run to run', async () => {
    const backend = { type: 'http', workspace: 'blue', reference: 'https://states.example/app', statePath: '' };
    await ingest(log, endedRun(log, 1, { backend }), stateBytes(TWO));
    log.clock.ms += 60_000;
    await ingest(log, endedRun(log, 2, { backend }), stateBytes(THREE));
    await ingest(log, endedRun(log, 3, { backend }), stateBytes(TWO));
    await ingest(log, endedRun(log, 4, { backend }), stateBytes({ ...THREE, tags: { name: 'other' } }));
    const outcomes = dataOf(log, 'run.finished').map((data) => textAt(data, 'view', 'outcome'));
    expect(outcomes).to.deep.equal(['recorded', 'recorded', 'recorded', 'recorded']);
    const own = changes().filter(({ state }) => state.reference === backend.reference);
    expect(
      own.map(({ state, serial, timeBasis, vantage }) => [state.name, serial, timeBasis, vantage.source]),
    ).to.deep.equal([['app@blue', '3', 'run', 'run']]);
    const contents = dataOf(log, 'change.linked').map((data) => textAt(data, 'content'));
    expect(contents.filter((content) => content !== '')).to.deep.equal(['same', 'different']);
    expect(problems()).to.deep.equal([['change.linked', 'different']]);
  });

  it('know the state backend of the recorder by name and lineage, whatever leads to it', async () => {
    const kept = stateBytes({ ...ONE, lineage: 'kept' });
    const seen = storeSighting(kept, log.clock.ms, 'backend:app');
    log.methods.observe(seen, { source: 'backend', nameCandidates: ['app'], isInitial: false, isFinalAttempt: true });
    const backendOf = (reference: string) => ({ type: 'http', workspace: 'default', reference, statePath: '' });
    const proxy = backendOf('https://proxy.example/state/app');
    await ingest(log, endedRun(log, 1, { backend: proxy }), kept);
    const elsewhere = backendOf('https://elsewhere.example/state/app');
    await ingest(log, endedRun(log, 2, { backend: elsewhere }), stateBytes({ ...ONE, lineage: 'another' }));
    expect(dataOf(log, 'run.finished').map((data) => textAt(data, 'view', 'outcome'))).to.deep.equal([
      'compared',
      'recorded',
    ]);
    const [same] = dataOf(log, 'change.linked');
    expect(same && [textAt(same, 'state', 'reference'), textAt(same, 'content')]).to.deep.equal([
      'backend:app',
      'same',
    ]);
  });

  it('name a state by its place, not by the workspace it ends in', async () => {
    for (const [index, reference] of ['gs://acme/net/default.tfstate', 'pg://db:5432/states/dns/default'].entries()) {
      const backend = { type: 'gcs', workspace: 'default', reference, statePath: '' };
      await ingest(log, endedRun(log, index + 1, { backend }), stateBytes({ ...ONE, lineage: reference }));
    }
    const names = recordsOf(log, 'state.baselined').map(({ subject }) => subject);
    expect(names).to.include.members(['net', 'dns']);
  });

  it('let a source take over what runs have shown', async () => {
    const backend = { type: 's3', workspace: 'default', reference: 's3://states/late.tfstate', statePath: '' };
    await ingest(log, endedRun(log, 1, { backend }), stateBytes(TWO));
    const sighting = {
      ...storeSighting(stateBytes(TWO), log.clock.ms),
      reference: { uri: backend.reference, workspace: 'default' },
    };
    log.methods.observe(sighting, {
      source: 'bucket',
      nameCandidates: ['late'],
      isInitial: false,
      isFinalAttempt: true,
    });
    expect(dataOf(log, 'change.linked').map((data) => textAt(data, 'content'))).to.deep.equal(['same']);
    const row = log.methods.states().find(({ uri }) => uri === backend.reference);
    expect(row?.sourceVersion).to.match(/^v-/u);
  });

  it('refuse what is no state, and keep the run', async () => {
    await ingest(log, endedRun(log, 1), Buffer.from('{"version":4,"serial":'));
    const [data] = dataOf(log, 'run.finished');
    expect(data?.['view']).to.deep.equal({ outcome: 'refused', code: 'json-syntax' });
  });
});

describe('the run of a change', () => {
  let log: LogHarness;

  beforeEach(() => {
    log = openLogHarness();
    observe(log, stateBytes(ONE), log.clock.ms, true);
    log.clock.ms += 60_000;
  });
  afterEach(() => log.close());

  const makers = (): unknown[] =>
    dataOf(log, 'change.linked')
      .filter((data) => data['content'] === undefined)
      .map((data) => [textAt(data, 'run', 'id'), (data['candidates'] as unknown[] | undefined)?.length ?? 0]);

  it('is not chosen among several', async () => {
    observe(log, stateBytes(TWO), log.clock.ms - 10_000);
    settle(log);
    log.clock.ms -= 11_000;
    await ingest(log, endedRun(log, 1));
    await ingest(log, endedRun(log, 2), undefined, 1002);
    expect(makers()).to.deep.equal([
      [testId(5_001), 0],
      ['', 2],
    ]);
    const [change] = log.read(({ queries }) => queries.findChanges({}, { limit: 1 }));
    expect(change?.claims).to.deep.equal([]);
  });

  it('is not one that only read, nor of another state, nor of another time', async () => {
    observe(log, stateBytes(TWO), log.clock.ms - 10_000);
    settle(log);
    log.clock.ms -= 11_000;
    const command = endedRun(log, 1).command;
    await ingest(log, endedRun(log, 1, { command: { ...command, subcommand: 'plan' } }));
    const backend = { ...endedRun(log, 2).backend, reference: `${REFERENCE}.other` };
    await ingest(log, endedRun(log, 2, { backend }));
    const late = new Date(log.clock.ms + 60_000).toISOString();
    await ingest(log, endedRun(log, 3, { startedAt: late, time: late }));
    expect(makers()).to.deep.equal([]);
  });

  it('is not one that saw an older version at its end', async () => {
    observe(log, stateBytes(TWO), log.clock.ms - 12_000);
    settle(log);
    observe(log, stateBytes(THREE), log.clock.ms - 13_000);
    settle(log);
    log.clock.ms -= 22_000;
    await ingest(log, endedRun(log, 1), stateBytes(TWO));
    const [second, third] = recordsOf(log, 'state.changed');
    const linked = dataOf(log, 'change.linked').filter((data) => data['content'] === undefined);
    expect(linked.map((data) => textAt(data, 'change'))).to.deep.equal([second?.id]);
    expect(third?.id).to.not.equal(second?.id);
  });

  it('is recorded once, however often it is delivered, and a stranger cannot keep it out', async () => {
    const run = endedRun(log, 1);
    await ingest(log, run, undefined, 4242);
    await ingest(log, run);
    await ingest(log, run);
    log.crash();
    await ingest(log, run);
    expect(dataOf(log, 'run.finished').map((data) => textAt(data, 'run', 'uid'))).to.deep.equal([
      'uid:4242',
      'uid:1001',
    ]);
  });

  it('is known again by tables made from the lines alone', async () => {
    const run = endedRun(log, 1);
    await ingest(log, run);
    log.methods.close();
    const database = openDatabase(join(log.dataDir, 'log.sqlite'));
    createQueryIndex(database).rebuild(createEntries(database));
    database.close();
    log.start();
    await ingest(log, run);
    expect(dataOf(log, 'run.finished')).to.have.length(1);
  });
});

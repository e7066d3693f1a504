// Runs that failed, were stopped or killed, from their streams: what the record says of them, what is shown, what is
// withheld; and what locks, empty and unreadable states say of the version that stands.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import type { RunFinishedObservation } from '../../daemon/record/run.ts';
import { formatLogLines } from '../../daemon/commands/render-log.ts';
import { formatRunEnd } from '../../daemon/commands/render-run.ts';
import { formatChange } from '../../daemon/commands/render-show.ts';
import { objectAt, textAt } from '../../daemon/store/queries-fields.ts';
import { toRunEnd } from '../../daemon/store/run-end.ts';
import type { LockSighting } from '../../daemon/sources/source.ts';
import { createPalette } from '../../daemon/terminal.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import {
  dataOf,
  endedRun,
  observe,
  recordsOf,
  REFERENCE,
  settle,
  stateBytes,
  storeSighting,
  toDelivery,
} from '../support/run-scene.ts';
import { readFixture } from '../terraform/fixtures.ts';

const SECRET = 'a-secret-value-77';
const palette = createPalette(false);

describe('a run that did not succeed', () => {
  let log: LogHarness;

  beforeEach(() => {
    log = openLogHarness();
    observe(log, stateBytes({ serial: 1, tags: {}, secret: SECRET, marks: ['user_data'] }), log.clock.ms, true);
    log.clock.ms += 60_000;
  });
  afterEach(() => log.close());

  const end = async (
    stream: string | Buffer | undefined,
    changes: Partial<RunFinishedObservation> = {},
    number = 1,
  ): Promise<RunFinishedObservation> => {
    const run = endedRun(log, number, { exitCode: 1, ...changes });
    const bytes = Buffer.from(stream ?? '');
    log.methods.ingest(await toDelivery(run, stream === undefined ? [] : [{ kind: 'stream', bytes }]));
    return run;
  };
  const finished = () => dataOf(log, 'run.finished').at(-1) ?? {};
  const shown = (): string[] =>
    log.read(({ queries }) => {
      const record = recordsOf(log, 'run.finished').at(-1);
      const stored = queries.readRecord(record?.id ?? '');
      if (stored === undefined) throw new Error('expected a run');
      return formatRunEnd(toRunEnd(stored), stored.record.data, queries.runResources(stored), palette);
    });
  const listed = (problemsOnly = true): string =>
    log.read(({ queries }) =>
      formatLogLines(queries.findLog({ problemsOnly }, { limit: 9 }).lines, { palette, columns: 0 }).join('\n'),
    );

  it('says what landed and what had not, and never the counts of its plan', async () => {
    await end(readFixture('streams/apply-provisioner-progress-error.jsonl'));
    expect(finished()['outcome']).to.equal('failed');
    expect(objectAt(finished(), 'stream', 'tally')).to.deep.equal({
      complete: 2,
      errored: 1,
      started: 0,
      notStarted: 0,
      untold: 0,
    });
    expect(shown()).to.deep.equal([
      'failed: 2 of 3 landed   exit code 1   after 30 s',
      '✗ failed: create   terraform_data.p   11 s',
      '✓ created          fake_thing.slow    12 s',
      '✓ updated          fake_thing.a',
      'the plan said 2 to add, 1 to change, 0 to destroy: not what was done',
    ]);
    expect(listed()).to.contain('terraform apply failed: 2 of 3 landed').and.contain(REFERENCE);
    expect(JSON.stringify(recordsOf(log))).not.to.contain('plain-env-secret');
  });

  it('a deposed object whose end is not told, and what was never begun', async () => {
    await end(readFixture('streams/rich-apply-deposed-error.jsonl'));
    expect(shown().join('\n')).to.contain('failed: 4 of 5 landed, 1 with no end told');
    expect(shown()).to.include('? no end told: delete   fake_thing.cbd');
    const lines = readFixture('streams/rich-apply-deposed-error.jsonl').toString().split('\n');
    await end(lines.slice(0, 6).join('\n'), { exitCode: -1, signal: 'SIGKILL' }, 2);
    expect(finished()['outcome']).to.equal('killed');
    expect(shown()[0]).to.equal('killed: 0 of 5 landed, 1 with no end told   ended by SIGKILL   after 30 s');
    expect(shown()).to.include('… not started: create   fake_thing.cbd');
  });

  it('is told by its exit code, its signal and its own summary', async () => {
    const success = readFixture('streams/apply-move-forget-import.jsonl').toString();
    const stop = JSON.stringify({ type: 'log', '@message': '\nInterrupt received.\n' });
    const plan = { ...endedRun(log, 0).command, subcommand: 'plan', flags: ['-detailed-exitcode'] };
    const cases: readonly (readonly [string, string | undefined, Partial<RunFinishedObservation>])[] = [
      ['succeeded', success, { exitCode: 0 }],
      ['unknown', success.split('\n').slice(0, 9).join('\n'), { exitCode: 0 }],
      ['failed', success, { exitCode: 1 }],
      ['interrupted', `${stop}\n`, { exitCode: 1 }],
      ['failed', undefined, { exitCode: 1 }],
      ['succeeded', undefined, { exitCode: 0 }],
      ['unknown', undefined, { exitCode: -1 }],
      ['killed', undefined, { exitCode: -1, signal: 'SIGKILL' }],
      ['succeeded', readFixture('streams/aws-plan.jsonl').toString(), { exitCode: 2, command: plan }],
      ['failed', readFixture('streams/plan-error.jsonl').toString(), { exitCode: 1, command: plan }],
    ];
    for (const [index, [outcome, stream, changes]] of cases.entries()) {
      await end(stream, changes, index + 1);
      expect(finished()['outcome'], String(index)).to.equal(outcome);
      if (changes.command === plan) expect(objectAt(finished(), 'stream')?.['resources']).to.deep.equal([]);
    }
    // Those that may write and did not succeed: a plan that fails is no problem of a state.
    expect(listed().split('\n')).to.have.length(6);
  });

  it('withholds known secrets in index keys; names stand in no place of their own', async () => {
    const hook = (type: string, addr: string): string =>
      JSON.stringify({ type, hook: { resource: { addr }, action: 'create', elapsed_seconds: 1 } });
    await end(
      [
        hook('apply_start', `aws_x.y[${JSON.stringify(SECRET)}]`),
        hook('apply_errored', `aws_x.y["AKIAABCDEFGHIJKLMNOP"]`),
        hook('apply_complete', `aws_x.${SECRET}`),
      ].join('\n'),
    );
    expect(JSON.stringify(recordsOf(log)))
      .not.to.contain(SECRET)
      .and.not.to.contain('AKIA');
    expect(shown().join('\n'))
      .to.match(/no end told: create\s+aws_x\.y\["\(hidden-[\w-]{8}\)"\]/u)
      .and.match(/failed: create\s+\(hidden\)/u)
      .and.match(/created\s+\(hidden\)/u);
  });

  it('a long list stands in a blob and is read from there', async () => {
    const lines = Array.from({ length: 900 }, (_, index) =>
      JSON.stringify({
        type: 'apply_complete',
        hook: { resource: { addr: `aws_x.y[${index}]` }, action: 'create', elapsed_seconds: 1 },
      }),
    );
    await end(lines.join('\n'));
    expect(objectAt(finished(), 'stream')?.['resources']).to.deep.equal([]);
    expect(objectAt(finished(), 'stream', 'body')).not.to.equal(undefined);
    expect(shown()).to.have.length(901).and.include('✓ created   aws_x.y[899]   1 s');
  });

  it('each record is as the schema says', async () => {
    await end(readFixture('streams/rich-apply-deposed-error.jsonl'));
    await end(undefined, { exitCode: 0 }, 2);
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync('schemas/record.schema.json', 'utf8')) as object);
    const lines = log.read(({ entries }) => [...entries.range(0, entries.size())].map(({ line }) => line.toString()));
    const runs = lines.filter((line) => line.includes('run.finished'));
    expect(runs).to.have.length(2);
    for (const line of lines) expect(validate(JSON.parse(line)), JSON.stringify(validate.errors?.[0])).to.equal(true);
    expect(validate(JSON.parse(runs[0]?.replace('"errored"', '"erred"') ?? ''))).to.equal(false);
  });

  it('its change names it, and says the same', async () => {
    observe(log, stateBytes({ serial: 2, tags: { name: 'two' } }), log.clock.ms - 10_000);
    const run = endedRun(log, 1, { exitCode: 1 });
    const stream = readFixture('streams/apply-provisioner-progress-error.jsonl');
    log.methods.ingest(await toDelivery(run, [{ kind: 'stream', bytes: stream }]));
    settle(log);
    const text = log.read(({ queries }) => {
      const [change] = queries.findChanges({}, { limit: 1 });
      const detail = queries.readChange(change?.leafIndex ?? -1);
      if (detail === undefined) throw new Error('expected a change');
      return formatChange(detail, queries.evidence(detail.summary.leafIndex), palette);
    });
    expect(text).to.match(/failed: 2 of 3 landed {3}stateseal show \d+/u);
    expect(listed(false)).to.contain('run failed: 2 of 3 landed');
  });
});

describe('what stands when no version can be read', () => {
  let log: LogHarness;

  beforeEach(() => {
    log = openLogHarness();
    observe(log, stateBytes({ serial: 41, tags: {} }), log.clock.ms, true);
  });
  afterEach(() => log.close());

  it('an empty state, and one that is torn for good', () => {
    const context = { source: 'bucket', nameCandidates: ['network'], isInitial: false, isFinalAttempt: true };
    const torn = Buffer.from('{"version": 4, "serial": 42, "li');
    log.clock.ms += 1000;
    log.methods.observe(storeSighting(torn, log.clock.ms), context);
    const [data] = dataOf(log, 'state.unreadable');
    expect(objectAt(data ?? {}, 'lastGood')).to.deep.equal({
      lineage: '11111111-2222-4333-8444-555555555555',
      serial: '41',
      instances: 1,
    });
    const line = log.read(({ queries }) => queries.findLog({ problemsOnly: true }, { limit: 9 }).lines);
    expect(formatLogLines(line, { palette, columns: 0 }).join('\n')).to.contain('last good serial 41, 1 instance');
    expect(textAt(data ?? {}, 'code')).not.to.equal('');
  });

  it('an empty file', () => {
    const context = { source: 'directory', nameCandidates: ['network'], isInitial: false, isFinalAttempt: true };
    const sighting = storeSighting(Buffer.alloc(0), log.clock.ms);
    log.methods.observe({ ...sighting, condition: 'empty', timeBasis: 'mtime' }, context);
    settle(log);
    const [data] = dataOf(log, 'state.unreadable');
    expect([textAt(data ?? {}, 'code'), objectAt(data ?? {}, 'lastGood')]).to.deep.equal([
      'state-empty',
      { lineage: '11111111-2222-4333-8444-555555555555', serial: '41', instances: 1 },
    ]);
  });

  it('a lock says at which version it was taken, and at which it was left behind', () => {
    const context = { source: 'directory', nameCandidates: ['network'], isInitial: false, isFinalAttempt: true };
    const lock = (holder: 'held' | 'stale'): LockSighting => ({
      info: { id: 'l-1', operation: 'OperationTypeApply', info: '', who: '', version: '', created: '', path: '' },
      createdMs: log.clock.ms,
      pid: 0,
      holder,
    });
    const look = (serial: number, holder: 'held' | 'stale'): void => {
      const held = lock(holder);
      log.clock.ms += 1000;
      const sighting = storeSighting(stateBytes({ serial, tags: { name: String(serial) } }), log.clock.ms);
      log.methods.observe(
        { ...sighting, timeBasis: 'mtime', lock: held, recentLocks: [held], lockHoldsSince: 1 },
        context,
      );
    };
    look(41, 'held');
    look(43, 'held');
    look(43, 'stale');
    const mark = (serial: string) => ({ lineage: '11111111-2222-4333-8444-555555555555', serial });
    expect(dataOf(log, 'lock.acquired').map(({ at, since }) => [at, since])).to.deep.equal([[mark('41'), undefined]]);
    expect(dataOf(log, 'lock.abandoned').map(({ at, since }) => [at, since])).to.deep.equal([[mark('43'), mark('41')]]);
    const { lines } = log.read(({ queries }) => queries.findLog({ problemsOnly: true }, { limit: 9 }));
    expect(formatLogLines(lines, { palette, columns: 0 }).join('\n')).to.contain('serial 41 → 43 while it was held');
  });
});

// Versions of a store as the recorder takes them: continuity from serials, the hold each belongs to, imported history, and
// a sighting that does not follow what was recorded last.
import { expect } from 'chai';
import type { LockSighting, StateSighting } from '../../daemon/sources/source.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';

const URI = 's3://states/net/app.tfstate';
const START = Date.UTC(2026, 5, 1);

interface Options {
  readonly lineage?: string;
  readonly value?: string;
  readonly hold?: string;
  readonly operation?: string;
  readonly isHeldOn?: boolean;
  readonly isFirst?: boolean;
}

describe('versions of a store', () => {
  let log: LogHarness;
  let made = 0;
  beforeEach(() => {
    log = openLogHarness();
    made = 0;
  });
  afterEach(() => log.close());

  const stateOf = (serial: number, { lineage = 'one', value = `value ${serial}` }: Options): Buffer =>
    Buffer.from(
      JSON.stringify({
        version: 4,
        terraform_version: '1.11.4',
        serial,
        lineage,
        outputs: { o: { value, type: 'string' } },
        resources: [],
      }),
    );
  const lockOf = (id: string, operation: string, acquiredMs: number): LockSighting => ({
    holder: 'unknown',
    info: { id, operation, info: '', who: 'a@b', version: '1.11.4', created: '2026-06-01T00:00:00Z', path: '' },
    createdMs: acquiredMs,
    pid: 0,
    releasedMs: acquiredMs + 900,
  });
  const sighting = (serial: number | 'deleted', options: Options = {}): StateSighting => {
    made += 1;
    const ms = START + made * 1000;
    const { hold, operation = 'OperationTypeApply', isHeldOn = false, isFirst = made === 1 } = options;
    const lock = hold === undefined ? undefined : lockOf(hold, operation, START + made * 1000 - 100);
    return {
      reference: { uri: URI, workspace: 'default' },
      condition: serial === 'deleted' ? 'absent' : 'state',
      sourceVersion: `v${made}@${new Date(ms).toISOString()}`,
      bytes: serial === 'deleted' ? new Uint8Array() : stateOf(serial, options),
      effectiveTime: new Date(ms).toISOString(),
      timeBasis: 'store',
      problem: undefined,
      lock: isHeldOn ? lock : undefined,
      lockHoldsSince: -1,
      lastLock: lock,
      recentLocks: lock === undefined ? [] : [lock],
      backup: undefined,
      numberedBackupSeconds: 0,
      store: { after: log.methods.cursor(URI), isBehind: false, isFirst },
    };
  };
  const observe = (seen: StateSighting, isBackfilled = false) =>
    log.methods.observe(seen, {
      source: 'bucket',
      nameCandidates: ['app'],
      isInitial: seen.store?.isFirst !== true,
      isFinalAttempt: true,
      isBackfilled,
    });
  const records = () =>
    log.read(({ queries }) => Array.from({ length: queries.size() }, (_, index) => queries.readRecord(index)?.record));
  const told = (...members: readonly string[]): readonly string[] =>
    records().flatMap((record) => {
      if (record === undefined || !/^(?:state|lock)\./u.test(record.type)) return [];
      return [
        [record.type, ...members.flatMap((name) => (record.data[name] as string | string[] | undefined) ?? [])].join(
          ' ',
        ),
      ];
    });

  it('one serial after the other: contiguous, from the birth on, at once and with the time of the store', () => {
    for (const serial of [1, 2, 3]) observe(sighting(serial, { hold: `h${serial}` }));
    const changes = told('kind', 'continuity', 'effectiveTime').filter((text) => text.startsWith('state.changed'));
    expect(changes).to.deep.equal([
      'state.changed apply contiguous 2026-06-01T00:00:01.000Z',
      'state.changed apply contiguous 2026-06-01T00:00:02.000Z',
      'state.changed apply contiguous 2026-06-01T00:00:03.000Z',
    ]);
    expect(records().at(-1)?.data['timeBasis']).to.equal('store');
  });

  it('a jump is a gap that is told, a push may jump, a lower serial is unordered', () => {
    observe(sighting(1, { hold: 'a' }));
    observe(sighting(4, { hold: 'b' }));
    observe(sighting(9, { hold: 'c', operation: 'state-push' }));
    observe(sighting(5, { hold: 'd', operation: 'state-push' }));
    expect(
      told('kind', 'continuity', 'reason', 'fromSerial', 'toSerial').filter((text) => !text.startsWith('lock')),
    ).to.deep.equal([
      'state.baselined appeared',
      'state.changed apply contiguous',
      'state.missed not-in-store 1 4',
      'state.changed apply gap',
      'state.changed manual monotonic-only',
      'state.changed rollback unordered',
    ]);
  });

  it('the same serial and content again is nothing, another content is a rewrite, another lineage a replacement', () => {
    observe(sighting(1, { value: 'x' }));
    expect(observe(sighting(1, { value: 'x' })).verdict).to.equal('nothing');
    observe(sighting(1, { value: 'y' }));
    observe(sighting(2, { lineage: 'two' }));
    expect(told('kind', 'continuity').slice(2)).to.deep.equal([
      'state.changed rewritten unordered',
      'state.changed replaced new-lineage',
    ]);
  });

  it('versions of one hold are one change; one without a lock in between is another', () => {
    observe(sighting(1, { hold: 'a', isHeldOn: true }));
    observe(sighting(2, { hold: 'a' }));
    observe(sighting(3));
    observe(sighting(4, { hold: 'b' }));
    expect(told('kind', 'serials').filter((text) => text.startsWith('state.changed'))).to.deep.equal([
      'state.changed apply 1 2',
      'state.changed unknown 3',
      'state.changed apply 4',
    ]);
  });

  it('times of holds are those of the store, each told once', () => {
    observe(sighting(1, { hold: 'a' }));
    const same = { ...sighting(1), sourceVersion: log.methods.cursor(URI), bytes: new Uint8Array() };
    for (let look = 0; look < 3; look += 1)
      observe({ ...same, lastLock: lockOf('a', 'OperationTypeApply', START + 900) });
    expect(told('effectiveTime').filter((text) => text.startsWith('lock'))).to.deep.equal([
      'lock.acquired 2026-06-01T00:00:00.900Z',
      'lock.released 2026-06-01T00:00:01.800Z',
    ]);
  });

  it('a delete marker retires at once, and the place in the history stays', () => {
    observe(sighting(1));
    const gone = sighting('deleted');
    observe(gone);
    expect(told('reason').at(-1)).to.equal('state.retired vanished');
    expect(log.methods.cursor(URI)).to.equal(gone.sourceVersion);
  });

  it('a sighting from another place in the history is not taken: nothing is recorded twice', () => {
    const first = sighting(1);
    observe(first);
    observe(sighting(2));
    const size = records().length;
    expect(observe({ ...first, store: { after: '', isBehind: true, isFirst: true } }).verdict).to.equal('nothing');
    expect(records()).to.have.length(size);
  });

  it('the place in a history survives a kill, with the records of its versions', () => {
    observe(sighting(1));
    const second = sighting(2);
    observe(second);
    log.crash();
    expect(log.methods.cursor(URI)).to.equal(second.sourceVersion);
    observe(sighting(3));
    expect(told('continuity').at(-1)).to.equal('state.changed contiguous');
  });

  it('imported history says so in every record', () => {
    observe(sighting(1, { hold: 'a' }), true);
    observe(sighting(5), true);
    const all = records().filter((record) => record !== undefined);
    expect(all.length).to.be.greaterThan(6);
    expect(all.filter(({ data }) => data['backfilled'] !== true)).to.deep.equal([]);
  });

  it('the first version with a high serial is no birth: older ones may have expired', () => {
    observe(sighting(40, { hold: 'a' }));
    expect(told('reason')).to.deep.equal(['state.baselined appeared', 'lock.acquired', 'lock.released']);
  });
});

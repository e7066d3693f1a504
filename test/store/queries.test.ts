import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import type { ChangeFilter } from '../../daemon/store/queries-filter.ts';
import type { PagePosition } from '../../daemon/store/queries-list.ts';
import { DNS, NETWORK, openSampleLog, sampleId, type SampleLog } from '../support/sample-log.ts';

const KEY = 'aws_instance.k["a.b/c*"]';

describe('queries', () => {
  let log: SampleLog;
  let first: number;
  let moved: number;
  let replaced: number;
  let manual: number;
  let missed: number;

  before(() => {
    log = openSampleLog();
    log.append('log.created', {});
    first = log.change({
      time: '2026-06-01T10:00:00.000Z',
      to: '3',
      steps: [
        {
          address: 'aws_instance.old',
          actions: ['create'],
          changes: [{ path: '', after: { id: 'i', tags: { a: 1 } } }],
        },
      ],
      actions: [action('aws_instance.old', ['create'])],
      counts: { create: 1 },
    });
    moved = log.change({
      time: '2026-06-03T10:00:00.000Z',
      from: '3',
      to: '4',
      steps: [
        {
          address: 'module.m.aws_instance.new[0]',
          actions: ['create'],
          changes: [{ path: '', after: { id: 'i', tags: { a: 2 } } }],
        },
        {
          address: 'aws_instance.old',
          actions: ['delete'],
          changes: [{ path: '', before: { id: 'i', tags: { a: 1 } } }],
        },
      ],
      actions: [{ ...action('module.m.aws_instance.new[0]', ['move', 'update']), previousAddress: 'aws_instance.old' }],
      counts: { move: 1, update: 1 },
    });
    replaced = log.change({
      state: DNS,
      time: '2026-06-02T10:00:00.000Z',
      from: '1',
      to: '2',
      steps: [
        { address: KEY, type: 'aws_route', actions: ['delete'] },
        { output: 'zone', actions: ['update'], changes: [{ path: '', before: 'a', after: 'b' }] },
      ],
      actions: [action(KEY, ['delete', 'create'], 'aws_route')],
      counts: { replace: 1, output: 1 },
    });
    manual = log.change({
      time: '2026-06-04T10:00:00.000Z',
      from: '4',
      to: '5',
      steps: [],
      actions: [action('aws_instance.gone', ['forget'])],
      data: { kind: 'manual', claims: [{ field: 'actor', value: 'uid:1001', known: 'observed', by: 'proc' }] },
    });
    missed = log.append(
      'state.missed',
      { state: { ...DNS }, fromSerial: '12', toSerial: '14', reason: 'recorder-stopped' },
      { time: '2026-06-05T10:00:00.000Z' },
    );
    log.append('log.heartbeat', {}, { time: '2026-06-06T10:00:00.000Z' });
  });
  after(() => log.close());

  const numbers = (filter: ChangeFilter): number[] =>
    log.queries
      .findLog(filter, { limit: 100 })
      .lines.map((line) => (line.is === 'change' ? line.change.leafIndex : line.stored.leafIndex));

  it('lists changes and problem records newest first by effective time', () => {
    expect(numbers({})).to.eql([missed, manual, moved, replaced, first]);
    expect(log.queries.findChanges({}, { limit: 2 }).map(({ leafIndex }) => leafIndex)).to.eql([manual, moved]);
  });

  it('pages without losing or repeating a line', () => {
    const seen: number[] = [];
    let before: PagePosition | undefined;
    do {
      const page = log.queries.findLog({}, { limit: 2, ...(before && { before }) });
      seen.push(...page.lines.map((line) => (line.is === 'change' ? line.change.leafIndex : line.stored.leafIndex)));
      before = page.next;
    } while (before);
    expect(seen).to.eql(numbers({}));
  });

  it('filters by time, of the change and of the record, and by tree size', () => {
    expect(numbers({ sinceMs: Date.parse('2026-06-03T10:00:00Z') })).to.eql([missed, manual, moved]);
    expect(numbers({ untilMs: Date.parse('2026-06-03T10:00:00Z') })).to.eql([replaced, first]);
    expect(numbers({ recordedSinceMs: Date.parse('2026-06-05T00:00:00Z') })).to.eql([missed]);
    expect(numbers({ atSize: moved + 1 })).to.eql([moved, first]);
    expect(numbers({ fromLeaf: manual })).to.eql([missed, manual]);
  });

  it('filters by state name and reference, problem records included', () => {
    expect(numbers({ state: 'dns*' })).to.eql([missed, replaced]);
    expect(numbers({ state: 'dir:infra/net*' })).to.eql([manual, moved, first]);
    expect(numbers({ state: 'd' })).to.eql([]);
  });

  it('finds changes by the name a state has now', () => {
    const row = {
      workspace: '',
      form: 'clear',
      lineage: '',
      serial: '',
      toolVersion: '',
      contentTag: '',
      sourceVersion: '',
    } as const;
    const more = {
      condition: 'state',
      conditionSinceMs: 0,
      isRetired: false,
      knowledge: '',
      lock: '',
      unreadableVersion: '',
    } as const;
    log.states.put({ id: NETWORK.id, name: 'core', uri: 'dir:elsewhere', ...row, ...more });
    expect(numbers({ state: 'core' })).to.eql([manual, moved, first]);
    expect(log.queries.states().map(({ name, changes }) => ({ name, changes }))).to.eql([{ name: 'core', changes: 3 }]);
  });

  it('reads an address as Terraform does: all instances of a resource, everything in a module', () => {
    expect(numbers({ address: 'module.m' })).to.eql([moved]);
    expect(numbers({ address: 'module.m.aws_instance.new' })).to.contain(moved);
    expect(numbers({ address: 'module.m.aws_instance.ne' })).to.eql([]);
    expect(numbers({ address: '*instance.n?w*' })).to.eql([moved]);
  });

  it('takes brackets, dots and slashes of an address as they are', () => {
    expect(numbers({ address: KEY })).to.eql([replaced]);
    expect(numbers({ address: 'aws_instance.k' })).to.eql([replaced]);
    expect(numbers({ address: 'aws_instance.[k]' })).to.eql([]);
    expect(numbers({ address: "x' OR 1=1 --" })).to.eql([]);
  });

  it('follows moves in both directions for a literal address', () => {
    expect(numbers({ address: 'module.m.aws_instance.new[0]' })).to.eql([moved, first]);
    expect(numbers({ address: 'aws_instance.old' })).to.eql([moved, first]);
    expect(numbers({ address: 'module.m.aws_instance.new[0]', actions: ['create'] })).to.eql([first]);
    expect(numbers({ address: 'module.*' })).to.eql([moved]);
  });

  it('finds outputs by their address', () => {
    expect(numbers({ address: 'output.zone' })).to.eql([replaced]);
    expect(numbers({ address: 'output.*', resourceType: '*' })).to.eql([]);
  });

  it('asks type and action of the same instance; a replacement is neither create nor delete', () => {
    expect(numbers({ actions: ['replace'] })).to.eql([replaced]);
    expect(numbers({ actions: ['create', 'delete'] })).to.eql([first]);
    expect(numbers({ resourceType: 'aws_route', actions: ['replace'] })).to.eql([replaced]);
    expect(numbers({ resourceType: 'aws_instance', actions: ['replace'] })).to.eql([]);
    expect(numbers({ actions: ['forget', 'move'] })).to.eql([manual, moved]);
  });

  it('filters by kind and actor; then problem records do not belong', () => {
    expect(numbers({ kinds: ['manual'] })).to.eql([manual]);
    expect(numbers({ actor: 'alice' })).to.eql([moved, replaced, first]);
    expect(numbers({ actor: 'uid:1*' })).to.eql([manual]);
  });

  it('filters by the path of a value, of one instance where an address is given', () => {
    expect(numbers({ path: '/tags' })).to.eql([moved, first]);
    expect(numbers({ path: '/tags/a' })).to.eql([moved, first]);
    expect(numbers({ path: '/tag' })).to.eql([]);
    expect(numbers({ path: '/tags', address: 'aws_instance.gone' })).to.eql([]);
    expect(numbers({ path: '/tags', address: 'module.m' })).to.eql([moved]);
  });

  it('finds problems: kinds, gaps, missed versions', () => {
    expect(numbers({ problemsOnly: true })).to.eql([missed, manual]);
    expect(log.queries.countProblemRecords({})).to.equal(1);
    expect(log.queries.countProblemRecords({ state: 'network' })).to.equal(0);
    expect(log.queries.countProblemRecords({ kinds: ['manual'] })).to.equal(0);
  });

  it('counts what it lists', () => {
    expect(log.queries.counts.totals({})).to.include({
      changes: 4,
      problems: 1,
      create: 1,
      update: 1,
      replace: 1,
      move: 1,
    });
    expect(log.queries.counts.totals({ kinds: ['destroy'] })).to.include({ changes: 0, problems: 0 });
    expect(log.queries.counts.totals({ resourceType: 'aws_route' })).to.include({ changes: 1, replace: 1, create: 0 });
    const keys = (group: 'state' | 'type' | 'kind' | 'week'): unknown =>
      log.queries.counts.by(group, {}).map(({ key, changes }) => [key, changes]);
    expect(keys('state')).to.eql([
      ['network', 3],
      ['dns@staging', 1],
    ]);
    expect(keys('type')).to.eql([
      ['aws_instance', 3],
      ['aws_route', 1],
    ]);
    expect(keys('kind')).to.eql([
      ['apply', 3],
      ['manual', 1],
    ]);
    expect(keys('week')).to.eql([['2026-06-01', 4]]);
  });

  it('reads a moved instance with its values across the move', () => {
    const [change] = log.queries.readChange(moved)?.actions ?? [];
    expect(change).to.deep.include({ address: 'module.m.aws_instance.new[0]', previousAddress: 'aws_instance.old' });
    expect(change?.values).to.eql([
      { path: '/tags/a', before: { is: 'shown', value: 1 }, after: { is: 'shown', value: 2 } },
    ]);
  });

  it('reads records by index and by id, and nothing where there is none', () => {
    expect(log.queries.readRecord(0)?.record.type).to.equal('log.created');
    expect(log.queries.readRecord(sampleId(0))?.leafIndex).to.equal(0);
    expect(log.queries.readRecord(10_000)).to.equal(undefined);
    expect(log.queries.readRecord('nothing')).to.equal(undefined);
    expect(log.queries.readChange(0)).to.equal(undefined);
  });

  it('reads what it needs from blobs, and says so when one is gone', () => {
    const own = openSampleLog();
    try {
      const number = own.change({
        time: '2026-06-01T10:00:00.000Z',
        to: '1',
        steps: [{ address: 'a.b', actions: ['update'], changes: [{ path: '/x', before: 1, after: 2 }], inBlob: true }],
        actions: [action('a.b', ['update'])],
        netInBlob: true,
      });
      const read = (): unknown =>
        own.queries.readChange(number)?.actions.map(({ values, isWhole }) => [values.length, isWhole]);
      expect(read()).to.eql([[1, true]]);
      own.database.exec(`DELETE FROM blob WHERE leaf_index < ${number}`);
      expect(read()).to.eql([[0, false]]);
      own.database.exec("UPDATE blob SET body = x'00'");
      expect(read).to.throw().with.property('code', 'blob-damaged');
    } finally {
      own.close();
    }
  });

  it('tells the evidence of a leaf: none, sealed, archived', () => {
    const own = openSampleLog();
    try {
      own.append('log.created', {});
      expect(own.queries.evidence(0)).to.eql({ leafIndex: 0, batch: undefined });
      own.seal();
      expect(own.queries.evidence(0).batch).to.include({ prev: 0, size: 1, phase: 'signed', archived: undefined });
      expect(own.queries.evidence(0).batch?.keyIds).to.have.length(1);
      own.append('batch.archived', { prev: 5, size: 9, archive: 'other', objects: [] });
      const object = { key: 'batch/0', versionId: 'v', mode: 'COMPLIANCE', retainUntil: 'r', lastModified: 'l' };
      own.append('batch.archived', { prev: 0, size: 1, archive: 's3://x', objects: [object] });
      expect(own.queries.evidence(0).batch?.archived).to.deep.include({
        leafIndex: 2,
        archive: 's3://x',
        objects: [object],
      });
    } finally {
      own.close();
    }
  });
});

function action(address: string, actions: readonly string[], resourceType = 'aws_instance'): JsonObject {
  return { address, resourceType, actions: [...actions] };
}

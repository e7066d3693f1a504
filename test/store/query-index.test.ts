import { expect } from 'chai';
import type { ChangeFilter } from '../../daemon/store/queries-filter.ts';
import { DERIVED_TABLES } from '../../daemon/store/schema.ts';
import { DNS, NETWORK, openSampleLog, sampleId, type SampleLog } from '../support/sample-log.ts';

describe('query index', () => {
  let log: SampleLog;
  beforeEach(() => (log = openSampleLog()));
  afterEach(() => log.close());

  const dump = (): unknown[] =>
    DERIVED_TABLES.map((table) => log.database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all());

  const fill = (): void => {
    log.append('log.created', { origin: 'x' });
    log.append('future.thing', { change: sampleId(7), surprising: [1, 2] });
    log.change({
      time: '2026-06-23T14:02:11.000Z',
      from: '1',
      to: '2',
      steps: [
        { address: 'aws_instance.b', actions: ['create'], changes: [{ path: '', after: { id: 'i-1' } }] },
        { output: 'ip', actions: ['update'], changes: [{ path: '', before: 'a', after: 'b' }] },
      ],
      actions: [
        {
          address: 'aws_instance.b',
          previousAddress: 'aws_instance.a',
          resourceType: 'aws_instance',
          actions: ['move'],
        },
      ],
    });
    log.change({
      state: DNS,
      time: '2026-06-20T00:00:00.000Z',
      to: '1',
      steps: [{ address: 'aws_route.x', actions: ['delete'], inBlob: true }],
      actions: [{ address: 'aws_route.x', resourceType: 'aws_route', actions: ['delete', 'create'] }],
      netInBlob: true,
    });
    log.append('state.missed', { state: { ...NETWORK }, fromSerial: '2', toSerial: '5', reason: 'overwritten' });
  };

  it('holds what a query filters by', () => {
    fill();
    expect(log.database.prepare('SELECT address, resource_type, actions FROM change_action ORDER BY 1').all()).to.eql([
      { address: 'aws_instance.a', resource_type: 'aws_instance', actions: ',moved-away,' },
      { address: 'aws_instance.b', resource_type: 'aws_instance', actions: ',move,' },
      { address: 'aws_route.x', resource_type: 'aws_route', actions: ',delete,create,' },
    ]);
    expect(log.database.prepare("SELECT address FROM record_index WHERE type = 'output.changed'").all()).to.eql([
      { address: 'output.ip' },
    ]);
  });

  it('is the same after it was rebuilt from the lines', () => {
    fill();
    const answers = (): unknown => {
      const filters: ChangeFilter[] = [{}, { address: 'aws_instance.a' }, { state: 'dns*' }, { problemsOnly: true }];
      return filters.map((filter) => log.queries.findLog(filter, { limit: 100 }));
    };
    const before = { tables: dump(), answers: answers() };
    log.index.rebuild(log.entries);
    expect({ tables: dump(), answers: answers() }).to.eql(before);
  });

  it('is filled from the lines when its tables were emptied or lost rows', () => {
    fill();
    const before = dump();
    log.database.exec('DELETE FROM change_action; DELETE FROM record_index WHERE leaf_index > 2');
    expect(dump()).to.not.eql(before);
    log.index.rebuild(log.entries);
    expect(dump()).to.eql(before);
  });

  it('rebuilds more lines than one page holds', () => {
    log.database.transaction(() => {
      for (let number = 0; number < 2500; number += 1) log.append('log.heartbeat', {});
    })();
    const before = dump();
    log.index.rebuild(log.entries);
    expect(dump()).to.eql(before);
  });

  it('leaves the old tables when a line is broken', () => {
    fill();
    const before = dump();
    log.database.prepare('UPDATE entry SET line = ? WHERE leaf_index = 3').run(Buffer.from('{'));
    expect(() => log.index.rebuild(log.entries))
      .to.throw()
      .with.property('code', 'json-syntax');
    expect(dump()).to.eql(before);
  });

  it('lists a record whose data is of no known shape', () => {
    const leafIndex = log.append('state.changed', { state: 'x', actions: 'y', counts: 4, version: null, claims: {} });
    const page = log.queries.findLog({}, { limit: 5 });
    expect(page.lines.map((line) => line.is === 'change' && line.change.leafIndex)).to.eql([leafIndex]);
    expect(log.queries.readChange(leafIndex)?.actions).to.eql([]);
  });
});

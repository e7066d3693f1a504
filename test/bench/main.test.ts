// The bench at tiny sizes: every measurement runs to its end and gives rows of the promised shape. Says nothing of speed.
import { expect } from 'chai';
import { runBench } from '../../bench/main.ts';
import { formatTable, toRow, type BenchRow } from '../../bench/row.ts';

describe('bench', () => {
  let rows: readonly BenchRow[];
  const heard: string[] = [];

  before(async () => {
    rows = await runBench(
      {
        durable: { sizeBytes: 20_000, runs: 1 },
        states: [{ sizeBytes: 20_000, runs: 1 }],
        append: { records: 20, runs: 1 },
        memory: { sizeBytes: 20_000, runs: 1 },
        plan: { sizeBytes: 20_000, runs: 0 },
        wrapped: { runs: 0, faultRuns: 0 },
        isFixedMeasured: false,
      },
      (some) => heard.push(...some.map(({ name }) => name)),
    );
  });

  it('measures each thing once, in order, and tells as it goes', () => {
    expect(rows.map(({ name }) => name)).to.deep.equal([
      'last write to durable record',
      'state, first sight',
      'state, 1 % changed',
      'state, 1 % changed, with backup',
      'append',
      'append',
      'memory, first sight',
      'memory, 1 % changed',
    ]);
    expect(heard).to.deep.equal(rows.map(({ name }) => name));
  });

  it('gives rows a machine can read', () => {
    for (const row of rows) {
      const parsed = JSON.parse(JSON.stringify(row)) as BenchRow;
      expect(parsed).to.have.all.keys(
        ...['name', 'size', 'value', 'unit', 'baseline', 'against', 'ratio', 'target', 'met'],
      );
      expect([parsed.value, parsed.baseline, parsed.ratio].every((number) => number > 0)).to.equal(true);
      expect(parsed.size).to.match(/\d/u);
    }
  });

  it('prints a line per row', () => {
    const lines = formatTable(rows).split('\n');
    expect(lines).to.have.length(rows.length + 1);
    expect(lines[1]).to.match(/^last write to durable record +0\.02 MB +\S+ ms +\S+ ms +\S+ x +none/u);
  });
});

describe('a bench row', () => {
  const facts = { name: 'n', size: '1 MB', unit: 'ms', against: 'nothing' };
  const turns = [
    { value: 10, baseline: 10 },
    { value: 90, baseline: 30 },
    { value: 20, baseline: 5 },
  ];

  it('has medians, and the median of the ratios', () => {
    expect(toRow(facts, turns, 'none')).to.include({ value: 20, baseline: 10, ratio: 3, met: true, target: 'none' });
  });

  it('says whether its aim is met, on the exact bound too', () => {
    expect(toRow(facts, turns, { atMost: 3 })).to.include({ met: true, target: 'at most 3 x' });
    expect(toRow(facts, turns, { atMost: 2.99 }).met).to.equal(false);
    expect(toRow(facts, turns, { atLeast: 3 }).met).to.equal(true);
    expect(toRow(facts, turns, { atLeast: 3.01 }).met).to.equal(false);
  });
});

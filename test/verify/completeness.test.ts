// The second verdict from records alone: stops, crashes, silences, continuity per state, notes that explain.
import { expect } from 'chai';
import { createCompleteness, type CompletenessReport } from '../../daemon/verify/completeness.ts';
import { createFindings } from '../../daemon/verify/findings.ts';
import { readFacts } from '../../daemon/verify/record-facts.ts';
import { sampleLine, sampleStartMs, sampleState, type SampleRecord } from '../support/sample-archive.ts';

const hour = 3600;

/** `skipAfter`: how many records are unreadable after the one at this index. */
function report(
  records: readonly SampleRecord[],
  { nowSeconds = (records.at(-1)?.atSeconds ?? 0) + 10, sealDelayMs = 0, skipAfter = -1 } = {},
): CompletenessReport {
  const completeness = createCompleteness();
  const findings = createFindings();
  records.forEach((record, index) => {
    const facts = readFacts(index, Buffer.from(sampleLine(index, record)), true, findings);
    if (facts !== undefined) completeness.add(facts);
    if (index === skipAfter) completeness.skip(5);
  });
  expect(findings.count('format')).to.equal(0);
  return completeness.report({ nowMs: sampleStartMs + nowSeconds * 1000, sealDelayMs });
}

const created: SampleRecord = { type: 'log.created', atSeconds: 0, data: { heartbeatSeconds: 300 } };
const started = (atSeconds: number): SampleRecord => ({ type: 'log.started', atSeconds });
const stopped = (atSeconds: number, reason = 'SIGTERM'): SampleRecord => ({
  type: 'log.stopped',
  atSeconds,
  data: { reason },
});
const beat = (atSeconds: number): SampleRecord => ({ type: 'log.heartbeat', atSeconds });
const noted = (atSeconds: number, target: unknown): SampleRecord => ({
  type: 'change.noted',
  atSeconds,
  data: { target, text: 'x' },
});
const missed = (atSeconds: number, reason: string, name = 'network'): SampleRecord => ({
  type: 'state.missed',
  atSeconds,
  data: { state: { ...sampleState, id: name, name }, reason, fromSerial: '11', toSerial: '14' },
});
const imported = ({ data, ...rest }: SampleRecord): SampleRecord => ({ ...rest, data: { ...data, backfilled: true } });
const changed = (atSeconds: number, continuity: string, name = 'network'): SampleRecord => ({
  type: 'state.changed',
  atSeconds,
  data: {
    state: { ...sampleState, id: name, name },
    continuity,
    before: { lineage: 'l', serial: '3' },
    version: { serial: '5' },
  },
});

const kinds = ({ gaps }: CompletenessReport): string[] => gaps.map(({ kind, explainedBy }) => `${kind} ${explainedBy}`);

describe('completeness: the recorder', () => {
  it('is complete while heartbeats come, and after a stop that was said', () => {
    const alive = [created, started(0), ...Array.from({ length: 20 }, (_, index) => beat(300 * (index + 1)))];
    expect(report(alive).verdict).to.equal('complete');
    expect(report(alive).recorder).to.include({ alivePercent: 100, isStopped: false, isOverdue: false });
    const over = report([...alive, stopped(6100), { type: 'batch.archived', atSeconds: 6101 }], {
      nowSeconds: 30 * 24 * hour,
    });
    expect(over.verdict).to.equal('complete');
    expect(over.recorder).to.include({ isStopped: true, isOverdue: false });
  });

  it('counts a declared stop as explained, and its time as not alive', () => {
    const result = report([created, started(0), stopped(300), started(900), beat(1000)]);
    expect(kinds(result)).to.deep.equal(['stop stop']);
    expect(result.verdict).to.equal('explained');
    expect(result.recorder).to.include({ stopCount: 1, crashCount: 0, alivePercent: 40 });
    expect(kinds(report([created, started(0), stopped(300, ''), started(900)]))).to.deep.equal(['stop none']);
  });

  it('calls a start without a stop a crash, and a note explains it, by number or id', () => {
    const records = [created, started(0), beat(300), started(700)];
    const result = report(records);
    expect(kinds(result)).to.deep.equal(['crash none']);
    expect(result.verdict).to.equal('unexplained');
    expect(result.gaps[0]).to.include({
      leafIndex: 3,
      from: '2026-01-01T00:05:00.000Z',
      to: '2026-01-01T00:11:40.000Z',
    });
    const id = (JSON.parse(sampleLine(3, started(700))) as { id: string }).id;
    for (const target of [3, '3', id, { index: 3 }, { id }]) {
      expect(kinds(report([...records, noted(800, target)])), JSON.stringify(target)).to.deep.equal(['crash note']);
    }
    const inAdvance = [created, started(0), noted(300, 3), started(700)];
    expect(kinds(report(inAdvance))).to.deep.equal(['crash none']);
    for (const target of [2, '33', 'x', {}, null]) {
      expect(kinds(report([...records, noted(800, target)])), JSON.stringify(target)).to.deep.equal(['crash none']);
    }
  });

  it('calls it a silence when more than two heartbeats fail to come', () => {
    expect(report([created, started(0), beat(740)]).verdict).to.equal('complete');
    const result = report([created, started(0), beat(760), beat(1000)]);
    expect(kinds(result)).to.deep.equal(['silence none']);
    expect(result.gaps[0]?.leafIndex).to.equal(2);
  });

  it('takes the heartbeat interval from the log, also when it is configured anew', () => {
    const configured: SampleRecord = {
      type: 'log.configured',
      atSeconds: 1,
      data: { settings: { heartbeatSeconds: 60 } },
    };
    expect(kinds(report([created, started(0), configured, beat(200)]))).to.deep.equal(['silence none']);
  });

  it('is overdue when the newest record is too old, more patient with an archive', () => {
    const records = [created, started(0), beat(300)];
    expect(kinds(report(records, { nowSeconds: 300 + 751 }))).to.deep.equal(['overdue none']);
    expect(report(records, { nowSeconds: 300 + 751, sealDelayMs: 3_600_000 }).verdict).to.equal('complete');
    expect(report(records, { nowSeconds: 300 + 4400, sealDelayMs: 3_600_000 }).recorder.isOverdue).to.equal(true);
  });

  it('does not let a note excuse an overdue heartbeat', () => {
    const records = [created, started(0), noted(300, 2)];
    expect(kinds(report([...records], { nowSeconds: 5 * hour }))).to.deep.equal(['overdue none']);
  });

  it('says nothing about time whose records cannot be read', () => {
    const result = report([created, started(0), beat(9000), started(20_000), stopped(20_001)], { skipAfter: 1 });
    expect(result.verdict).to.equal('complete');
    expect(result.unreadCount).to.equal(5);
  });

  it('survives clocks that go back and times that are none', () => {
    const result = report([created, started(5000), beat(100), beat(200), stopped(300)], { nowSeconds: 0 });
    expect(result.verdict).to.equal('complete');
    expect(result.recorder.newestAgeMs).to.equal(0);
  });
});

describe('completeness: states', () => {
  it('classes each state by its weakest step, and calls monotonic-only no gap', () => {
    const result = report([
      created,
      started(0),
      { type: 'state.baselined', atSeconds: 1, data: { state: { ...sampleState, id: 'still' } } },
      changed(2, 'contiguous', 'whole'),
      changed(3, 'linked-by-backup', 'linked'),
      changed(4, 'contiguous', 'linked'),
      changed(5, 'monotonic-only', 'rising'),
      changed(6, 'linked-by-plan', 'rising'),
      changed(7, 'unordered', 'other'),
      changed(8, 'new-lineage', 'other'),
      { type: 'state.retired', atSeconds: 9, data: { state: { ...sampleState, id: 'other' } } },
      stopped(10),
    ]);
    expect(result.verdict).to.equal('complete');
    expect(result.states).to.deep.equal({
      stateCount: 5,
      retiredCount: 1,
      byClass: { gap: 0, 'monotonic-only': 2, linked: 1, contiguous: 1, unmoved: 1 },
      steps: { contiguous: 2, linked: 2, 'monotonic-only': 1, unordered: 1, gap: 0, 'new-lineage': 1, other: 0 },
    });
  });

  it('names missed versions, gaps and floods, and what explains them', () => {
    const result = report([
      created,
      started(0),
      missed(1, 'overwritten'),
      changed(2, 'gap'),
      { type: 'state.flooded', atSeconds: 3, data: { state: sampleState } },
      { type: 'spool.overflowed', atSeconds: 4 },
      noted(5, 3),
      imported(missed(5, 'not-in-store', 'old')),
      stopped(6),
    ]);
    expect(kinds(result)).to.have.members([
      'versions-missed none',
      'versions-missed import',
      'serial-gap note',
      'flooded none',
      'spool-overflow none',
    ]);
    expect(result.gaps.find(({ kind }) => kind === 'versions-missed')).to.include({
      state: 'network',
      fromSerial: '11',
      toSerial: '14',
      leafIndex: 2,
    });
    expect(result.gaps.find(({ kind }) => kind === 'serial-gap')).to.include({ fromSerial: '3', toSerial: '5' });
    expect(result).to.include({ count: 5, unexplainedCount: 3, verdict: 'unexplained' });
  });

  it('lays what was missed while the recorder was away to that outage', () => {
    const declared = report([
      created,
      started(0),
      stopped(10),
      started(900),
      missed(901, 'recorder-stopped'),
      stopped(902),
    ]);
    expect(kinds(declared)).to.have.members(['stop stop', 'versions-missed stop']);
    const crashed = [
      created,
      started(0),
      started(900),
      missed(901, 'recorder-stopped'),
      missed(902, 'overwritten', 'dns'),
      stopped(903),
    ];
    expect(report(crashed)).to.include({ unexplainedCount: 3 });
    expect(kinds(report([...crashed.slice(0, -1), noted(903, 2), stopped(904)]))).to.have.members([
      'crash note',
      'versions-missed note',
      'versions-missed none',
    ]);
  });

  it('counts unwatched states from the newest inventory', () => {
    const inventory = (data: object): SampleRecord => ({ type: 'source.inventoried', atSeconds: 1, data });
    expect(
      report([created, inventory({ unwatched: [{}, {}] }), inventory({ unwatched: [{}], unwatchedCount: 7 })])
        .unwatchedCount,
    ).to.equal(7);
    expect(report([created, inventory({ unwatched: [{}, {}] })]).unwatchedCount).to.equal(2);
    expect(report([created]).unwatchedCount).to.equal(undefined);
  });
});

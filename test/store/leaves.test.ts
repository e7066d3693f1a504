// The log as leaves, over a real database, while another connection writes to it.
import { expect } from 'chai';
import { openLog, type OpenLog } from '../../daemon/answers/open-log.ts';
import { inclusionProof } from '../../daemon/merkle/proof.ts';
import { openLeafLog, rootOfProof, sampleId, sampleLine, treeRoot, type LeafLog } from '../http/leaf-log.ts';

const COUNT = 300;

describe('leaves', () => {
  let writer: LeafLog;
  let log: OpenLog;

  beforeEach(() => {
    writer = openLeafLog(Array.from({ length: COUNT }, (_, index) => line(index)));
    log = openLog(writer.folder);
  });
  afterEach(() => {
    log.database.close();
    writer.close();
  });

  const listed = (filter: { from?: number; to?: number; type?: string; state?: string }, limit = COUNT): number[] => {
    const asked = { from: 0, to: COUNT, type: undefined, state: undefined, ...filter };
    return log.leaves.list(asked, limit).map(({ index }) => index);
  };

  it('lists by range, type, state name and state id', () => {
    const all = [...Array(COUNT).keys()];
    expect(listed({ from: 10, to: 13 })).to.deep.equal([10, 11, 12]);
    expect(listed({ from: 10 }, 2)).to.deep.equal([10, 11]);
    expect(listed({ type: 'log.heartbeat' })).to.deep.equal(all.filter((index) => index % 3 === 0));
    expect(listed({ type: 'log.heartbeat' }, 2)).to.deep.equal([0, 3]);
    expect(listed({ state: 'network' })).to.deep.equal(all.filter((index) => index % 2 === 0));
    expect(listed({ state: 'id-network', from: 7, to: 11 })).to.deep.equal([8, 10]);
    expect(listed({ state: 'network', type: 'log.heartbeat', to: 13 })).to.deep.equal([0, 6, 12]);
    expect(listed({ state: 'nobody' })).to.deep.equal([]);
  });

  it('finds records by id, and what is appended later', () => {
    expect(log.leaves.indexOf(sampleId(5))).to.equal(5);
    expect(log.leaves.indexOf('nobody')).to.equal(undefined);
    writer.append([line(COUNT)]);
    expect(log.leaves.indexOf(sampleId(COUNT))).to.equal(COUNT);
  });

  it('tells open, frozen and sealed leaves apart and proves the sealed ones', () => {
    const { leaves, entries } = log;
    expect(leaves.newestCheckpoint()).to.equal(undefined);
    expect(leaves.sealOf(0)).to.equal('open');
    writer.freeze(260);
    expect(leaves.sealOf(259)).to.equal('frozen');
    writer.sign('note of 260');
    expect(leaves.sealOf(259)).to.deep.equal({ size: 260, note: 'note of 260' });
    expect(leaves.sealOf(260)).to.equal('open');
    writer.freeze(300);
    writer.sign('note of 300');
    expect(leaves.sealOf(259)).to.deep.equal({ size: 260, note: 'note of 260' });
    expect(leaves.newestCheckpoint()).to.deep.equal({ size: 300, note: 'note of 300' });
    expect(leaves.checkpoints(300, 9)).to.deep.equal([{ size: 260, note: 'note of 260' }]);
    for (const size of [260, 300]) {
      const root = treeRoot(Array.from({ length: size }, (_, index) => Buffer.from(line(index))));
      for (const index of [0, 1, 255, 256, 259]) {
        const proof = inclusionProof(index, size, entries.nodes());
        expect(rootOfProof(Buffer.from(line(index)), index, size, proof)).to.deep.equal(root);
      }
    }
  });
});

function line(index: number): string {
  const type = index % 3 === 0 ? 'log.heartbeat' : 'state.changed';
  return sampleLine(index, type, index % 2 === 0 ? 'network' : 'dns');
}

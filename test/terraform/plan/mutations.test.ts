// Damaged plans, streams and states, a few hundred by a fixed seed; test/slow/plan-mutations.test.ts takes thousands.
import { expect } from 'chai';
import { KIND_NAMES, openHostileFiles } from '../../support/hostile-files.ts';

const MUTATIONS = 304;

describe(`${MUTATIONS} damaged plans, streams and states`, () => {
  it('are read, or refused by an error that tells nothing of them', async () => {
    const mutate = await openHostileFiles(5);
    const kinds = new Set<string>();
    let readCount = 0;
    for (let index = 0; index < MUTATIONS; index += 1) {
      const { kind, outcome } = await mutate(index);
      kinds.add(kind);
      if (outcome === 'read') readCount += 1;
    }
    expect([...kinds]).to.deep.equal(KIND_NAMES);
    // Damage that is always refused, or never, tests nothing.
    expect(readCount / MUTATIONS).to.be.within(0.2, 0.8);
  });
});

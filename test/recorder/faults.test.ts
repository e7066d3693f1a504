// One step of each kind × {lost at its first write, done but reported as failed, killed after}. Every
// step and every write: test/slow/faults.test.ts.
import { expect } from 'chai';
import { runScript, type FaultRun } from '../support/fault-driver.ts';

/** The second one closes a change, and makes a second and a third batch. */
const VERSIONS = 2;

describe('recorder and sealer, faults', () => {
  let reference: FaultRun;
  let lasts: readonly number[];

  before(async () => {
    reference = await runScript(VERSIONS, -1, undefined);
    lasts = [...new Set(reference.labels)].map((label) => reference.labels.lastIndexOf(label));
  });

  it('the script meets every durable step', () => {
    expect([...new Set(reference.labels)]).to.have.members([
      ...['observe', 'tick', 'append', 'freeze', 'setPhase content', 'setPhase committed', 'signCheckpoint', 'publish'],
      ...['put blob', 'put batch', 'put seal', 'put checkpoint'],
    ]);
    expect(reference.facts.outlines.length).to.be.at.least(2);
  });

  for (const fault of ['done but reported failed', 'killed after'] as const) {
    it(fault, async () => {
      for (const at of lasts) {
        const { wasMet, memory } = await runScript(VERSIONS, at, fault);
        expect({ wasMet, memory }).to.deep.equal({ wasMet: true, memory: reference.memory });
      }
    });
  }

  it('lost', async () => {
    let met = 0;
    for (const at of lasts) {
      const run = await runScript(VERSIONS, at, { lostAtWrite: 1 });
      expect(run.memory).to.equal(reference.memory);
      if (run.wasMet) met += 1;
    }
    // Puts and the freeze that finds nothing write nothing into the database.
    expect(met).to.be.at.least(6);
  });
});

// Every durable step of recorder and sealer × {lost at each of its writes, done but reported as failed, process killed
// before or after it}: continued as the daemon does, the log and the archive are whole, and hold what the driver did.
import { expect } from 'chai';
import { runScript, type Fault, type FaultRun } from '../support/fault-driver.ts';

/** The fourth has a change too large for a leaf. */
const VERSIONS = 4;

describe('fault matrix', function () {
  this.timeout(600_000);
  let reference: FaultRun;

  before(async () => {
    reference = await runScript(VERSIONS, -1, undefined);
  });

  const run = async (at: number, fault: Fault): Promise<FaultRun> => {
    const where = `at step ${at}, ${reference.labels[at]}, ${JSON.stringify(fault)}`;
    const result = await runScript(VERSIONS, at, fault).catch((error: unknown) => {
      throw new Error(where, { cause: error });
    });
    expect(result.memory, where).to.equal(reference.memory);
    return result;
  };
  const report = (hits: readonly string[]): void => {
    const counts = Map.groupBy(hits, (label) => label);
    console.log(`      ${[...counts].map(([label, list]) => `${label} ${list.length}`).join(', ')}`);
  };

  for (const fault of ['killed before', 'done but reported failed', 'killed after'] as const) {
    it(`${fault}, at every step`, async () => {
      for (let at = 0; at < reference.labels.length; at += 1) {
        expect((await run(at, fault)).wasMet).to.equal(true);
      }
      report(reference.labels);
    });
  }

  it('lost, at every write of every step', async () => {
    const hits: string[] = [];
    for (let at = 0; at < reference.labels.length; at += 1) {
      for (let lostAtWrite = 1; (await run(at, { lostAtWrite })).wasMet; lostAtWrite += 1) {
        hits.push(reference.labels[at] ?? '');
      }
    }
    report(hits);
    expect(hits.length).to.be.greaterThan(reference.labels.length);
  });
});

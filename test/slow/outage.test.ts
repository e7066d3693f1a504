// A week without the store, on a simulated clock: recording never stops, what was recorded is sealed in order afterwards,
// tries are few, and the process does not grow. STATESEAL_FULL=1 records ten times as much.
// One run of a tenth: 55,206 records, 2,403 tries, 167 MB before and 183 MB at the end. Live heap stays at 16 MB; what
// moves is V8's room and SQLite's pages.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { OutageReport } from '../support/outage-target.ts';

const TARGET = fileURLToPath(new URL('../support/outage-target.ts', import.meta.url));
const PER_MINUTE = process.env['STATESEAL_FULL'] === '1' ? 20 : 2;
const WEEK_MS = 7 * 86_400_000;
/** Never sooner than half of the longest pause, but for the first few. */
const MAX_ATTEMPTS = WEEK_MS / 150_000 + 20;
const MAX_GROWTH = 1.2;

describe('a week without the store', function () {
  this.timeout(1_800_000);

  it('seals all of it afterwards, in order, and does not grow', async () => {
    const args = ['--expose-gc', TARGET, String(PER_MINUTE)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 1 << 24 });
    const report = JSON.parse(stdout) as OutageReport;
    const { before, during, after, attempts, recordCount, logSize, archivedSize } = report;
    const ratio = during / before;
    const megabytes = [before, during, after].map((bytes) => (bytes / 1e6).toFixed(0)).join(', ');
    console.log(`      ${recordCount} records, ${attempts} tries; resident MB before, at the end, after: ${megabytes}`);
    expect(report).to.deep.include({ integrity: 'pass', findingCount: 0, misplaced: [] });
    expect(recordCount).to.be.at.least(7 * 1440 * PER_MINUTE);
    // The receipts of the last seal wait for the next one.
    expect(logSize - archivedSize).to.be.at.most(2);
    expect(logSize).to.be.above(recordCount);
    expect(report.problems, 'told once, not at each try').to.deep.equal(['archive-unavailable']);
    expect(attempts).to.be.within(WEEK_MS / 300_000, MAX_ATTEMPTS);
    expect(ratio, 'resident memory, end of the outage against before').to.be.at.most(MAX_GROWTH);
  });
});

// What waits for the archive, by the database alone: how much, since when, and that nobody is at work on it.
import { expect } from 'chai';
import { statusCommand } from '../../daemon/commands/status.ts';
import { openLogHarness, plainRecord, type LogHarness } from '../support/log-harness.ts';
import { runCommand } from './test-context.ts';

describe('stateseal status: the backlog', () => {
  let log: LogHarness;
  beforeEach(() => (log = openLogHarness()));
  afterEach(() => log.close());

  const status = async (secondsLater: number, json = false): Promise<string> => {
    const now = new Date(log.clock.ms + secondsLater * 1000).toISOString();
    return (await runCommand(statusCommand, [], { dataDir: log.dataDir, now, json })).out;
  };
  const publish = (): void => {
    const prev = log.read(({ batches }) => batches.frozenSize());
    log.methods.freeze();
    log.methods.signCheckpoint(prev);
    log.methods.publish(prev, [plainRecord(0, 'batch.archived')]);
  };

  it('tells records, bytes and the age of the oldest, also before anything is frozen', async () => {
    log.methods.append([plainRecord(1), plainRecord(2)]);
    const text = await status(200);
    expect(text).to.match(/2 records, 0 archived, 2 waiting \([\d,]+ bytes, the oldest 3 min old\)/u);
    expect(text).to.contain('backlog    sealed when the recorder runs again');
    const { backlog } = JSON.parse(await status(200, true)) as { backlog: Record<string, number> };
    const bytes = log.read(({ entries }) => [...entries.range(0, 2)].reduce((sum, { line }) => sum + line.length, 0));
    expect(backlog).to.deep.equal({ records: 2, evidence: 2, bytes, oldestMs: log.clock.ms });
  });

  it('counts from the first record that is not archived', async () => {
    log.methods.append([plainRecord(1)]);
    publish();
    log.clock.ms += 3_600_000;
    log.methods.append([plainRecord(2)]);
    log.methods.freeze();
    expect(await status(30)).to.match(/3 records, 1 archived, 2 waiting \([\d,]+ bytes, the oldest 30 s old\)/u);
  });

  it('calls receipts and heartbeats that wait for the next seal no backlog', async () => {
    log.methods.append([plainRecord(1)]);
    publish();
    log.methods.append([plainRecord(2, 'log.heartbeat')]);
    const text = await status(600);
    expect(text).to.contain('3 records, 1 archived, 2 waiting\n').and.not.to.contain('backlog');
  });
});

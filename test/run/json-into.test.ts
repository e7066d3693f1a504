import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { jsonIntoOf } from '../../daemon/run/json-into.ts';
import { RunReport, type ReportWorld } from '../../daemon/run/run-report.ts';
import type { Attachment } from '../../daemon/record/run.ts';

describe('run/json-into', () => {
  let folder = '';
  before(async () => void (folder = await mkdtemp(join(tmpdir(), 'stateseal-json-into-'))));
  after(() => rm(folder, { recursive: true }));

  it('finds the file in every spelling of the flag', () => {
    expect(jsonIntoOf(['tofu', 'apply', '-json-into=a b.json', 'tfplan'])).to.equal('a b.json');
    expect(jsonIntoOf(['tofu', 'apply', '--json-into=x=y'])).to.equal('x=y');
    expect(jsonIntoOf(['tofu', 'apply', '-json-into', 'events.json'])).to.equal('events.json');
    expect(jsonIntoOf(['tofu', 'apply', '-json-into='])).to.equal(undefined);
    expect(jsonIntoOf(['tofu', 'apply', '-json'])).to.equal(undefined);
  });

  const attachments = async (startedAt: string): Promise<readonly Attachment[]> => {
    let told: readonly Attachment[] = [];
    const world: ReportWorld = {
      environment: {},
      newKey: () => '01a216e2-e8c8-7497-950e-72754b8fe040',
      now: () => new Date(),
      deliver: (_, __, given) => {
        told = given;
        return Promise.resolve({ outcome: 'delivered' });
      },
      hasSpool: () => Promise.resolve(true),
      onPull: () => undefined,
    };
    const report = new RunReport(
      {
        ...{ type: 'run', run: '01a216e2-e8c8-7497-950e-72754b8fe041', spoolDir: folder, budgetMs: 1000, pullMs: 1000 },
        ...{ argv: ['tofu', 'apply', '-json-into=events.json'], cwd: folder, startedAt, pid: 1, startTicks: '1' },
      },
      world,
    );
    const endedAt = new Date().toISOString();
    const end = { type: 'end', exitCode: 0, signal: '', durationMs: 1, endedAt, isStreamWhole: true } as const;
    await report.tellEnd(end, undefined);
    return told;
  };

  it('comes with the end of the run that wrote it, and with no other', async () => {
    const path = join(folder, 'events.json');
    await writeFile(path, '{"type":"version"}\n');
    const now = new Date().toISOString();
    expect((await attachments(now)).map(({ kind, bytes }) => [kind, Buffer.from(bytes).toString()])).to.deep.equal([
      ['stream', '{"type":"version"}\n'],
    ]);
    await utimes(path, 0, 0);
    expect(await attachments(now)).to.deep.equal([]);
  });
});

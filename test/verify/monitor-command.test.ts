// The verb from the outside: exit codes for timers, lines and JSON for people and machines, and that it ends when told to.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { monitorCommand } from '../../daemon/commands/monitor.ts';
import type { ServiceContext } from '../../daemon/commands/service.ts';
import { StatesealError } from '../../daemon/errors.ts';
import { batchKey } from '../../daemon/merkle/object-key.ts';
import { soon, twentyRecords } from '../support/flip-bits.ts';
import * as sample from '../support/sample-archive.ts';
import { runningLog } from './scene.ts';

describe('stateseal monitor', () => {
  let folder: string;
  let place: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'monitor-verb-'));
    place = join(folder, 'archive');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const run = async (args: readonly string[], given: Partial<ServiceContext> = {}) => {
    let [out, err] = ['', ''];
    const context: ServiceContext = {
      stdout: (text) => void (out += text),
      stderr: (text) => void (err += text),
      isTerminal: false,
      columns: 0,
      color: false,
      json: false,
      quiet: false,
      now: () => soon.nowMs,
      dataDir: join(folder, 'data'),
      readFile: (path) => readFile(path),
      readStdin: () => Promise.reject(new Error('not used')),
      pause: () => Promise.resolve(true),
      loadConfig: () => Promise.reject(new Error('not used')),
      untilStopped: () => new Promise(() => undefined),
      ...given,
    };
    try {
      return { code: await monitorCommand.run(args, context), out, err };
    } catch (error) {
      if (!(error instanceof StatesealError)) throw error;
      return { code: 2, out, err: error.code };
    }
  };
  const fill = async (log: sample.SampleArchive): Promise<void> =>
    sample.fillArchive(await openDirectoryArchive(place), log);

  it('two on the same files: the second one waits for nobody, and touches nothing', async () => {
    const log = runningLog();
    await fill(log);
    const args = [place, '--key', log.signer.vkey, '--state', join(folder, 'state')];
    let second: Awaited<ReturnType<typeof run>> | undefined;
    const first = await run(args, {
      pause: async () => {
        second = await run([...args, '--once']);
        return false;
      },
    });
    expect([first.code, second?.code, second?.err]).to.deep.equal([0, 2, 'monitor-busy']);
    expect((await run([...args, '--once'])).code, 'once the first has ended').to.equal(0);
  });

  it('one round: 0, 1, 2 and 3, as a timer wants it', async () => {
    const log = runningLog();
    const args = [place, '--key', log.signer.vkey, '--once'];
    const away = await run(args);
    expect([away.code, away.err.includes('ALARM    unreachable')]).to.deep.equal([2, true]);
    await fill(log);
    const first = await run(args);
    expect(first.code).to.equal(0);
    expect(first.err).to.match(/^2026-01-01 01:00Z {2}CLEARED {2}unreachable/);
    expect(first.out).to.match(
      /^2026-01-01 01:00Z {2}verified {2}whole log: 19 records; size 19 \(\+19\), no alarm\n$/,
    );
    const late = await run(args, { now: () => sample.sampleStartMs + 5 * 3_600_000 });
    expect([late.code, late.err.includes('ALARM    overdue')]).to.deep.equal([3, true]);
    await rm(join(place, log.folder, batchKey(8)));
    const broken = await run(args);
    expect(broken.code).to.equal(1);
    expect(broken.err).to.match(/ALARM {4}batch-missing {2}batch\/0000000000000008\.ndjson\.gz {2}expected/);
    await writeFile(join(folder, 'data', 'monitor', `${log.folder}.checkpoint`), 'x');
    expect(await run(args)).to.include({ code: 2, err: 'monitor-state-unusable' });
  });

  it('goes on until it is told to stop, and tells each alarm once', async () => {
    const log = twentyRecords();
    await fill(log);
    const pauses: number[] = [];
    const pause = (ms: number): Promise<boolean> => Promise.resolve(pauses.push(ms) < 3);
    await rm(join(place, log.folder, batchKey(8)));
    const { code, out, err } = await run([place, '--key', log.signer.vkey, '--every', '15m'], { pause });
    expect([code, pauses]).to.deep.equal([0, [900_000, 900_000, 900_000]]);
    expect(out.match(/verified/g)).to.have.lengthOf(3);
    expect(err.match(/batch-missing/g)).to.have.lengthOf(1);
  });

  it('ends within a round, and does not call that no alarm', async () => {
    const log = twentyRecords();
    await fill(log);
    const stopped = { untilStopped: () => Promise.resolve('SIGTERM') };
    expect(await run([place, '--key', log.signer.vkey, '--once'], stopped)).to.include({ code: 2, out: '' });
    expect(await run([place, '--key', log.signer.vkey], stopped)).to.include({ code: 0, out: '' });
  });

  it('prints one JSON object per line, and nothing that moves a cursor', async () => {
    const log = twentyRecords();
    await fill(log);
    await writeFile(join(place, log.folder, 'seal', 'x\u001b[2J'), 'x');
    for (const flags of [['--json'], []]) {
      const { out, err } = await run([
        place,
        '--key',
        log.signer.vkey,
        '--state',
        join(folder, String(flags)),
        '--once',
        ...flags,
      ]);
      expect(out + err).to.not.include('\u001b');
      expect(out + err).to.include('unknown-key');
      if (flags.length === 0) continue;
      const objects = out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(objects.map(({ object }) => object)).to.deep.equal(['alarm', 'round']);
      expect(objects[0]).to.include({ change: 'raised', code: 'unknown-key', level: 'warning' });
      expect(objects[1]).to.include({ exit: 3, size: 20, isFull: true, integrity: 'pass', alarmCount: 1 });
    }
  });

  it('wants one archive, lengths of time, and a log that is there', async () => {
    const log = twentyRecords();
    await openDirectoryArchive(place);
    const key = ['--key', log.signer.vkey];
    expect(await run([...key, '--once'])).to.include({ code: 2, err: 'usage' });
    expect(await run([place, ...key, '--every', '0m'])).to.include({ code: 2, err: 'usage' });
    expect(await run([place, ...key, '--max-age', 'soon'])).to.include({ code: 2, err: 'usage' });
    expect(await run([place, ...key, '--once'])).to.include({ code: 2, err: 'verify-no-log' });
  });
});

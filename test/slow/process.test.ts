// The recorder's process holds secrets in memory: no signal opens a debugger on it, and a core file would hold none.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';

describe('the process of a recorder', function () {
  this.timeout(60_000);
  let folder: string;
  let daemon: StatesealProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-process-'));
    daemon = spawnStateseal(['watch', folder, '--data-dir', join(folder, 'data'), '--http', 'off']);
  });
  afterEach(async () => {
    await daemon.stop('SIGKILL');
    await rm(folder, { recursive: true });
  });

  it('opens no debugger on SIGUSR1, and goes on', async () => {
    await daemon.until(/ready\./u);
    for (let round = 0; round < 20; round += 1) {
      daemon.child.kill('SIGUSR1');
      await delay(10);
    }
    const { code, stderr } = await daemon.stop('SIGINT');
    expect(code).to.equal(0);
    expect(stderr).not.to.match(/debugger|inspector/iu);
  });

  it('leaves its memory out of core files', async function () {
    if (process.platform !== 'linux') return this.skip();
    await daemon.until(/ready\./u);
    expect(Number.parseInt(await readFile(`/proc/${daemon.pid}/coredump_filter`, 'utf8'), 16)).to.equal(0);
  });
});

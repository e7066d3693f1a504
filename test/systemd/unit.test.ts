// The unit is understood by systemd, stays as closed as it is, and asks for nothing that Node cannot live with.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';

const UNIT = fileURLToPath(new URL('../../systemd/stateseal.service', import.meta.url));
/** systemd's own scale: 0 is closed, 10 is open. */
/** 0.2 of it for seeing whose process holds a lock. */
const MAX_EXPOSURE = 1.8;

describe('systemd/stateseal.service', () => {
  const text = readFileSync(UNIT, 'utf8');
  const analyze = findProgram('systemd-analyze');
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-unit-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is accepted by systemd-analyze verify', function () {
    requireComponent(this, 'systemd-analyze', analyze !== undefined, 'apt-get install systemd');
    // The program is not installed here; everything else is checked as it stands.
    const copy = join(folder, 'stateseal.service');
    writeFileSync(copy, text.replace('/usr/bin/stateseal', '/bin/true'));
    const { status, stderr } = spawnSync(analyze ?? '', ['verify', '--man=no', copy], { encoding: 'utf8' });
    const about = stderr.split('\n').filter((line) => line.includes('stateseal.service'));
    expect(about).to.deep.equal([]);
    expect(status).to.equal(0);
  });

  it(`has an exposure of at most ${MAX_EXPOSURE}`, function () {
    requireComponent(this, 'systemd-analyze', analyze !== undefined, 'apt-get install systemd');
    const { stdout } = spawnSync(analyze ?? '', ['security', '--offline=true', '--no-pager', UNIT], {
      encoding: 'utf8',
    });
    const exposure = /Overall exposure level for [^:]+: ([\d.]+)/u.exec(stdout)?.[1];
    expect(Number(exposure)).to.be.at.most(MAX_EXPOSURE);
  });

  it('leaves V8 its executable memory, and the recorder its lock table and whose processes hold a lock', () => {
    expect(text)
      .to.match(/^MemoryDenyWriteExecute=no$/mu)
      .and.match(/^ProtectProc=default$/mu)
      .and.not.match(/^ProcSubset=/mu);
  });

  it('stops the way the recorder ends by itself, and never dumps core', () => {
    expect(text)
      .to.match(/^KillSignal=SIGINT$/mu)
      .and.match(/^LimitCORE=0$/mu)
      .and.match(/^StateDirectoryMode=0700$/mu);
  });
});

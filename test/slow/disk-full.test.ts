// A full disk under the data directory, as a limit on file sizes that is lifted later: an alarm, nothing recorded is
// harmed, the daemon lives on, and recording resumes by itself.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { readFileSync, readdirSync } from 'node:fs';
import { assertLog } from '../support/assert-log.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { createLogScript } from '../support/log-script.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';

describe('a full disk', function () {
  this.timeout(120_000);
  let folder: string;
  let daemon: StatesealProcess | undefined;

  before(function () {
    requireComponent(this, 'prlimit', findProgram('prlimit') !== undefined, 'apt-get install -y util-linux');
  });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-full-'));
    mkdirSync(join(folder, 'network'));
  });
  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  const script = createLogScript(5);
  const write = (serial: number): void => {
    const path = join(folder, 'network', 'terraform.tfstate');
    writeFileSync(`${path}.new`, script.bytes(serial));
    renameSync(`${path}.new`, path);
  };
  const limit = (text: string): void => {
    execFileSync('prlimit', ['--pid', String(daemon?.pid), `--fsize=${text}`]);
  };
  const done: string[] = [];
  const record = async (serial: number): Promise<void> => {
    write(serial);
    await daemon?.until(new RegExp(serial === 1 ? 'ready' : `network +\\d+ -> ${serial} `, 'u'));
    done.push(...script.steps(serial), ...script.closing(serial));
  };

  it('is an alarm, harms nothing, and recording resumes', async () => {
    const dataDir = join(folder, 'data');
    const config = join(folder, 'stateseal.yaml');
    writeFileSync(
      config,
      `roots: [{ path: ${join(folder, 'network')} }]\nquietSeconds: 1\nseal: { maxAgeSeconds: 1 }\n`,
    );
    write(1);
    daemon = spawnStateseal(['watch', '--config', config, '--data-dir', dataDir, '--http', 'off']);
    await record(1);
    await record(2);
    await record(3);

    // Every file that SQLite could write to has its size already: the next page does not fit.
    limit(`${statSync(join(dataDir, 'log.sqlite')).size}:`);
    write(4);
    await daemon.until(/\[store-write-failed\]/u);
    expect(daemon.stderr()).to.match(/hint: free space or mend the disk/u);
    expect(daemon.child.exitCode).to.equal(null);
    expect(openedSerial(dataDir)).to.equal('3');

    limit('unlimited:');
    await record(4);
    await record(5);
    const { code } = await daemon.stop();
    expect(code).to.equal(0);
    const key = readFileSync(join(dataDir, 'keys', 'log.vkey'), 'utf8').trim();
    const [log = ''] = readdirSync(join(dataDir, 'archive')).filter((name) => !name.startsWith('.'));
    const archive = await openDirectoryArchive(join(dataDir, 'archive', log), { create: false });
    await assertLog({ databasePath: join(dataDir, 'log.sqlite'), archive, verifiers: [createVerifier(key)] }, { done });
  });
});

function openedSerial(dataDir: string): unknown {
  const database = openDatabaseReadOnly(join(dataDir, 'log.sqlite'));
  try {
    return database.prepare('SELECT serial FROM state').pluck().get();
  } finally {
    database.close();
  }
}

// A spool shared as the service shares it, with real accounts: a job leaves a box it can neither list nor read of others;
// the recorder's account, without any capability, lists, reads and removes it, and sees whose it was.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireComponent } from '../support/components.ts';
import { makeSpool } from '../support/spool-scene.ts';

const [JOB, OTHER_JOB, RECORDER] = [61_001, 61_002, 61_003];
const moduleOf = (path: string): string => new URL(`../../${path}`, import.meta.url).href;

describe('spool, shared between accounts', function () {
  this.timeout(120_000);
  let folder: string;

  beforeEach(function () {
    requireComponent(this, 'the right to act as other accounts', process.getuid?.() === 0, 'run as root');
    folder = mkdtempSync(join(tmpdir(), 'stateseal-accounts-'));
    chmodSync(folder, 0o755);
    const loaded = as(JOB, `await import(${JSON.stringify(moduleOf('daemon/spool/deliver.ts'))})`);
    const hint = 'put the checkout and node where every account may read them';
    requireComponent(this, 'a checkout that other accounts may read', !loaded.includes('EACCES'), hint);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('lets a job leave a box, and only the recorder see and remove it', async () => {
    const spool = join(folder, 'spool');
    await makeSpool(spool);
    spawnSync('chown', ['-R', `${RECORDER}:${RECORDER}`, spool]);
    chmodSync(spool, 0o755);
    for (const name of ['new', 'tmp']) chmodSync(join(spool, name), 0o3733);

    const delivery = as(
      JOB,
      `const { deliver } = await import(${JSON.stringify(moduleOf('daemon/spool/deliver.ts'))});
       const { runStarted } = await import(${JSON.stringify(moduleOf('test/support/spool-scene.ts'))});
       console.log((await deliver(${JSON.stringify(spool)}, runStarted(1), [], { budgetMs: 60000 })).outcome);`,
    );
    expect(delivery).to.equal('delivered\n');
    const list = `import { readdirSync } from 'node:fs'; console.log(readdirSync(${JSON.stringify(join(spool, 'new'))})[0]);`;
    expect(as(OTHER_JOB, list)).to.include('EACCES');
    const name = as(RECORDER, list).trim();
    const path = join(spool, 'new', name);
    const { uid, gid, mode } = statSync(path);
    expect([uid, gid, mode & 0o777]).to.deep.equal([JOB, RECORDER, 0o640]);
    const touch = (act: string): string =>
      `import { ${act} } from 'node:fs'; ${act}(${JSON.stringify(path)}); console.log('done');`;
    expect(as(OTHER_JOB, touch('readFileSync'))).to.include('EACCES');
    expect(as(OTHER_JOB, touch('unlinkSync'))).to.match(/EPERM|EACCES/u);
    const replace = `import { writeFileSync } from 'node:fs'; writeFileSync(${JSON.stringify(join(spool, 'ingest.pub'))}, 'mine');`;
    expect(as(JOB, replace)).to.include('EACCES');
    expect(as(RECORDER, touch('readFileSync'))).to.equal('done\n');
    expect(as(RECORDER, touch('unlinkSync'))).to.equal('done\n');
  });
});

/** What a process of that account prints; its error text where it fails. */
function as(uid: number, script: string): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    uid,
    gid: uid,
    cwd: '/',
    encoding: 'utf8',
  });
  return status === 0 ? stdout : stderr;
}

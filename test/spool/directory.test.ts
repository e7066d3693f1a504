// The spool directory must belong to the recorder's account: whoever can put a key there reads what is delivered.
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { deliver } from '../../daemon/spool/deliver.ts';
import { openSpoolDirectory } from '../../daemon/spool/directory.ts';
import type { IngestKey } from '../../daemon/spool/ingest-key.ts';
import { requireComponent } from '../support/components.ts';
import { makeSpool, runStarted } from '../support/spool-scene.ts';

const BUDGET = { budgetMs: 30_000 };
const IS_ROOT = process.getuid?.() === 0;

describe('spool directory', () => {
  let spool: string;
  let key: IngestKey;

  beforeEach(async () => {
    spool = await mkdtemp(join(tmpdir(), 'stateseal-spool-'));
    key = await makeSpool(join(spool, 'made'));
  });
  afterEach(() => rm(spool, { recursive: true, force: true }));

  it('is made for one account, and its key is put back where it was changed', async () => {
    const directory = join(spool, 'fresh');
    await openSpoolDirectory(directory, key.public);
    const pub = join(directory, 'ingest.pub');
    const text = await readFile(pub, 'utf8');
    expect(
      [directory, join(directory, 'new'), join(directory, 'tmp')].map((path) =>
        execFileSync('stat', ['-c', '%a', path]).toString().trim(),
      ),
    ).to.deep.equal(['700', '700', '700']);
    await rm(pub);
    await symlink('/etc/hostname', pub);
    await openSpoolDirectory(directory, key.public);
    expect((await stat(pub)).mode & 0o777).to.equal(0o644);
    expect(await readFile(pub, 'utf8')).to.equal(text);
  });

  for (const [what, spoil] of [
    ['open to all', (path: string) => execFileSync('chmod', ['777', path])],
    ['open to all, even where it is sticky', (path: string) => execFileSync('chmod', ['1777', path])],
    ['of another account', (path: string) => execFileSync('chown', ['4242', path])],
    [
      'with a link in it',
      (path: string) => execFileSync('sh', ['-c', 'rm -r "$1/new" && ln -s /tmp "$1/new"', 'sh', path]),
    ],
    ['with an open folder that is not sticky', (path: string) => execFileSync('chmod', ['777', `${path}/new`])],
  ] as const) {
    it(`is refused when ${what}`, async function () {
      requireComponent(this, 'files of other accounts', IS_ROOT, 'run as root');
      spoil(join(spool, 'made'));
      const code = await openSpoolDirectory(join(spool, 'made'), key.public).then(
        () => 'opened',
        (error: unknown) => (error as { code: string }).code,
      );
      expect(code).to.equal('spool-unsafe');
    });
  }

  it('is taken as the service shares it', async function () {
    requireComponent(this, 'files of other accounts', IS_ROOT, 'run as root');
    const directory = join(spool, 'made');
    execFileSync('chmod', ['755', directory]);
    execFileSync('chmod', ['3733', join(directory, 'new'), join(directory, 'tmp')]);
    await openSpoolDirectory(directory, key.public);
    expect(await deliver(directory, runStarted(1), [], BUDGET)).to.deep.equal({ outcome: 'delivered' });
  });
});

import { execFileSync } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openBox } from '../../daemon/spool/box.ts';
import { deliver } from '../../daemon/spool/deliver.ts';
import type { IngestKey } from '../../daemon/spool/ingest-key.ts';
import { unpackParcel } from '../../daemon/spool/parcel.ts';
import { requireComponent } from '../support/components.ts';
import { makeSpool, runFinished, testId } from '../support/spool-scene.ts';

const BUDGET = { budgetMs: 30_000 };

describe('deliver', () => {
  let spool: string;
  let key: IngestKey;

  beforeEach(async () => {
    spool = await mkdtemp(join(tmpdir(), 'stateseal-spool-'));
    key = await makeSpool(spool);
  });
  afterEach(() => rm(spool, { recursive: true, force: true }));

  it('leaves one whole box that the key opens, and nothing in tmp', async () => {
    const state = Buffer.from('{"version":4}'.repeat(1000));
    const observation = runFinished(1);
    expect(await deliver(spool, observation, [{ kind: 'state', bytes: state }], BUDGET)).to.deep.equal({
      outcome: 'delivered',
    });
    expect(await readdir(join(spool, 'tmp'))).to.deep.equal([]);
    expect(await readdir(join(spool, 'new'))).to.deep.equal([`${observation.key}.box`]);
    const path = join(spool, 'new', `${observation.key}.box`);
    const parcel = unpackParcel(await openBox(key, observation.key, await readFile(path)));
    expect(parcel.observation).to.deep.include({ kind: 'run.finished', key: observation.key });
    expect(parcel.attachments.map(({ kind, bytes }) => [kind, Buffer.from(bytes).equals(state)])).to.deep.equal([
      ['state', true],
    ]);
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
  });

  it('writes nothing of what it carries in clear', async () => {
    const canary = 'kX9-canary-of-the-state';
    const claims = [{ field: 'actor', value: canary, known: 'claimed', by: 'test' }] as const;
    await deliver(spool, runFinished(1, { claims }), [{ kind: 'plan', bytes: Buffer.from(canary) }], BUDGET);
    const bytes = await readFile(join(spool, 'new', `${testId(1)}.box`));
    expect(bytes.includes(canary)).to.equal(false);
  });

  it('replaces nothing that stands under its name', async () => {
    await deliver(spool, runFinished(1), [], BUDGET);
    await writeFile(join(spool, 'tmp', `${testId(2)}.box`), 'left by a killed client');
    expect(await deliver(spool, runFinished(2), [], BUDGET)).to.include({ outcome: 'refused', reason: 'failed' });
    expect(await readdir(join(spool, 'new'))).to.have.length(1);
  });

  it('says why there is no spool', async () => {
    const missing = await deliver(join(spool, 'none'), runFinished(1), [], BUDGET);
    expect(missing).to.include({ outcome: 'refused', reason: 'no-spool' });
    await rm(join(spool, 'new'), { recursive: true });
    expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ reason: 'no-spool' });
  });

  for (const [what, spoil] of [
    ['a link', (path: string) => rm(path).then(() => symlink('/etc/hostname', path))],
    ['writable by others', (path: string) => chmod(path, 0o666)],
    ['of a third account', (path: string) => chown(path, 4242, 4242)],
    ['no key', (path: string) => writeFile(path, 'stateseal-ingest-v1 00 AA\n')],
    ['a FIFO', (path: string) => rm(path).then(() => void execFileSync('mkfifo', [path]))],
    ['a directory', (path: string) => rm(path).then(() => mkdir(path))],
  ] as const) {
    it(`believes no ingest.pub that is ${what}`, async function () {
      if (what === 'of a third account')
        requireComponent(this, 'files of other accounts', process.getuid?.() === 0, 'run as root');
      await spoil(join(spool, 'ingest.pub'));
      expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ reason: 'no-spool' });
      expect(await readdir(join(spool, 'new'))).to.deep.equal([]);
    });
  }

  it('believes no spool that others may write to', async () => {
    await chmod(spool, 0o777);
    expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ reason: 'no-spool' });
  });

  it('heeds what the recorder says about quotas', async () => {
    await writeFile(join(spool, 'refused'), 'full\n');
    expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ reason: 'spool-full' });
    await writeFile(join(spool, 'refused'), `uid:1\nuid:${process.getuid?.() ?? 0}\n`);
    expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ reason: 'quota' });
    await writeFile(join(spool, 'refused'), 'uid:4242\n');
    expect(await deliver(spool, runFinished(1), [], BUDGET)).to.include({ outcome: 'delivered' });
  });

  it('refuses what is too large before anything is written', async () => {
    const large = { kind: 'stream', bytes: Buffer.alloc(65 * 1024 * 1024) } as const;
    const answer = await deliver(spool, runFinished(1), [large, large, large, large], BUDGET);
    expect(answer).to.include({ reason: 'too-large' });
    expect(await readdir(join(spool, 'tmp'))).to.deep.equal([]);
  });

  it('answers in its budget and leaves nothing behind that it gave up', async () => {
    const answer = await deliver(spool, runFinished(1), [], { budgetMs: 0 });
    expect(answer).to.include({ outcome: 'refused', reason: 'timeout' });
    // The next delivery waits behind what the first one still does on the same threads.
    await deliver(spool, runFinished(2), [], BUDGET);
    expect(await readdir(join(spool, 'tmp'))).to.deep.equal([]);
  });
});

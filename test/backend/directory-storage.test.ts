import { expect } from 'chai';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStorage } from '../../daemon/backend/directory-storage.ts';
import { storageContract } from './storage-contract.ts';

describe('backend/directory-storage', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-storage-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  describe('contract', () => storageContract(() => openDirectoryStorage(join(folder, 'states'), 1024)));

  it('keeps one backup, and every file to its owner', async () => {
    const storage = await openDirectoryStorage(folder, 1024);
    for (const text of ['one', 'two', 'three']) {
      await storage.stage('a', Buffer.from(text));
      await storage.publish('a');
    }
    await storage.putLock('a', Buffer.from('lock'));
    expect(readdirSync(folder).sort()).to.deep.equal(['.a.tfstate.lock.info', 'a.tfstate', 'a.tfstate.backup']);
    expect(readFileSync(join(folder, 'a.tfstate.backup'), 'utf8')).to.equal('two');
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777, name).to.equal(0o600);
  });

  it('a publish that was cut after its backup goes on', async () => {
    const storage = await openDirectoryStorage(folder, 1024);
    await storage.stage('a', Buffer.from('one'));
    await storage.publish('a');
    await storage.stage('a', Buffer.from('two'));
    // Both names of one file, and what a cut left on the way there.
    rmSync(join(folder, 'a.tfstate.backup'), { force: true });
    writeFileSync(join(folder, 'a.tfstate.backup.new'), 'left');
    await storage.publish('a');
    expect(readdirSync(folder).sort()).to.deep.equal(['a.tfstate', 'a.tfstate.backup']);
    expect(readFileSync(join(folder, 'a.tfstate.backup'), 'utf8')).to.equal('one');
  });

  it('follows no link, reads no folder, nothing too large', async () => {
    const storage = await openDirectoryStorage(folder, 8);
    const failing = async (work: Promise<unknown>): Promise<unknown> =>
      work.then(
        () => 'done',
        (error: unknown) => (error as { code: string }).code,
      );
    writeFileSync(join(folder, 'secret'), 'x');
    symlinkSync(join(folder, 'secret'), join(folder, 'a.tfstate'));
    symlinkSync(join(folder, 'secret'), join(folder, '.b.tfstate.staged'));
    mkdirSync(join(folder, 'c.tfstate'));
    writeFileSync(join(folder, 'd.tfstate'), '123456789');
    const works = [storage.read('a'), storage.head('a'), storage.stage('b', Buffer.from('y')), storage.read('c')];
    for (const work of [...works, storage.read('d')]) expect(await failing(work)).to.equal('backend-storage-failed');
    expect(readFileSync(join(folder, 'secret'), 'utf8')).to.equal('x');
  });
});

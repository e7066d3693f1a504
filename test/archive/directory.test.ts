// The directory archive: the contract, and what else may lie in, or be wrong with, a directory.
import { execFile } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Archive } from '../../daemon/archive/archive.ts';
import { toDirectoryError, toLinkError } from '../../daemon/archive/directory-errors.ts';
import { fileVersionId, openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { compareUtf8, sha256Hex } from '../../daemon/archive/key.ts';
import { bytes, created, describeArchiveContract, expectError, listed, text } from './contract.ts';

const execute = promisify(execFile);

describeArchiveContract('directory', async () => {
  const root = await mkdtemp(join(tmpdir(), 'stateseal-archive-'));
  const archive = await openDirectoryArchive(join(root, 'new', 'archive'));
  return { archive, close: () => rm(root, { recursive: true }) };
});

describe('directory archive', () => {
  let root: string;
  let archive: Archive;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stateseal-archive-'));
    archive = await openDirectoryArchive(root);
  });
  afterEach(() => rm(root, { recursive: true }));

  it('makes read-only files in private folders, and leaves nothing else', async () => {
    await created(archive, 'log/seal/0', bytes('one'));
    expect((await stat(join(root, 'log/seal/0'))).mode & 0o777).to.equal(0o444);
    expect((await stat(join(root, 'log/seal'))).mode & 0o777).to.equal(0o700);
    expect((await stat(join(root, 'log/seal/0'))).nlink).to.equal(1);
    expect(await readdir(join(root, '.tmp'))).to.deep.equal([]);
    await archive.put('log/seal/0', bytes('two'), sha256Hex(bytes('two')), undefined);
    expect(await readdir(join(root, '.tmp'))).to.deep.equal([]);
  });

  it('says in every receipt that nothing is locked', async () => {
    const body = bytes('one');
    const result = await archive.put('a', body, sha256Hex(body), { mode: 'COMPLIANCE', days: 400 });
    expect(result).to.nested.include({ 'receipt.mode': 'none', 'receipt.retainUntil': '' });
    expect(archive.isWriteOnce).to.equal(false);
  });

  it('refuses a body that does not have the digest it came with', async () => {
    await expectError(archive.put('a', bytes('one'), sha256Hex(bytes('two')), undefined), 'archive-digest-mismatch');
    expect(await archive.versions('a')).to.deep.equal([]);
  });

  it('reports but never opens what is no file', async () => {
    const outside = join(root, '..', `${root.split('/').at(-1) ?? ''}-outside`);
    await writeFile(outside, 'secret');
    await mkdir(join(root, 'k', 'folder'), { recursive: true });
    await symlink(outside, join(root, 'k', 'link'));
    await symlink('/nowhere', join(root, 'k', 'dangling'));
    await execute('mkfifo', [join(root, 'k', 'pipe')]);
    const socket = createServer().listen(join(root, 'k', 'socket'));
    await new Promise((resolve) => socket.once('listening', resolve));
    try {
      for (const name of ['folder', 'link', 'dangling', 'pipe', 'socket']) {
        const key = `k/${name}`;
        expect((await archive.versions(key)).map((version) => version.versionId)).to.deep.equal([fileVersionId]);
        await expectError(archive.get(key, fileVersionId), 'archive-not-a-file');
        await expectError(archive.readLock(key, fileVersionId), 'archive-not-a-file');
        expect((await archive.put(key, bytes('x'), sha256Hex(bytes('x')), undefined)).outcome).to.equal('exists');
      }
      expect(await listed(archive, '')).to.deep.equal(['k/dangling', 'k/link', 'k/pipe', 'k/socket']);
      expect(await readFile(outside, 'utf8')).to.equal('secret');
    } finally {
      await new Promise((resolve) => socket.close(resolve));
      await rm(outside);
    }
  });

  it('does not walk or write through a folder that is a link, or a file', async () => {
    const outside = await mkdtemp(join(tmpdir(), 'stateseal-archive-'));
    await writeFile(join(outside, '0'), 'outside');
    await symlink(outside, join(root, 'seal'));
    await writeFile(join(root, 'file'), 'a file');
    for (const key of ['seal/0', 'seal/sub/0', 'file/0', 'file/sub/0']) {
      await expectError(archive.put(key, bytes('x'), sha256Hex(bytes('x')), undefined), 'archive-not-a-directory');
      await expectError(archive.versions(key), 'archive-not-a-directory');
      await expectError(archive.get(key, fileVersionId), 'archive-not-a-directory');
    }
    expect(await listed(archive, '')).to.deep.equal(['file', 'seal']);
    await expectError(listed(archive, 'seal/'), 'archive-not-a-directory');
    expect(await readdir(outside)).to.deep.equal(['0']);
    await rm(outside, { recursive: true });
  });

  it('lists what others put there, in the order of UTF-8 bytes', async () => {
    const names = ['Zoë', 'a b', 'a\u001b[31m', '\u{1F600}', '\uFFFD', '..a'];
    for (const name of names) await writeFile(join(root, name), name);
    expect(await listed(archive, '')).to.deep.equal([...names].sort(compareUtf8));
  });

  it('lists as sorting all keys would', async () => {
    const segment = fc.string({ unit: fc.constantFrom('a', 'b', '.', '~', '-', '0'), minLength: 1, maxLength: 3 });
    const key = fc.array(
      segment.map((one) => `k${one}`),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(key, { maxLength: 12 }), async (keys) => {
        const folder = await mkdtemp(join(root, 'property-'));
        const one = await openDirectoryArchive(folder);
        // The suffix keeps a key from being the folder of another.
        const names = new Set(keys.map((segments) => `${segments.join('/')}/f`));
        for (const name of names) await created(one, name, bytes(name));
        expect(await listed(one, '')).to.deep.equal([...names].sort(compareUtf8));
      }),
      { numRuns: 25 },
    );
  });

  it('removes temporary files of its own that are older than a day, at the next start of a writer', async () => {
    const folder = join(root, '.tmp');
    await mkdir(folder);
    const [old, young, foreign] = ['a'.repeat(32), 'b'.repeat(32), 'keep-me'].map((name) => join(folder, name));
    if (old === undefined || young === undefined || foreign === undefined) throw new Error('unreachable');
    for (const path of [old, young, foreign]) await writeFile(path, 'x');
    const yesterday = new Date(Date.now() - 25 * 3_600_000);
    await utimes(old, yesterday, yesterday);
    await utimes(foreign, yesterday, yesterday);
    await openDirectoryArchive(root, { create: false });
    expect(await readdir(folder)).to.have.length(3);
    await openDirectoryArchive(root);
    expect((await readdir(folder)).sort()).to.deep.equal(['b'.repeat(32), 'keep-me']);
    expect(await listed(archive, '')).to.deep.equal([]);
  });

  it('shows an object whose writer died before removing its temporary name', async () => {
    await created(archive, 'a', bytes('one'));
    await link(join(root, 'a'), join(root, '.tmp', 'c'.repeat(32)));
    const again = await openDirectoryArchive(root);
    expect((await again.put('a', bytes('one'), sha256Hex(bytes('one')), undefined)).outcome).to.equal('exists');
    expect(await again.readLock('a', fileVersionId)).to.include({ sizeBytes: 3 });
    expect(text(await again.get('a', fileVersionId))).to.equal('one');
  });

  it('makes nothing for a reader, and says when there is nothing to read', async () => {
    await expectError(openDirectoryArchive(join(root, 'typo'), { create: false }), 'archive-missing');
    await writeFile(join(root, 'file'), '');
    await expectError(openDirectoryArchive(join(root, 'file'), { create: false }), 'archive-not-a-directory');
    await expectError(openDirectoryArchive(join(root, 'file', 'sub')), 'archive-not-a-directory');
    expect(await readdir(root)).to.deep.equal(['file']);
  });

  it('opens a root that is itself a link', async () => {
    const outer = await mkdtemp(join(tmpdir(), 'stateseal-archive-'));
    await symlink(root, join(outer, 'archive'));
    const linked = await openDirectoryArchive(join(outer, 'archive'));
    const { versionId } = await created(linked, 'a/b', bytes('one'));
    expect(text(await archive.get('a/b', versionId))).to.equal('one');
    await rm(outer, { recursive: true });
  });

  it('says permanently that it may not write', async function () {
    if (process.getuid?.() === 0) await execute('chattr', ['+i', root]).catch(() => this.skip());
    else await chmod(root, 0o500);
    const undo = () => (process.getuid?.() === 0 ? execute('chattr', ['-i', root]) : chmod(root, 0o700));
    const outcome = expectError(archive.put('a', bytes('x'), sha256Hex(bytes('x')), undefined), 'archive-denied');
    await outcome.finally(undo);
  });
});

describe('directory errors', () => {
  const errno = (code: string) => Object.assign(new Error(`secret ${code}`), { code });

  it('parts what may pass from what must be mended, and repeats no message', () => {
    const table = ['ENOSPC', 'EDQUOT', 'EIO', 'ESTALE', 'EMFILE', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR'];
    const rows = table.map((code) => toDirectoryError(errno(code), 'write a'));
    expect(rows.map((error) => `${error.code} ${error.transient ? 'transient' : 'permanent'}`)).to.deep.equal([
      'archive-full transient',
      'archive-full transient',
      'archive-io transient',
      'archive-io transient',
      'archive-io transient',
      'archive-denied permanent',
      'archive-denied permanent',
      'archive-denied permanent',
      'archive-not-a-directory permanent',
    ]);
    for (const error of rows) expect(`${error.message} ${error.hint}`).not.to.contain('secret');
  });

  it('names a file system without hard links', () => {
    expect(toLinkError(errno('EPERM'), 'write a')).to.include({ code: 'archive-no-links', transient: false });
    expect(toLinkError(errno('ENOSPC'), 'write a')).to.include({ code: 'archive-full', transient: true });
  });
});

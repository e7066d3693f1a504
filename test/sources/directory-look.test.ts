import { expect } from 'chai';
import { execFile } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';
import { systemClock } from '../../daemon/sources/clock.ts';
import type { LockTable } from '../../daemon/sources/proc-locks.ts';
import { LocalTree, lockText, referenceTo, stateText, textOf } from './local-tree.ts';

const state = referenceTo('terraform.tfstate');
const lockName = '.terraform.tfstate.lock.info';

function tableSaying(holder: 'held' | 'stale' | 'unknown', pid = 0): LockTable {
  return { holderOf: () => Promise.resolve({ holder, pid }) };
}

describe('sources/directory: look', () => {
  let tree: LocalTree;
  beforeEach(() => {
    tree = new LocalTree();
  });
  afterEach(async () => {
    await tree.close();
  });

  it('gives the whole version once, then only its name', async () => {
    const path = tree.write('terraform.tfstate', stateText(3));
    const source = tree.open();
    const first = await source.look(state, '');
    const stat = statSync(path, { bigint: true });
    expect(first.condition).to.equal('state');
    expect(textOf(first.bytes)).to.equal(stateText(3));
    expect(first.sourceVersion).to.equal(`${stat.mtimeNs}-${stat.size}-${stat.ino}-${stat.ctimeNs}`);
    expect(first.effectiveTime).to.equal(stat.mtime.toISOString());
    expect(first.lockHoldsSince).to.equal(-1);
    const second = await source.look(state, first.sourceVersion);
    expect(second).to.deep.include({ condition: 'state', sourceVersion: first.sourceVersion });
    expect(second.bytes.length).to.equal(0);
    expect((await source.look(state, 'another')).bytes.length).to.be.greaterThan(0);
  });

  it('sees a version whose time and size were set back', async () => {
    const path = tree.write('terraform.tfstate', stateText(3), 5_000);
    const source = tree.open();
    const first = await source.look(state, '');
    const { atime, mtime, ino } = statSync(path);
    writeFileSync(path, stateText(4));
    utimesSync(path, atime, mtime);
    expect(statSync(path)).to.deep.include({ mtime, ino });
    for (const looking of [source, tree.open()]) {
      expect(textOf((await looking.look(state, first.sourceVersion)).bytes)).to.equal(stateText(4));
    }
  });

  it('takes no numbered backup from the future as evidence', async () => {
    const nowSeconds = Math.floor(Date.now() / 1000);
    tree.write('terraform.tfstate', stateText(3));
    tree.write(`terraform.tfstate.${nowSeconds}.backup`, stateText(1));
    tree.write('terraform.tfstate.9999999999.backup', stateText(1));
    expect((await tree.open().look(state, '')).numberedBackupSeconds).to.equal(nowSeconds);
  });

  it('tells absent, empty and unreadable apart', async () => {
    const source = tree.open({ settleDeadlineMs: 40 });
    expect(await source.look(state, '')).to.deep.include({ condition: 'absent', sourceVersion: '', effectiveTime: '' });
    tree.write('terraform.tfstate', '', 5_000);
    const empty = await source.look(state, '');
    expect(empty.condition).to.equal('empty');
    expect((await source.look(state, empty.sourceVersion)).condition).to.equal('empty');
    tree.write('terraform.tfstate', '{"version": 4,', 5_000);
    const torn = await source.look(state, empty.sourceVersion);
    expect(torn.condition).to.equal('unreadable');
    expect(torn.problem?.code).to.equal('file-unsettled');
    expect(await source.look(state, torn.sourceVersion)).to.deep.include({
      condition: 'unreadable',
      sourceVersion: torn.sourceVersion,
    });
  });

  it('refuses hostile files in their own place and leaves the others alone', async () => {
    tree.write('good/terraform.tfstate', stateText(1));
    tree.fifo('fifo/terraform.tfstate');
    mkdirSync(tree.path('folder/terraform.tfstate'), { recursive: true });
    mkdirSync(tree.path('soft'));
    symlinkSync('/etc/passwd', tree.path('soft/terraform.tfstate'));
    mkdirSync(tree.path('hard'));
    linkSync(tree.write('secret', stateText(1)), tree.path('hard/terraform.tfstate'));
    const source = tree.open();
    const codes = new Map<string, string>();
    for (const { reference } of await source.discover()) {
      const { condition, problem, bytes } = await source.look(reference, '');
      codes.set(reference.uri.slice('dir:infra/'.length).split('/')[0] ?? '', problem?.code ?? condition);
      if (condition === 'unreadable') expect(bytes.length).to.equal(0);
    }
    expect(Object.fromEntries(codes)).to.deep.equal({
      fifo: 'file-not-regular',
      folder: 'file-not-regular',
      good: 'state',
      hard: 'file-is-hard-link',
      soft: 'file-is-symlink',
    });
  });

  it('reads a file again that became readable without being written', async () => {
    tree.write('terraform.tfstate', stateText(1));
    linkSync(tree.path('terraform.tfstate'), tree.path('other'));
    const source = tree.open();
    const refused = await source.look(state, '');
    expect(refused.problem?.code).to.equal('file-is-hard-link');
    unlinkSync(tree.path('other'));
    expect((await source.look(state, refused.sourceVersion)).condition).to.equal('state');
  });

  it('never leaves the root while a parent is swapped for a link', async () => {
    tree.write('root/a/terraform.tfstate', stateText(1));
    tree.write('outside/terraform.tfstate', stateText(666));
    symlinkSync(tree.path('outside'), tree.path('trap'));
    const source = tree.open({ roots: [{ label: 'infra', path: tree.path('root') }], settleDeadlineMs: 200 });
    const script =
      'cd "$1"; n=0; while [ $n -lt 60 ]; do n=$((n+1)); mv root/a hidden; mv trap root/a; mv root/a trap; mv hidden root/a; done';
    let isSwapping = true;
    const swapping = new Promise<void>((resolve) => {
      execFile('sh', ['-c', script, 'sh', tree.dir], () => {
        isSwapping = false;
        resolve();
      });
    });
    const seen = new Set<string>();
    while (isSwapping) {
      const { condition, problem, bytes } = await source.look(referenceTo('a/terraform.tfstate'), '');
      seen.add(problem?.code ?? condition);
      expect(textOf(bytes)).to.not.include('666');
    }
    await swapping;
    for (const what of seen) {
      expect(what).to.be.oneOf(['state', 'absent', 'file-outside-root', 'file-is-symlink', 'file-unsettled']);
    }
  });

  it('says what the lock says, and who holds it', async () => {
    tree.write('terraform.tfstate', stateText(1));
    tree.write(lockName, lockText('5a1f'));
    const source = tree.open({ lockTable: tableSaying('held', 4711) });
    const { lock, lastLock } = await source.look(state, '');
    expect(lock).to.deep.include({ holder: 'held', pid: 4711 });
    expect(lock?.info?.id).to.equal('5a1f');
    expect(lastLock).to.deep.include(lock);
    expect(lastLock).to.deep.include({ ownerUid: process.getuid?.() });
    unlinkSync(tree.path(lockName));
    const after = await source.look(state, '');
    expect([after.lock, after.lastLock]).to.deep.equal([undefined, undefined]);
  });

  it('knows a lock by its file alone', async () => {
    tree.write('terraform.tfstate', stateText(1));
    tree.write(lockName, '');
    const source = tree.open({ lockTable: tableSaying('stale') });
    expect((await source.look(state, '')).lock).to.deep.include({ holder: 'stale', info: undefined });
    unlinkSync(tree.path(lockName));
    mkdirSync(tree.path(lockName));
    expect((await source.look(state, '')).lock).to.equal(undefined);
  });

  it('takes a file that a run has just made for empty, one it has truncated for unfinished', async () => {
    tree.write(lockName, lockText('a'));
    tree.write('terraform.tfstate', '');
    const clock = { ...systemClock, wallMs: () => Date.now() + 10_000 };
    const source = tree.open({ lockTable: tableSaying('held'), settleDeadlineMs: 3_000, clock });
    expect((await source.look(state, '')).condition).to.equal('empty');
    utimesSync(tree.path('terraform.tfstate'), 1, 1);
    let isDone = false;
    const pending = source.look(state, 'x').finally(() => (isDone = true));
    for (let n = 0; n < 100; n += 1) await turn();
    expect(isDone).to.equal(false);
    tree.write('terraform.tfstate', stateText(2));
    expect((await pending).condition).to.equal('state');
  });

  it('brings the backup when it is new', async () => {
    tree.write('terraform.tfstate', stateText(2));
    tree.write('terraform.tfstate.backup', stateText(1));
    const source = tree.open();
    const first = await source.look(state, '');
    expect(first.backup && textOf(first.backup.bytes)).to.equal(stateText(1));
    const cursor = first.sourceVersion;
    expect((await source.look(state, cursor)).backup).to.equal(undefined);
    expect((await source.look(state, '')).backup).not.to.equal(undefined);
    tree.write('terraform.tfstate.backup', stateText(12));
    const later = await source.look(state, cursor);
    expect(later.backup && textOf(later.backup.bytes)).to.equal(stateText(12));
    tree.write('terraform.tfstate.backup', '{', 5_000);
    expect((await source.look(state, cursor)).backup).to.equal(undefined);
  });

  it('brings no backup after a restart with nothing new', async () => {
    tree.write('terraform.tfstate', stateText(2));
    tree.write('terraform.tfstate.backup', stateText(1));
    const { sourceVersion } = await tree.open().look(state, '');
    expect((await tree.open().look(state, sourceVersion)).backup).to.equal(undefined);
    expect((await tree.open().look(state, 'older')).backup).not.to.equal(undefined);
  });

  it('finds the newest numbered backup', async () => {
    tree.write('terraform.tfstate', stateText(2));
    for (const name of ['terraform.tfstate.1700000005.backup', 'terraform.tfstate.999.backup', 'b.1800000000.backup']) {
      copyFileSync(tree.path('terraform.tfstate'), tree.path(name));
    }
    expect((await tree.open().look(state, '')).numberedBackupSeconds).to.equal(1_700_000_005);
  });

  it('answers looks at one state in order', async () => {
    tree.write('terraform.tfstate', stateText(2));
    const source = tree.open();
    const looks = await Promise.all([1, 2, 3, 4].map(() => source.look(state, '')));
    expect(new Set(looks.map(({ sourceVersion }) => sourceVersion)).size).to.equal(1);
  });

  it('keeps times of another age inside RFC 3339', async () => {
    tree.write('terraform.tfstate', stateText(2));
    utimesSync(tree.path('terraform.tfstate'), new Date(-1e12), new Date(-1e12));
    expect((await tree.open().look(state, '')).effectiveTime).to.equal('1970-01-01T00:00:00.000Z');
  });

  it('refuses a reference that is none of its own', async () => {
    const source = tree.open();
    for (const uri of ['dir:other/terraform.tfstate', 's3://b/k', 'dir:infra/../x.tfstate', 'dir:infra/main.tf']) {
      const error: unknown = await source.look({ uri, workspace: 'default' }, '').catch((thrown: unknown) => thrown);
      expect(error, uri).to.have.property('code', 'reference-unknown');
    }
  });

  it('ends a waiting look when it closes', async () => {
    tree.write('terraform.tfstate', '{', 5_000);
    const source = tree.open();
    const pending = source.look(state, '').catch((error: unknown) => error);
    await turn();
    await source.close();
    expect(await pending).to.have.property('code', 'source-closed');
  });

  it('sees a state that was replaced by another file', async () => {
    tree.write('terraform.tfstate', stateText(1));
    const source = tree.open();
    const first = await source.look(state, '');
    tree.write('new', stateText(2));
    renameSync(tree.path('new'), tree.path('terraform.tfstate'));
    const second = await source.look(state, first.sourceVersion);
    expect(textOf(second.bytes)).to.equal(stateText(2));
    rmSync(tree.path('terraform.tfstate'));
    expect((await source.look(state, second.sourceVersion)).condition).to.equal('absent');
  });
});

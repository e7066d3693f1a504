import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { createLockTable, findHolder, parseKernelLocks } from '../../daemon/sources/proc-locks.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { LocalTree, stateText } from './local-tree.ts';

const table = `1: POSIX  ADVISORY  WRITE 4711 fe:00:262147 0 EOF
2: FLOCK  ADVISORY  WRITE 812 fe:00:1310 0 EOF
3: OFDLCK ADVISORY  WRITE -1 00:1b:77 0 EOF
4: POSIX  ADVISORY  READ  900 fe:00:262148 128 128
5: POSIX  ADVISORY  WRITE 901 103:02:262149 1073741826 1073742335
5: -> POSIX  ADVISORY  WRITE 902 103:02:262149 0 EOF
6: LEASE  ACTIVE    WRITE 31 fe:00:5 0 EOF
nonsense
`;

function device(major: bigint, minor: bigint): bigint {
  return ((major & 0xfffn) << 8n) | (minor & 0xffn) | ((minor & 0xffffff00n) << 12n);
}

describe('sources/proc-locks', () => {
  const locks = parseKernelLocks(table);

  it('reads write locks and nothing else', () => {
    expect(locks).to.deep.equal([
      { pid: 4711, major: 0xfe, minor: 0, inode: 262147n },
      { pid: 0, major: 0, minor: 0x1b, inode: 77n },
      { pid: 901, major: 0x103, minor: 2, inode: 262149n },
    ]);
    expect(parseKernelLocks('')).to.deep.equal([]);
  });

  it('finds the holder by device and inode', () => {
    const held = findHolder(locks, { dev: device(0xfen, 0n), ino: 262147n }, true);
    expect(held).to.deep.equal({ holder: 'held', pid: 4711 });
    expect(findHolder(locks, { dev: device(0x103n, 2n), ino: 262149n }, false).pid).to.equal(901);
  });

  it('says stale only where the table is complete and no other device has that inode', () => {
    const free = { dev: device(0xfen, 0n), ino: 1n };
    expect(findHolder(locks, free, true).holder).to.equal('stale');
    expect(findHolder(locks, free, false).holder).to.equal('unknown');
    expect(findHolder(locks, { dev: device(1n, 0n), ino: 262147n }, true).holder).to.equal('unknown');
  });

  it('never throws', async () => {
    expect((await createLockTable().holderOf('/nowhere', { dev: 0n, ino: 0n })).holder).to.equal('unknown');
  });

  describe('with a lock held by another process', () => {
    const tree = new LocalTree();
    const python = findProgram('python3');
    let child: ChildProcess | undefined;

    before(function () {
      requireComponent(this, 'python3', python !== undefined, 'apt-get install python3');
      requireComponent(this, '/proc/locks', process.platform === 'linux', 'a Linux kernel');
    });
    after(async () => {
      child?.kill('SIGKILL');
      await tree.close();
    });

    it('sees it held, and free again after the process died', async () => {
      const path = tree.write('terraform.tfstate', stateText(1));
      const script =
        'import fcntl,sys\nf=open(sys.argv[1],"r+")\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint(1,flush=True)\nsys.stdin.read()';
      child = spawn(python ?? '', ['-c', script, path], { stdio: ['pipe', 'pipe', 'ignore'] });
      if (child.stdout !== null) await once(child.stdout, 'data');
      const stat = statSync(path, { bigint: true });
      const locked = await createLockTable().holderOf(path, stat);
      expect(locked.holder).to.equal('held');
      expect(locked.pid).to.be.greaterThan(1);
      child.kill('SIGKILL');
      await once(child, 'exit');
      expect((await createLockTable().holderOf(path, stat)).holder).to.be.oneOf(['stale', 'unknown']);
    });
  });
});

// Who holds the kernel's lock on a state file: reads /proc/locks, never takes a lock (Terraform would fail to).
// 'stale' is said only where the table is known to show every lock; everything else is 'unknown'.
import { readFile, readlink, statfs } from 'node:fs/promises';

/** One write lock of the kernel's table. */
export interface KernelLock {
  readonly pid: number;
  readonly major: number;
  readonly minor: number;
  readonly inode: bigint;
}

export interface LockHolder {
  readonly holder: 'held' | 'stale' | 'unknown';
  readonly pid: number;
}

/** What identifies a file to the kernel, as fstat gives it. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** The lock table of this machine; `holderOf` never throws. */
export interface LockTable {
  holderOf(path: string, file: FileIdentity): Promise<LockHolder>;
}

export const unknownHolder: LockHolder = { holder: 'unknown', pid: 0 };

/** PROC_PID_INIT_INO of the kernel's proc_ns.h: only from this namespace are the locks of all processes seen. */
const initialPidNamespace = 'pid:[4026531836]';

/** statfs types whose device number in /proc/locks is st_dev: ext2-4, xfs, tmpfs, f2fs. Network locks live elsewhere. */
const plainFileSystems: ReadonlySet<bigint> = new Set([0xef53n, 0x58465342n, 0x01021994n, 0xf2f52010n]);

/** Write locks of the text of /proc/locks (proc(5)): waiters and lines of another shape are skipped. */
export function parseKernelLocks(text: string): readonly KernelLock[] {
  const locks: KernelLock[] = [];
  for (const line of text.split('\n')) {
    const match = /^\d+:\s+(?:POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+([0-9a-f]+):([0-9a-f]+):(\d+)\s/.exec(line);
    if (match === null) continue;
    const [, pid = '', major = '', minor = '', inode = ''] = match;
    locks.push({
      pid: Math.max(0, Number(pid)),
      major: parseInt(major, 16),
      minor: parseInt(minor, 16),
      inode: BigInt(inode),
    });
  }
  return locks;
}

/** Who holds `file`; `isComplete` says that a lock missing from `locks` is held by nobody. */
export function findHolder(locks: readonly KernelLock[], file: FileIdentity, isComplete: boolean): LockHolder {
  const sameInode = locks.filter((lock) => lock.inode === file.ino);
  const { major, minor } = splitDevice(file.dev);
  const exact = sameInode.find((lock) => lock.major === major && lock.minor === minor);
  if (exact !== undefined) return { holder: 'held', pid: exact.pid };
  return sameInode.length === 0 && isComplete ? { holder: 'stale', pid: 0 } : unknownHolder;
}

/** The table of the running kernel; elsewhere than on Linux every holder is 'unknown'. */
export function createLockTable(): LockTable {
  return { holderOf: (path, file) => readHolder(path, file).catch(() => unknownHolder) };
}

async function readHolder(path: string, file: FileIdentity): Promise<LockHolder> {
  const locks = parseKernelLocks(await readFile('/proc/locks', 'latin1'));
  return findHolder(locks, file, await showsEveryLock(path));
}

async function showsEveryLock(path: string): Promise<boolean> {
  if ((await readlink('/proc/self/ns/pid')) !== initialPidNamespace) return false;
  return plainFileSystems.has((await statfs(path, { bigint: true })).type);
}

/** gnu_dev_major and gnu_dev_minor of glibc's sys/sysmacros.h. */
function splitDevice(dev: bigint): { readonly major: number; readonly minor: number } {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  return { major: Number(major), minor: Number(minor) };
}

// A spool on a disk with no byte left: a file system of its own, for which root is needed.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeClientSpool } from './client-spool.ts';

export function canMount(): boolean {
  return process.getuid?.() === 0;
}

/** Runs with the disk mounted at `dir`, which is made. */
export async function onFullDisk<T>(dir: string, run: () => T | Promise<T>): Promise<T> {
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', dir]);
  try {
    await makeClientSpool(dir);
    try {
      writeFileSync(join(dir, 'filler'), Buffer.alloc(2 * 1024 * 1024));
    } catch {
      // That is the point: nothing more fits.
    }
    return await run();
  } finally {
    execFileSync('umount', ['--lazy', dir]);
  }
}

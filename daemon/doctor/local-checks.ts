// What stands on this host: data directory, its lock, its keys. Reads and makes nothing.
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeForeign } from '../errors.ts';
import { openDataLock } from '../store/data-lock.ts';
import { fail, ok, unknown, warn, type Check } from './check.ts';

const KEYS = ['log.key', 'log.vkey', 'equality.key'];
/** Below it a day of a busy recorder may not fit. */
const LITTLE_BYTES = 1024 ** 3;
const NO_BYTES = 64 * 1024 ** 2;

export async function checkDataDir(dataDir: string): Promise<readonly Check[]> {
  const found = await stat(dataDir).catch((error: NodeJS.ErrnoException) => error);
  if (found instanceof Error) return [missing(dataDir, found)];
  if (!found.isDirectory()) return [fail('data-dir', `${dataDir} is no directory`, 'give another --data-dir')];
  return [
    checkMode(dataDir, found.mode),
    await checkSpace(dataDir),
    checkLock(dataDir, await isThere(dataDir, 'lock')),
  ];
}

/** Keys are made at the first start; where a log is and its keys are not, it cannot be continued. */
export async function checkKeys(dataDir: string): Promise<Check> {
  const hasLog = await isThere(dataDir, 'log.sqlite');
  const missingKeys: string[] = [];
  for (const name of KEYS) if (!(await isThere(dataDir, 'keys', name))) missingKeys.push(name);
  if (missingKeys.length === 0) return checkKeyMode(dataDir);
  if (!hasLog) return ok('keys', 'no log yet: the keys are made when `stateseal watch` starts first');
  return fail(
    'keys',
    `the data directory holds a log, and not its ${missingKeys.map((name) => `keys/${name}`).join(', ')}`,
    'restore the files from a backup: docs/OPERATIONS.md, The data directory',
  );
}

async function checkKeyMode(dataDir: string): Promise<Check> {
  const path = join(dataDir, 'keys', 'log.key');
  const { mode } = await stat(path);
  if ((mode & 0o077) === 0)
    return ok('keys', 'signing key and redaction keys are there, readable by their owner alone');
  return fail('keys', `others than the owner may read or write ${path}`, `chmod 600 ${join(dataDir, 'keys')}/*.key`);
}

function missing(dataDir: string, error: NodeJS.ErrnoException): Check {
  if (error.code === 'ENOENT') return ok('data-dir', `${dataDir} is made when \`stateseal watch\` starts first`);
  return fail('data-dir', `could not look at ${dataDir}: ${describeForeign(error)}`, 'check the rights on the path');
}

function checkMode(dataDir: string, mode: number): Check {
  if ((mode & 0o077) === 0) return ok('data-dir', `${dataDir}, open to its owner alone`);
  return fail('data-dir', `others than the owner may enter ${dataDir}`, `chmod 700 ${dataDir}`);
}

async function checkSpace(dataDir: string): Promise<Check> {
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  const text = `${Math.floor(freeBytes / 1024 ** 2)} MiB free for records that are not sealed yet`;
  if (freeBytes < NO_BYTES) return fail('free-space', text, 'free space, or move the data directory');
  return freeBytes < LITTLE_BYTES
    ? warn('free-space', text, 'free space before an outage of the archive')
    : ok('free-space', text);
}

/** Takes the lock for a moment: a recorder that starts in this moment would be told that the directory is in use. */
function checkLock(dataDir: string, hasLock: boolean): Check {
  if (!hasLock) return ok('recorder', 'no recorder has run here yet');
  try {
    openDataLock(join(dataDir, 'lock')).close();
    return warn('recorder', 'no recorder runs on this data directory', 'stateseal watch, or start the service');
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'data-dir-busy') {
      return ok('recorder', 'a recorder runs on this data directory');
    }
    return unknown('recorder', `could not look at the lock: ${describeForeign(error)}`, 'run as the recorder does');
  }
}

async function isThere(...path: [string, ...string[]]): Promise<boolean> {
  return access(join(...path), constants.F_OK).then(
    () => true,
    () => false,
  );
}

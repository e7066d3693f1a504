// The file operations under the directory archive: durable temporary files, synced folders, the walk in key order.
// Knows nothing of receipts or versions; throws the file system's own errors, the adapter reduces them.
import { randomBytes } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, realpath, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compareUtf8 } from './key.ts';
import { errnoOf } from '../errors.ts';

/** Folder of unfinished writes, directly under the root; no key can name it (no segment begins with a dot). */
export const temporaryFolder = '.tmp';

const temporaryName = /^[0-9a-f]{32}$/;
const temporaryMaxAgeMs = 24 * 60 * 60 * 1000;
const readFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Writes `body` to a new file under `<root>/.tmp`, mode 0444, its content on disk; returns the path. */
export async function writeTemporary(root: string, body: Uint8Array): Promise<string> {
  const folder = join(root, temporaryFolder);
  await mkdir(folder, { mode: 0o700, recursive: true });
  const path = join(folder, randomBytes(16).toString('hex'));
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(body);
    await handle.chmod(0o444);
    await handle.sync();
  } catch (error) {
    await unlinkIfThere(path);
    throw error;
  } finally {
    await handle.close();
  }
  return path;
}

/**
 * Removes what crashes left in `<root>/.tmp`: files of our naming older than a day. A younger one may belong to a
 * write that is under way in another process.
 */
export async function removeStaleTemporaries(root: string, nowMs: number): Promise<void> {
  const folder = join(root, temporaryFolder);
  for (const name of await namesIn(folder)) {
    if (!temporaryName.test(name)) continue;
    const stat = await lstatOrUndefined(join(folder, name));
    if (stat?.isFile() === true && nowMs - stat.mtimeMs > temporaryMaxAgeMs) await unlinkIfThere(join(folder, name));
  }
}

/** Makes `folder` and its missing parents, 0700, each name durable in its parent before the next is made. */
export async function makeFolder(folder: string): Promise<void> {
  if ((await lstatOrUndefined(folder)) !== undefined) return;
  const parent = dirname(folder);
  if (parent !== folder) await makeFolder(parent);
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
  }
  await syncFolder(parent);
}

/** As makeFolder for `segments` below `root`; false when a link or a file stands in the way, which is not followed. */
export async function makeFolderBelow(root: string, segments: readonly string[]): Promise<boolean> {
  let folder = root;
  for (const segment of segments) {
    folder = join(folder, segment);
    await makeFolder(folder);
    if (!(await lstat(folder)).isDirectory()) return false;
  }
  return true;
}

/** Makes the names in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Opens without following a link in the last place and without waiting for a pipe's other end. */
export function openForReading(path: string): Promise<FileHandle> {
  return open(path, readFlags);
}

/** Exactly `sizeBytes` bytes, or undefined when the file ends before or goes on behind them. */
export async function readExactly(handle: FileHandle, sizeBytes: number): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(sizeBytes);
  let filled = 0;
  while (filled < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, filled, sizeBytes - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  const { bytesRead } = await handle.read(new Uint8Array(1), 0, 1, sizeBytes);
  return bytesRead === 0 ? bytes : undefined;
}

/**
 * Every path below `root` that is not a folder and begins with `prefix`, '/'-separated, in the order of its UTF-8
 * bytes. Memory is that of one folder's names per level. Links are yielded, never followed.
 */
export async function* walk(root: string, prefix: string): AsyncGenerator<string> {
  const base = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  yield* walkFolder(root, base, prefix);
}

async function* walkFolder(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  for (const name of await sortedNames(join(root, folder))) {
    const path = folder + name;
    if (path === `${temporaryFolder}/` || !path.startsWith(prefix)) continue;
    if (name.endsWith('/')) yield* walkFolder(root, path, prefix);
    else yield path;
  }
}

// Folders carry a trailing slash, so that "a.b" sorts before "a/b" as it does in a store of flat keys.
async function sortedNames(folder: string): Promise<string[]> {
  const entries = await unlessMissing(readdir(folder, { withFileTypes: true }));
  const names = (entries ?? []).map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name));
  return names.sort(compareUtf8);
}

export async function unlinkIfThere(path: string): Promise<void> {
  await unlessMissing(unlink(path));
}

export function lstatOrUndefined(path: string): Promise<Stats | undefined> {
  return unlessMissing(lstat(path));
}

export function realpathOrUndefined(path: string): Promise<string | undefined> {
  return unlessMissing(realpath(path));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await unlessMissing(readdir(folder))) ?? [];
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

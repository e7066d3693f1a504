// States of the backend in a directory of the user's: <name>.tfstate, the version before as <name>.tfstate.backup, the
// lock as .<name>.tfstate.lock.info. Every step is a rename or a link, synced: a crash leaves the old or the new.
import { randomBytes } from 'node:crypto';
import { constants, type BigIntStats } from 'node:fs';
import { copyFile, link, lstat, mkdir, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { StatesealError, StoreError, describeForeign } from '../errors.ts';
import { MAX_LOCK_BYTES, type BackendStorage, type StoredVersion } from './storage.ts';

const READ_ATTEMPTS = 5;
const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;

/** Makes the directory, 0700, when it is not there. Throws StoreError `backend-storage-failed`. */
export async function openDirectoryStorage(directory: string, maxBytes: number): Promise<BackendStorage> {
  await reduced('make the directory of states', () => mkdir(directory, { recursive: true, mode: 0o700 }));
  return createDirectoryStorage(directory, maxBytes);
}

function createDirectoryStorage(directory: string, maxBytes: number): BackendStorage {
  const current = (name: string): string => join(directory, `${name}.tfstate`);
  const staged = (name: string): string => join(directory, `.${name}.tfstate.staged`);
  const backup = (name: string): string => join(directory, `${name}.tfstate.backup`);
  const lock = (name: string): string => join(directory, `.${name}.tfstate.lock.info`);
  const sync = (): Promise<void> => syncFolder(directory);

  return {
    location: directory,
    head: (name) => reduced('look at the state', () => idOf(current(name))),
    read: (name) => reduced('read the state', () => readSettled(current(name), maxBytes)),
    stage: (name, bytes) =>
      reduced('write the state', async () => {
        const id = await writeDurably(staged(name), bytes, O_TRUNC);
        await sync();
        return id;
      }),
    staged: (name) => reduced('look at the staged state', () => idOf(staged(name))),
    publish: (name) =>
      reduced('put the state into its place', async () => {
        await keepBackup(current(name), backup(name));
        await rename(staged(name), current(name));
        await sync();
      }),
    discard: (name) => reduced('remove the staged state', () => removeIfThere(staged(name))),
    retire: (name) =>
      reduced('take the state away', async () => {
        await unlessMissing(rename(current(name), backup(name)));
        await sync();
      }),
    readLock: (name) =>
      reduced('read the lock', async () => {
        const found = await readSettled(lock(name), MAX_LOCK_BYTES);
        return found && { bytes: found.bytes, createdMs: Date.parse(found.storedAt) };
      }),
    putLock: (name, bytes) =>
      reduced('write the lock', async () => {
        const isNew = await putOnce(lock(name), bytes);
        await sync();
        return isNew;
      }),
    removeLock: (name) =>
      reduced('remove the lock', async () => {
        await removeIfThere(lock(name));
        await sync();
      }),
    close: () => Promise.resolve(),
  };
}

/** Rename keeps all of them, so that a version has one id from its staging on. */
function toId({ mtimeNs, size, ino }: BigIntStats): string {
  return `${mtimeNs}-${size}-${ino}`;
}

async function idOf(path: string): Promise<string | undefined> {
  const stat = await unlessMissing(lstat(path, { bigint: true }));
  if (stat === undefined) return undefined;
  if (!stat.isFile()) throw notAFile();
  return toId(stat);
}

/** Whole bytes of one version: others may write here by hand, in place. */
async function readSettled(path: string, maxBytes: number): Promise<StoredVersion | undefined> {
  for (let attempt = 0; attempt < READ_ATTEMPTS; attempt += 1) {
    const handle = await unlessMissing(open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
    if (handle === undefined) return undefined;
    const found = await readOnce(handle, maxBytes).finally(() => handle.close());
    if (found !== undefined) return found;
  }
  throw new StoreError('backend-storage-failed', 'expected a stored state that stands still, got one being written', {
    hint: 'something else writes into the directory of states: only the backend may',
  });
}

async function readOnce(handle: FileHandle, maxBytes: number): Promise<StoredVersion | undefined> {
  const before = await handle.stat({ bigint: true });
  if (!before.isFile()) throw notAFile();
  if (before.size > BigInt(maxBytes)) throw tooLarge(maxBytes);
  const bytes = new Uint8Array(Number(before.size));
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  const after = await handle.stat({ bigint: true });
  if (toId(after) !== toId(before)) return undefined;
  return { id: toId(before), bytes, storedAt: new Date(Number(before.mtimeNs / 1_000_000n)).toISOString() };
}

async function writeDurably(path: string, bytes: Uint8Array, how: number): Promise<string> {
  const handle = await open(path, O_WRONLY | O_CREAT | O_NOFOLLOW | how, 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
    return toId(await handle.stat({ bigint: true }));
  } finally {
    await handle.close();
  }
}

/** Whole from its first moment on; false when the name is taken. */
async function putOnce(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    await writeDurably(temporary, bytes, O_EXCL);
    await link(temporary, path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await removeIfThere(temporary);
  }
}

/** The current version under a second name: it never leaves its own place. */
async function keepBackup(current: string, backup: string): Promise<void> {
  const temporary = `${backup}.new`;
  // Left by a crash: the next publish makes it anew.
  await removeIfThere(temporary);
  try {
    await link(current, temporary);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    // A file system without hard links.
    await copyFile(current, temporary, constants.COPYFILE_EXCL);
  }
  await rename(temporary, backup);
  // Both names of one file: rename has done nothing then.
  await removeIfThere(temporary);
}

async function syncFolder(directory: string): Promise<void> {
  const handle = await open(directory, O_RDONLY | O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function removeIfThere(path: string): Promise<void> {
  await unlessMissing(unlink(path));
}

async function unlessMissing<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

async function reduced<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof StatesealError) throw error;
    throw new StoreError('backend-storage-failed', `could not ${what}: ${describeForeign(error)}`, {
      hint: 'check space, owner and mode of backend.storage; Terraform keeps what was refused in errored.tfstate',
    });
  }
}

function notAFile(): StoreError {
  return new StoreError('backend-storage-failed', 'expected a regular file where a state is kept, got something else', {
    hint: 'somebody put a link or a folder into the directory of states: move it away',
  });
}

function tooLarge(maxBytes: number): StoreError {
  return new StoreError('backend-storage-failed', `expected a stored state of at most ${maxBytes} bytes, got more`, {
    hint: 'raise maxFileBytes',
  });
}

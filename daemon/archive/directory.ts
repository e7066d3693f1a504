// The archive as a directory: good for trying and for a mounted write-once volume; by itself it locks nothing.
// One key is one file, written once: made under .tmp, synced, then linked to its name, which never replaces.
// Must not know what the objects mean. What else lies in the directory is hostile: never followed, never opened to block.
import { link, realpath, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ArchiveError, errnoOf } from '../errors.ts';
import type { Archive, ObjectLock, ObjectVersion, PutResult } from './archive.ts';
import { notADirectory, notAFile, toDirectoryError, toLinkError } from './directory-errors.ts';
import * as files from './directory-files.ts';
import * as key from './key.ts';

/** The only version a key can have here. */
export const fileVersionId = 'file';

export interface DirectoryArchiveOptions {
  /** False for readers: the directory must exist, and nothing in it is made, synced or cleaned. Default true. */
  readonly create?: boolean;
}

/**
 * Opens, and for writers makes, the archive at `root`. Throws ArchiveError: `archive-missing` when a reader finds no
 * directory, `archive-not-a-directory` when something else is there, or what the file system answers.
 */
export async function openDirectoryArchive(root: string, options: DirectoryArchiveOptions = {}): Promise<Archive> {
  const location = resolve(root);
  const isWriter = options.create ?? true;
  try {
    if (isWriter) await files.makeFolder(location);
    if (!(await stat(location)).isDirectory()) throw notADirectory('the archive');
    if (isWriter) await files.removeStaleTemporaries(location, Date.now());
    return new DirectoryArchive(location, await realpath(location), isWriter);
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? missingRoot() : toDirectoryError(error, 'open the archive directory');
  }
}

class DirectoryArchive implements Archive {
  readonly location: string;
  readonly isWriteOnce = false;
  readonly clockSkewMs = 0;
  readonly #root: string;
  readonly #isWriter: boolean;

  constructor(location: string, root: string, isWriter: boolean) {
    this.location = location;
    this.#root = root;
    this.#isWriter = isWriter;
  }

  async put(name: string, body: Uint8Array, sha256: string): Promise<PutResult> {
    key.assertArchiveKey(name);
    key.assertBodyDigest(name, body, sha256);
    return reduced(`write ${name}`, async () => {
      const path = join(this.#root, name);
      const folders = name.split('/').slice(0, -1);
      if (!(await files.makeFolderBelow(this.#root, folders))) throw notADirectory(name);
      const isCreated = await this.#linkNew(name, path, body);
      // A crash before this line leaves the object readable but perhaps not durable: readLock syncs again.
      await this.#sync(path);
      return isCreated
        ? { outcome: 'created', receipt: { ...toLock(name, await statOf(path)), sha256 } }
        : { outcome: 'exists' };
    });
  }

  async versions(name: string): Promise<readonly ObjectVersion[]> {
    key.assertArchiveKey(name);
    return reduced(`look at ${name}`, async () => {
      if (!(await this.#assertFolder(name))) return [];
      const found = await files.lstatOrUndefined(join(this.#root, name));
      return found === undefined ? [] : [toVersion(name, found)];
    });
  }

  async get(name: string, versionId: string, maxBytes: number = key.defaultMaxBytes): Promise<Uint8Array> {
    return (await this.#read(name, versionId, maxBytes)).body;
  }

  async readLock(name: string, versionId: string): Promise<ObjectLock> {
    const { stats } = await this.#read(name, versionId, key.defaultMaxBytes);
    if (this.#isWriter) await reduced(`sync ${name}`, () => this.#sync(join(this.#root, name)));
    return toLock(name, stats);
  }

  async *list(prefix: string): AsyncGenerator<ObjectVersion> {
    key.assertArchivePrefix(prefix);
    try {
      if (!(await this.#assertFolder(prefix))) return;
      for await (const name of files.walk(this.#root, prefix)) {
        const found = await files.lstatOrUndefined(join(this.#root, name));
        if (found !== undefined) yield toVersion(name, found);
      }
    } catch (error) {
      throw toDirectoryError(error, 'list the archive directory');
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #linkNew(name: string, path: string, body: Uint8Array): Promise<boolean> {
    const temporary = await files.writeTemporary(this.#root, body);
    try {
      await link(temporary, path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      throw toLinkError(error, `write ${name}`);
    } finally {
      await files.unlinkIfThere(temporary);
    }
  }

  async #read(name: string, versionId: string, maxBytes: number): Promise<{ body: Uint8Array; stats: Stats }> {
    key.assertArchiveKey(name);
    return reduced(`read ${name}`, async () => {
      if (versionId !== fileVersionId || !(await this.#assertFolder(name))) throw key.missingVersion(name);
      const handle = await openRegular(name, join(this.#root, name));
      try {
        const stats = await handle.stat();
        if (!stats.isFile()) throw notAFile(name);
        if (stats.size > maxBytes) throw key.tooLarge(name, maxBytes);
        const body = await files.readExactly(handle, stats.size);
        if (body === undefined) throw changedWhileRead(name);
        return { body, stats };
      } finally {
        await handle.close();
      }
    });
  }

  // The folder of a key or prefix: false when missing; throws when a link or file on the way would lead elsewhere.
  async #assertFolder(name: string): Promise<boolean> {
    const folder = name.slice(0, Math.max(name.lastIndexOf('/'), 0));
    const expected = join(this.#root, folder);
    const actual = await files.realpathOrUndefined(expected);
    // Missing, but below what? realpath has followed the links on the way.
    if (actual === undefined) return folder !== '' && (await this.#assertFolder(folder)) && false;
    if (actual !== expected || !(await stat(actual)).isDirectory()) throw notADirectory(name);
    return true;
  }

  // The chain of folders too: an earlier process may have died between making a folder and syncing its parent.
  async #sync(path: string): Promise<void> {
    for (let folder = dirname(path); folder.length >= this.#root.length; folder = dirname(folder)) {
      await files.syncFolder(folder);
      if (folder === this.#root) return;
    }
  }
}

async function openRegular(name: string, path: string): ReturnType<typeof files.openForReading> {
  try {
    return await files.openForReading(path);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') throw key.missingVersion(name);
    // ELOOP: a symbolic link; ENXIO, ENODEV: a socket or a device without a driver.
    if (errno === 'ELOOP' || errno === 'ENXIO' || errno === 'ENODEV') throw notAFile(name);
    throw error;
  }
}

async function statOf(path: string): Promise<Stats> {
  const handle = await files.openForReading(path);
  try {
    return await handle.stat();
  } finally {
    await handle.close();
  }
}

function toVersion(name: string, found: Stats): ObjectVersion {
  return {
    key: name,
    versionId: fileVersionId,
    sizeBytes: found.isFile() ? found.size : 0,
    lastModified: found.mtime.toISOString(),
    isLatest: true,
    isDeleteMarker: false,
  };
}

function toLock(name: string, found: Stats): ObjectLock {
  const { versionId, sizeBytes, lastModified } = toVersion(name, found);
  return { key: name, versionId, sizeBytes, lastModified, mode: 'none', retainUntil: '' };
}

async function reduced<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toDirectoryError(error, what);
  }
}

function missingRoot(): ArchiveError {
  return new ArchiveError('archive-missing', 'expected an archive directory, got none', {
    transient: false,
    hint: 'check the path; `stateseal watch` makes the directory when it first runs',
  });
}

function changedWhileRead(name: string): ArchiveError {
  return new ArchiveError('archive-short-read', `expected ${name} to keep its size while it was read, got another`, {
    transient: true,
    hint: 'an object never changes: find out what writes to the archive directory',
  });
}

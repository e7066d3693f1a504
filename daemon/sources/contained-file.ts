// Opens a hostile path so that it never blocks, follows no link, and cannot lead out of its root: regular files with
// one name only, within a size limit, and standing where the path says. Knows nothing of what they mean.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  readSync,
  type BigIntStats,
} from 'node:fs';
import { lstat, open, readlink, realpath, type FileHandle } from 'node:fs/promises';
import { describeForeign } from '../errors.ts';

export type FileProblemCode =
  | 'file-not-regular'
  | 'file-is-symlink'
  | 'file-is-hard-link'
  | 'file-too-large'
  | 'file-permission-denied'
  | 'file-outside-root'
  | 'file-unsettled'
  | 'file-unreadable';

/** Why a file is not read: the message names the file as people should see it, and the reason. */
export interface FileProblem {
  readonly code: FileProblemCode;
  readonly message: string;
}

export interface ContainedFile {
  /** Real path of the directory that holds everything. */
  readonly directory: string;
  /** Absolute path below `directory`, no part of it a link. */
  readonly path: string;
  readonly displayPath: string;
  readonly maxBytes: number;
  /** True where a file that was removed right after it was opened is still worth reading. */
  readonly mayBeGone?: boolean;
}

/** 'moved': the path changed hands while it was opened; try again. An opened handle is the caller's to close. */
export type Opening =
  | { readonly outcome: 'opened'; readonly handle: FileHandle; readonly stat: BigIntStats }
  | { readonly outcome: 'absent' }
  | { readonly outcome: 'moved' }
  | Refusal;

export interface Refusal {
  readonly outcome: 'refused';
  readonly problem: FileProblem;
  /** Absent when not even the name could be looked at. */
  readonly stat: BigIntStats | undefined;
}

/** libuv adds O_CLOEXEC itself. A platform without a flag has undefined there, which adds nothing. */
const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * `<mtimeNs>-<size>-<inode>-<ctimeNs>`: equal for equal versions of one file. Whoever may write a file may also set its
 * mtime back; nobody but root sets the ctime.
 */
export function formatFileVersion(stat: BigIntStats): string {
  return `${stat.mtimeNs}-${stat.size}-${stat.ino}-${stat.ctimeNs}`;
}

/** lstat that answers undefined for a file that is not there, and throws for every other failure. */
export async function lstatIfThere(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Never throws for what a file is or holds. */
export async function openContained(file: ContainedFile): Promise<Opening> {
  let seen: BigIntStats | undefined;
  try {
    seen = await lstatIfThere(file.path);
    if (seen === undefined) return { outcome: 'absent' };
    // Asked before opening too: opening a FIFO wakes its writer, opening a device may do anything.
    const problem = problemOf(file, seen);
    if (problem !== undefined) return { outcome: 'refused', problem, stat: seen };
    return await openChecked(file, seen);
  } catch (error) {
    return isMissing(error) ? { outcome: 'moved' } : refuseForeign(file, error, seen);
  }
}

/** The first `maxBytes` of an opened file, in one read: enough for small companions that are written at once. */
export async function readAtMost(handle: FileHandle, maxBytes: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(maxBytes);
  const { bytesRead } = await handle.read(buffer, 0, maxBytes, 0);
  return buffer.subarray(0, bytesRead);
}

/**
 * The same checks and one read without a turn of the event loop in between: for small files that are gone a millisecond
 * after an event told of them. Undefined for whatever is not plainly there, and where the system does not tell where an
 * opened file stands.
 */
export function readContainedNow(
  file: ContainedFile,
): { readonly stat: BigIntStats; readonly bytes: Uint8Array } | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const seen = lstatSync(file.path, { bigint: true });
    return problemOf(file, seen) === undefined ? readNow(file, seen) : undefined;
  } catch {
    return undefined; // Gone, or not to be read: the look that follows says so.
  }
}

function readNow(file: ContainedFile, seen: BigIntStats): ReturnType<typeof readContainedNow> {
  const descriptor = openSync(file.path, openFlags);
  try {
    const stat = fstatSync(descriptor, { bigint: true });
    if (stat.ino !== seen.ino || problemOf(file, stat) !== undefined) return undefined;
    if (!isItsPlace(file, readlinkSync(`/proc/self/fd/${descriptor}`))) return undefined;
    const buffer = Buffer.alloc(file.maxBytes);
    return { stat, bytes: buffer.subarray(0, readSync(descriptor, buffer, 0, file.maxBytes, 0)) };
  } finally {
    closeSync(descriptor);
  }
}

/** A failure of the file system, reduced to a problem that names the file and the failure's code. */
export function refuseForeign(file: ContainedFile, error: unknown, stat: BigIntStats | undefined): Refusal {
  return { outcome: 'refused', problem: foreignProblem(file, codeOf(error), error), stat };
}

async function openChecked(file: ContainedFile, seen: BigIntStats): Promise<Opening> {
  const handle = await open(file.path, openFlags);
  let isKept = false;
  try {
    const stat = await handle.stat({ bigint: true });
    const problem = problemOf(file, stat) ?? (await placeProblemOf(file, handle, stat));
    if (problem === 'moved' || stat.ino !== seen.ino) return { outcome: 'moved' };
    if (problem !== undefined) return { outcome: 'refused', problem, stat };
    isKept = true;
    return { outcome: 'opened', handle, stat };
  } finally {
    if (!isKept) await handle.close();
  }
}

function problemOf(file: ContainedFile, stat: BigIntStats): FileProblem | undefined {
  if (stat.isSymbolicLink()) {
    return { code: 'file-is-symlink', message: `${file.displayPath}: expected a regular file, got a symbolic link` };
  }
  if (!stat.isFile()) {
    return { code: 'file-not-regular', message: `${file.displayPath}: expected a regular file, got ${kindOf(stat)}` };
  }
  if (stat.nlink > 1n) {
    const message = `${file.displayPath}: expected a file with one name, got a hard link with ${stat.nlink} names`;
    return { code: 'file-is-hard-link', message };
  }
  if (stat.size > BigInt(file.maxBytes)) {
    const message = `${file.displayPath}: expected at most ${file.maxBytes} bytes, got ${stat.size}`;
    return { code: 'file-too-large', message };
  }
  return undefined;
}

function kindOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'a directory';
  if (stat.isFIFO()) return 'a fifo';
  if (stat.isSocket()) return 'a socket';
  return 'a device';
}

/** Where the opened file really stands: a parent swapped for a link after the path was checked must not lead away. */
async function placeProblemOf(
  file: ContainedFile,
  handle: FileHandle,
  stat: BigIntStats,
): Promise<FileProblem | 'moved' | undefined> {
  const opened = await placeOf(file, handle, stat);
  if (opened !== undefined && isItsPlace(file, opened)) return undefined;
  if (opened === undefined || opened.endsWith(' (deleted)')) return 'moved';
  if (opened.startsWith(`${file.directory === '/' ? '' : file.directory}/`)) {
    const message = `${file.displayPath}: expected no symbolic link on the way, got one inside the root`;
    return { code: 'file-is-symlink', message };
  }
  return {
    code: 'file-outside-root',
    message: `${file.displayPath}: expected a file inside its root, got one outside`,
  };
}

function isItsPlace(file: ContainedFile, opened: string): boolean {
  return opened === file.path || (file.mayBeGone === true && opened === `${file.path} (deleted)`);
}

async function placeOf(file: ContainedFile, handle: FileHandle, stat: BigIntStats): Promise<string | undefined> {
  if (process.platform === 'linux') return readlink(`/proc/self/fd/${handle.fd}`);
  const resolved = await realpath(file.path);
  const now = await lstatIfThere(resolved);
  return now?.ino === stat.ino && now.dev === stat.dev ? resolved : undefined;
}

function foreignProblem(file: ContainedFile, code: string, error: unknown): FileProblem {
  if (code === 'EACCES' || code === 'EPERM') {
    return { code: 'file-permission-denied', message: `${file.displayPath}: expected a readable file, got ${code}` };
  }
  if (code === 'ELOOP') {
    return { code: 'file-is-symlink', message: `${file.displayPath}: expected a regular file, got a symbolic link` };
  }
  if (code === 'ENXIO') {
    return {
      code: 'file-not-regular',
      message: `${file.displayPath}: expected a regular file, got a socket or device`,
    };
  }
  const message = `${file.displayPath}: expected a readable file, got ${describeForeign(error)}`;
  return { code: 'file-unreadable', message };
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

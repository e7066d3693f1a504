// One name in the spool, opened as hostile: never blocks, follows no link, reads no more than it may, and says whose it
// is by the kernel. What is no box of one file with one name is junk, with the reason.
import { constants } from 'node:fs';
import { lstat, open, rmdir, unlink, type FileHandle } from 'node:fs/promises';
import { ParseError } from '../errors.ts';
import { assertBoxHead, BOX_HEAD_BYTES } from './box.ts';
import type { IngestPublicKey } from './ingest-key.ts';
import { keyOfBoxName, MAX_BOX_BYTES } from './layout.ts';

export type JunkReason =
  | 'foreign-name'
  | 'not-a-file'
  | 'hard-link'
  | 'too-large'
  | 'unreadable'
  | 'malformed'
  | 'other-key'
  | 'altered'
  | 'not-an-observation';

/** What stands at a name, looked at without opening it. */
export interface SeenEntry {
  readonly name: string;
  readonly uid: number;
  readonly sizeBytes: number;
  /** Of the inode's last change: nobody but root sets it. */
  readonly changedMs: number;
  readonly inode: number;
  /** Why it cannot be a box, whatever it holds. */
  readonly junk: JunkReason | undefined;
}

export type BoxRead =
  | { readonly is: 'box'; readonly uid: number; readonly bytes: Uint8Array }
  | { readonly is: 'junk'; readonly reason: JunkReason }
  | { readonly is: 'gone' };

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MIN_BOX_BYTES = BOX_HEAD_BYTES;

/** Undefined when nothing stands there any more. */
export async function seeEntry(path: string, name: string): Promise<SeenEntry | undefined> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined) return undefined;
  // A sparse file takes no room: what counts against a quota is what it claims to be.
  const sizeBytes = stat.isFile() ? stat.size : 0;
  const junk = !stat.isFile()
    ? 'not-a-file'
    : stat.nlink !== 1
      ? 'hard-link'
      : stat.size > MAX_BOX_BYTES
        ? 'too-large'
        : stat.size < MIN_BOX_BYTES
          ? 'malformed'
          : keyOfBoxName(name) === undefined
            ? 'foreign-name'
            : undefined;
  return { name, uid: stat.uid, sizeBytes, changedMs: stat.ctimeMs, inode: stat.ino, junk };
}

/** Reads a box whole. `uid` is of the opened file: whatever took its name meanwhile is judged by what it is. */
export async function readBox(path: string, key: IngestPublicKey): Promise<BoxRead> {
  const file = await open(path, FLAGS).catch((error: unknown) => codeOf(error));
  if (file === 'ENOENT') return { is: 'gone' };
  if (file === 'ELOOP' || file === 'ENXIO' || file === 'EISDIR') return { is: 'junk', reason: 'not-a-file' };
  if (typeof file === 'string') return { is: 'junk', reason: 'unreadable' };
  try {
    return await readOpened(file, key);
  } catch (error) {
    if (error instanceof ParseError) {
      return { is: 'junk', reason: error.code === 'box-other-key' ? 'other-key' : 'malformed' };
    }
    return { is: 'junk', reason: 'unreadable' };
  } finally {
    await file.close();
  }
}

async function readOpened(file: FileHandle, key: IngestPublicKey): Promise<BoxRead> {
  const stat = await file.stat();
  if (!stat.isFile()) return { is: 'junk', reason: 'not-a-file' };
  if (stat.nlink > 1) return { is: 'junk', reason: 'hard-link' };
  if (stat.size > MAX_BOX_BYTES) return { is: 'junk', reason: 'too-large' };
  if (stat.size < MIN_BOX_BYTES) return { is: 'junk', reason: 'malformed' };
  // The head alone tells noise: a sparse file of 64 MiB is not read for its zeros.
  const head = Buffer.alloc(BOX_HEAD_BYTES);
  await file.read(head, 0, head.length, 0);
  assertBoxHead(head, key);
  const bytes = Buffer.alloc(stat.size);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, filled);
    if (bytesRead === 0) return { is: 'junk', reason: 'malformed' };
    filled += bytesRead;
  }
  return { is: 'box', uid: stat.uid, bytes };
}

/**
 * Takes a name away. False when it stays: a directory that is not empty. What lies in it is not removed: its owner could
 * put a link in the way of a recorder that runs as root.
 */
export async function removeEntry(path: string): Promise<boolean> {
  const code = await unlink(path).then(() => '', codeOf);
  if (code === '' || code === 'ENOENT') return true;
  return rmdir(path).then(
    () => true,
    () => false,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
}

// A client's one way to the recorder: seal an observation into a box and leave it in the spool. The recorder need not
// run. Terraform waits for this, so it never throws, is never late, and gives up rather than harm a run.
import { constants } from 'node:fs';
import { open, readdir, rename, rm, stat, statfs, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { describeForeign } from '../errors.ts';
import type { Attachment, ClientObservation } from '../record/run.ts';
import { BOX_OVERHEAD_BYTES, sealBox } from './box.ts';
import { parseIngestPub, type IngestPublicKey } from './ingest-key.ts';
import { INGEST_PUB, MAX_BOX_BYTES, NEW, parseRefused, REFUSED, TMP, toBoxName, type RefusedList } from './layout.ts';
import { packParcel } from './parcel.ts';
import { DEFAULT_QUOTAS } from './quotas.ts';

export type Delivery =
  | { readonly outcome: 'delivered' }
  | { readonly outcome: 'refused'; readonly reason: RefusalReason; readonly hint: string };

export type RefusalReason = 'no-spool' | 'spool-full' | 'quota' | 'disk-full' | 'too-large' | 'timeout' | 'failed';

export interface DeliveryLimits {
  /** After so long the answer is `timeout`, whatever the disk does. */
  readonly budgetMs: number;
}

/** Left free on the disk of the spool: what runs there needs it more than we do. */
const MIN_FREE_BYTES = 64 * 1024 * 1024;
const MAX_SMALL_FILE_BYTES = 256 * 1024;
const READ_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const HINTS: Readonly<Record<RefusalReason, string>> = {
  'no-spool': 'start stateseal watch once, or name its spool with --spool or STATESEAL_SPOOL',
  'spool-full': 'the spool holds all it may: see that stateseal watch runs',
  quota: 'this account has left more than it may: see that stateseal watch runs',
  'disk-full': 'free space on the disk of the spool',
  'too-large': 'what the run left is larger than the spool takes: it is recorded without it',
  timeout: 'the disk of the spool did not answer in time',
  failed: 'see stateseal doctor, and the owner and modes of the spool in docs/OPERATIONS.md',
};

/**
 * Leaves one observation in the spool. Never throws. 'delivered' means that it is on disk as a whole; after 'timeout' it
 * may be, or not: the same key may be delivered again, and is recorded once.
 */
export async function deliver(
  spoolDir: string,
  observation: ClientObservation,
  attachments: readonly Attachment[],
  limits: DeliveryLimits,
): Promise<Delivery> {
  const attempt = { isOver: false };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Delivery>((resolve) => {
    timer = setTimeout(() => resolve(refuse('timeout')), Math.max(0, limits.budgetMs));
  });
  try {
    return await Promise.race([late, leave(spoolDir, observation, attachments, attempt).catch(toRefusal)]);
  } catch {
    return refuse('failed');
  } finally {
    clearTimeout(timer);
    attempt.isOver = true;
  }
}

/** `isOver`: nobody waits any more; the next step is not begun. */
interface Attempt {
  isOver: boolean;
}

class Refused extends Error {
  readonly reason: RefusalReason;
  constructor(reason: RefusalReason) {
    super(reason);
    this.reason = reason;
  }
}

async function leave(
  spoolDir: string,
  observation: ClientObservation,
  attachments: readonly Attachment[],
  attempt: Attempt,
): Promise<Delivery> {
  const key = await readIngestPub(spoolDir);
  await assertRoom(spoolDir);
  assertWanted(attempt);
  const parcel = await packParcel(observation, attachments).catch(() => {
    throw new Refused('too-large');
  });
  if (parcel.length + BOX_OVERHEAD_BYTES > MAX_BOX_BYTES) throw new Refused('too-large');
  assertWanted(attempt);
  const box = await sealBox(key, observation.key, parcel);
  assertWanted(attempt);
  await write(spoolDir, toBoxName(observation.key), box, attempt);
  return { outcome: 'delivered' };
}

/**
 * The recorder's public key, believed only where nobody but root, this account or the owner of the spool could have put
 * it: whoever can replace it reads everything that is delivered.
 */
async function readIngestPub(spoolDir: string): Promise<IngestPublicKey> {
  const directory = await stat(spoolDir).catch(() => undefined);
  if (directory?.isDirectory() !== true || isWritableByOthers(directory.mode)) throw new Refused('no-spool');
  const found = await readSmall(join(spoolDir, INGEST_PUB));
  if (found === undefined || isWritableByOthers(found.mode)) throw new Refused('no-spool');
  if (![0, process.getuid?.() ?? 0, directory.uid].includes(found.uid)) throw new Refused('no-spool');
  const key = parseIngestPub(found.text);
  if (key === undefined) throw new Refused('no-spool');
  return key;
}

function isWritableByOthers(mode: number): boolean {
  return (mode & 0o022) !== 0;
}

interface SmallFile {
  readonly text: string;
  readonly uid: number;
  readonly mode: number;
}

async function readSmall(path: string): Promise<SmallFile | undefined> {
  const file = await open(path, READ_FLAGS).catch(() => undefined);
  if (file === undefined) return undefined;
  try {
    const { uid, mode, size } = await file.stat();
    if ((mode & constants.S_IFMT) !== constants.S_IFREG || size > MAX_SMALL_FILE_BYTES) return undefined;
    const buffer = Buffer.alloc(size);
    const { bytesRead } = await file.read(buffer, 0, size, 0);
    return { text: buffer.toString('utf8', 0, bytesRead), uid, mode };
  } finally {
    await file.close();
  }
}

/** Politeness: the recorder enforces quotas. What it published is asked first, then what this account can see itself. */
async function assertRoom(spoolDir: string): Promise<void> {
  const published = await readSmall(join(spoolDir, REFUSED));
  const list: RefusedList = parseRefused(published?.text ?? '');
  if (list.isFull) throw new Refused('spool-full');
  if (list.uids.includes(process.getuid?.() ?? -1)) throw new Refused('quota');
  const disk = await statfs(join(spoolDir, NEW)).catch(() => undefined);
  if (disk === undefined) throw new Refused('no-spool');
  if (disk.bavail * disk.bsize < MIN_FREE_BYTES || (disk.files > 0 && disk.ffree === 0)) throw new Refused('disk-full');
  // A shared spool cannot be listed by its clients; a private one can.
  const names = await readdir(join(spoolDir, NEW)).catch(() => []);
  if (names.length >= DEFAULT_QUOTAS.files) throw new Refused('quota');
}

/** Whole or not at all: what is in `new` was complete and synced before it got its name. */
async function write(spoolDir: string, name: string, box: Uint8Array, attempt: Attempt): Promise<void> {
  const path = join(spoolDir, TMP, name);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await letGroupRead(file);
    await file.writeFile(box);
    await file.sync();
    assertWanted(attempt);
    await rename(path, join(spoolDir, NEW, name));
    await syncName(spoolDir, file);
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * In a shared spool the directories are set-group-id: the file has the recorder's group, and its account reads it by
 * that alone. What it reads is sealed.
 */
async function letGroupRead(file: FileHandle): Promise<void> {
  const { gid } = await file.stat();
  if (gid !== process.getgid?.()) await file.chmod(0o640);
}

/** A client of a shared spool may not open its directories; journaling file systems keep the new name with the file. */
async function syncName(spoolDir: string, file: FileHandle): Promise<void> {
  await file.sync();
  const directory = await open(join(spoolDir, NEW), constants.O_RDONLY | constants.O_DIRECTORY).catch(() => undefined);
  if (directory === undefined) return;
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function assertWanted(attempt: Attempt): void {
  if (attempt.isOver) throw new Refused('timeout');
}

function toRefusal(error: unknown): Delivery {
  if (error instanceof Refused) return refuse(error.reason);
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOSPC' || code === 'EDQUOT') return refuse('disk-full');
  if (code === 'ENOENT' || code === 'ENOTDIR') return refuse('no-spool');
  return { outcome: 'refused', reason: 'failed', hint: `${describeForeign(error)}: ${HINTS.failed}` };
}

function refuse(reason: RefusalReason): Delivery {
  return { outcome: 'refused', reason, hint: HINTS[reason] };
}

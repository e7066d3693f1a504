// Looks at the lock info file beside a state: that it is there, what it claims, and whether the kernel says that it is
// held. Only reads; every text in it is a claim of whoever wrote it.
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { parseLockInfo } from '../terraform/lock-info.ts';
import type { LockInfo } from '../terraform/state.ts';
import { pause, type SourceClock } from './clock.ts';
import { lstatIfThere, openContained, readAtMost, type ContainedFile } from './contained-file.ts';
import { unknownHolder, type LockHolder, type LockTable } from './proc-locks.ts';
import type { StatePlace } from './reference.ts';
import type { LockSighting } from './source.ts';

export interface LockReader {
  readonly table: LockTable;
  readonly clock: SourceClock;
  readonly signal: AbortSignal;
}

/** Terraform's own are some 200 bytes. */
const maxLockBytes = 65_536;
/** The file is there, empty, for an instant before its one write. */
const completeAttempts = 8;
const completeWaitMs = 3;

/** One look: the lock that was read, and whether it still stood after that. */
export interface LockLook {
  readonly lock: LockSighting | undefined;
  readonly isPresent: boolean;
  /** See lockKey; '' for none. */
  readonly key: string;
}

/** Never throws for what the file is or holds. */
export async function readLock(place: StatePlace, reader: LockReader): Promise<LockLook> {
  // Opened before anything else is asked: the lock of a run of some milliseconds is gone by then.
  const read = await readClaims(place, reader);
  if (read === undefined) return { lock: undefined, isPresent: false, key: '' };
  const holder = await readHolder(place, reader.table);
  const after = await lockStat(place);
  // Terraform unlinks the file before it unlocks: a lock found free is stale only if its file outlived that look.
  const isSure = holder.holder === 'held' || after?.ino === read.stat.ino;
  const lock = { ...(isSure ? holder : unknownHolder), info: read.info, createdMs: toMs(after ?? read.stat) };
  return { lock, isPresent: after !== undefined, key: lockKey(read.stat, read.info) };
}

/** Differs between any two locks that stand at one place one after the other. */
export function lockKey({ ino, mtimeNs }: BigIntStats, info: LockInfo | undefined): string {
  return `${ino}-${mtimeNs}-${info?.id ?? ''}`;
}

/** A lock file's stat; undefined for none, or for something that is no file and so no lock of Terraform's. */
export async function lockStat(place: StatePlace): Promise<BigIntStats | undefined> {
  try {
    const stat = await lstatIfThere(place.lockPath);
    return stat?.isFile() === true ? stat : undefined;
  } catch {
    return undefined; // No right to look into the directory: the state itself then says so.
  }
}

/** By the kernel's table, for the state's own inode. */
export async function readHolder(place: StatePlace, table: LockTable): Promise<LockHolder> {
  try {
    const stat = await lstatIfThere(place.path);
    return stat === undefined ? unknownHolder : await table.holderOf(place.path, stat);
  } catch {
    return unknownHolder;
  }
}

/** Undefined when there is no lock file. Without info where it may not be read: the lock is known, its claims are not. */
async function readClaims(
  place: StatePlace,
  reader: LockReader,
): Promise<{ readonly stat: BigIntStats; readonly info: LockInfo | undefined } | undefined> {
  const opening = await openContained(toContainedLock(place));
  if (opening.outcome === 'absent' || opening.outcome === 'moved') return undefined;
  const { stat } = opening;
  if (opening.outcome === 'refused') return stat?.isFile() === true ? { stat, info: undefined } : undefined;
  try {
    return { stat: opening.stat, info: await readWhole(opening.handle, reader) };
  } finally {
    await opening.handle.close();
  }
}

export function toContainedLock({ root, lockPath, displayPath }: StatePlace): ContainedFile {
  return { directory: root.directory, path: lockPath, displayPath, maxBytes: maxLockBytes, mayBeGone: true };
}

/** From the handle, again and again: the name is gone a millisecond after a quick run wrote what it claims. */
async function readWhole(handle: FileHandle, { clock, signal }: LockReader): Promise<LockInfo | undefined> {
  for (let attempt = 0; attempt < completeAttempts && !signal.aborted; attempt += 1) {
    const bytes = await readAtMost(handle, maxLockBytes).catch(() => undefined);
    const info = bytes && parseWholeLock(bytes);
    if (info !== undefined || bytes === undefined) return info;
    await pause(clock, completeWaitMs, signal);
  }
  return undefined;
}

/** Undefined for what is not complete, or no lock info at all: the lock is then known, its claims are not. */
export function parseWholeLock(bytes: Uint8Array): LockInfo | undefined {
  try {
    return parseLockInfo(bytes);
  } catch {
    return undefined;
  }
}

export function toMs(stat: BigIntStats): number {
  return Number(stat.mtimeNs / 1_000_000n);
}

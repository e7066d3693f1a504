// Puts the process behind a lock beside the lock, on the spot: a quick run is over before a look could begin. A process
// is never put beside another lock than the one that stood there, unchanged, before and after it was read.
import { lstatSync, type BigIntStats } from 'node:fs';
import type { LockInfo } from '../terraform/state.ts';
import type { SourceClock } from './clock.ts';
import { readContainedNow } from './contained-file.ts';
import { lockKey, parseWholeLock, toContainedLock, toMs, type LockLook } from './lock-file.ts';
import type { PlaceMemory } from './places.ts';
import { createCommandReader, type CommandReader } from './process/command.ts';
import { createHolderReader, type HolderReader } from './process/holder-process.ts';
import type { ProcessFacts } from './process/process-facts.ts';
import { createUsers, type Users } from './process/users.ts';
import { unknownHolder } from './proc-locks.ts';
import type { StatePlace } from './reference.ts';
import type { LockSighting } from './source.ts';

export interface HolderReaders {
  readonly holders: HolderReader;
  readonly commands: CommandReader;
  readonly users: Users;
  readonly signal: AbortSignal;
}

export function createHolderReaders(clock: SourceClock): Omit<HolderReaders, 'signal'> {
  const wallMs = (): number => clock.wallMs();
  return { holders: createHolderReader(wallMs), commands: createCommandReader(clock), users: createUsers() };
}

/**
 * Notes the lock that stands beside a state now, with whoever holds it. Synchronous; only the holder's command line,
 * which can keep its reader waiting, follows in one of the memory's reads.
 */
export function hearLock(memory: PlaceMemory, readers: HolderReaders): void {
  const { place, history } = memory;
  const seen = seeLock(place);
  if (seen === undefined) return;
  if (memory.holder?.key !== seen.key) {
    const process = readProcess(place, seen, readers.holders);
    memory.holder = process && { key: seen.key, process, isCommandAsked: false };
  }
  const { holder } = memory;
  const lock = { ...toSighting(seen, readers.users), ...(holder && { process: holder.process }) };
  history.noteRead(lock);
  if (holder?.process.command === 'unread' && !holder.isCommandAsked) completeSoon(memory, lock, holder, readers);
}

/** The lock of a look with what is known of its holder and owner. */
export function withHolder({ holder }: PlaceMemory, { lock, key }: LockLook): LockSighting | undefined {
  return lock === undefined || holder === undefined || holder.key !== key ? lock : { ...lock, process: holder.process };
}

interface SeenLock {
  readonly stat: BigIntStats;
  readonly info: LockInfo | undefined;
  readonly key: string;
}

/** Undefined for none, and for one that is readable and not whole yet: the event of its write follows. */
function seeLock(place: StatePlace): SeenLock | undefined {
  const read = readContainedNow(toContainedLock(place));
  const info = read && parseWholeLock(read.bytes);
  if (read !== undefined) return info && { stat: read.stat, info, key: lockKey(read.stat, info) };
  // Mode 0600: whose it is, is told all the same.
  const stat = statNow(place.lockPath);
  return stat?.isFile() === true ? { stat, info: undefined, key: lockKey(stat, undefined) } : undefined;
}

/** The state's own inode is what the kernel's lock lies on. */
function readProcess(place: StatePlace, seen: SeenLock, holders: HolderReader): ProcessFacts | undefined {
  const file = statNow(place.path);
  if (file === undefined) return undefined;
  const isUnchanged = (): boolean => seeLock(place)?.key === seen.key && statNow(place.path)?.ino === file.ino;
  return holders.read(file, toMs(seen.stat), isUnchanged);
}

function toSighting({ stat, info }: SeenLock, users: Users): LockSighting {
  const ownerUid = Number(stat.uid);
  return { ...unknownHolder, info, createdMs: toMs(stat), ownerUid, ownerUser: users.nameOf(ownerUid) };
}

function completeSoon(
  memory: PlaceMemory,
  lock: LockSighting,
  holder: NonNullable<PlaceMemory['holder']>,
  readers: HolderReaders,
): void {
  holder.isCommandAsked = true;
  const completed = readers.commands.complete(holder.process, readers.signal).then((process) => {
    holder.isCommandAsked = false;
    if (process === holder.process) return;
    holder.process = process;
    memory.history.noteRead({ ...lock, process });
  });
  memory.lockReads.add(completed);
  void completed.then(() => memory.lockReads.delete(completed));
}

function statNow(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true });
  } catch {
    return undefined;
  }
}

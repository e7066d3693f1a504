// One look at one local state: the settled read, then the lock, then the backup, made into a sighting.
// Compares with what the previous sighting remembered; knows nothing of watching.
import { opendir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { BigIntStats } from 'node:fs';
import { ParseError } from '../errors.ts';
import type { SourceClock } from './clock.ts';
import { formatFileVersion, lstatIfThere, type ContainedFile } from './contained-file.ts';
import { parseNumberedBackup } from './layout.ts';
import { lockStat, readHolder, readLock, type LockLook } from './lock-file.ts';
import { hearLock, withHolder, type HolderReaders } from './lock-holder.ts';
import type { PlaceMemory } from './places.ts';
import type { LockTable } from './proc-locks.ts';
import type { StatePlace } from './reference.ts';
import { readSettled, type SettledRead } from './settled-read.ts';
import { BARE_SIGHTING, type BackupSighting, type StateReference, type StateSighting } from './source.ts';

export interface LookOptions extends HolderReaders {
  readonly maxFileBytes: number;
  readonly settleDeadlineMs: number;
  readonly clock: SourceClock;
  readonly table: LockTable;
  readonly signal: AbortSignal;
  /** True while creations of lock files beside this state are counted. */
  readonly isCounted: (place: StatePlace) => boolean;
  /** Resolves when the events of everything done so far have been heard. */
  readonly hearEvents: () => Promise<void>;
}

/** The state file's part of a sighting. */
interface StateFacts {
  readonly condition: StateSighting['condition'];
  readonly sourceVersion: string;
  readonly fileVersion: string;
  readonly bytes: Uint8Array;
  readonly effectiveTime: string;
  readonly problem: StateSighting['problem'];
  /** True when `cursor` already stands for this version. */
  readonly isKnown: boolean;
}

const nothing = new Uint8Array(0);
const backupDeadlineMs = 500;
/** Without the kernel's word on the holder, a lock file stands for a writer at work only for so long. */
const unknownWriterMs = 10_000;
/** A lock that comes or goes while it is looked at is looked at again, so often. */
const maxLockLooks = 4;
/** A directory with more names is not searched for numbered backups. */
const maxNamesSearched = 20_000;
/** How far another host's clock may be ahead. */
const aheadMs = 5_000;

/** Rejects with ParseError `source-closed` when the source closes meanwhile; never for what a file is or holds. */
export async function sight(memory: PlaceMemory, cursor: string, options: LookOptions): Promise<StateSighting> {
  const { place, sighted } = memory;
  const { facts, lockLook } = await readSettledUnderLock(memory, cursor, options);
  const isCounted = options.isCounted(place);
  const { holds, last, read } = memory.history.take(lockLook.isPresent, isCounted);
  const backup = await readBackup(memory, cursor, facts, options);
  const isSameVersion = facts.isKnown && sighted !== undefined;
  const numberedBackupSeconds = isSameVersion
    ? sighted.numberedBackupSeconds
    : await newestNumberedBackup(place, options.clock.wallMs());
  const lock = lockLook.isPresent ? lockLook.lock : undefined;
  const { condition, sourceVersion, fileVersion, bytes, effectiveTime, problem } = facts;
  const backupVersion = backup.version;
  memory.sighted = { sourceVersion, fileVersion, condition, problem, backupVersion, numberedBackupSeconds, lock };
  return {
    reference: place.reference,
    condition,
    sourceVersion,
    bytes,
    effectiveTime,
    timeBasis: 'mtime',
    problem,
    lock,
    lockHoldsSince: holds,
    lastLock: last,
    recentLocks: read,
    backup: backup.sighting,
    numberedBackupSeconds,
  };
}

/**
 * The state, then its lock. A lock that is gone by then may have covered one more write after the read: the last write
 * precedes the unlock, so the file is looked at again until it has not moved.
 */
async function readSettledUnderLock(
  memory: PlaceMemory,
  cursor: string,
  options: LookOptions,
): Promise<{ readonly facts: StateFacts; readonly lockLook: LockLook }> {
  let facts = (await knownFacts(memory, cursor)) ?? (await readFacts(memory.place, options));
  let lockLook = await lookAtLock(memory, options);
  for (let round = 0; round < maxMovedReads && !lockLook.isPresent; round += 1) {
    const stat = await lstatIfThere(memory.place.path);
    const version = stat === undefined ? '' : formatFileVersion(stat);
    const isStill = facts.condition === 'unreadable' || version === facts.fileVersion;
    // A lock made meanwhile is counted, so it must be looked at too: what follows is one turn with the judgement.
    if (isStill && memory.history.agrees(false)) break;
    if (!isStill) facts = await readFacts(memory.place, options);
    lockLook = await lookAtLock(memory, options);
  }
  return { facts, lockLook };
}

const maxMovedReads = 8;

/** The version the cursor stands for, when the file still has it: without opening it. */
async function knownFacts({ place, sighted }: PlaceMemory, cursor: string): Promise<StateFacts | undefined> {
  if (cursor === '') return undefined;
  const stat = await lstatIfThere(place.path).catch(() => undefined);
  if (stat?.isFile() !== true) return undefined;
  const fileVersion = formatFileVersion(stat);
  const wasSighted = sighted?.sourceVersion === cursor && sighted.fileVersion === fileVersion;
  // A refusal is asked for again: what makes a file unreadable is not in its version. Being torn is.
  const isTorn = wasSighted && sighted.problem?.code === 'file-unsettled';
  if (cursor !== fileVersion && !isTorn) return undefined;
  const condition = wasSighted ? sighted.condition : stat.size === 0n ? 'empty' : 'state';
  const problem = wasSighted ? sighted.problem : undefined;
  return {
    condition,
    sourceVersion: cursor,
    fileVersion,
    bytes: nothing,
    effectiveTime: toTime(stat),
    problem,
    isKnown: true,
  };
}

async function readFacts(place: StatePlace, options: LookOptions): Promise<StateFacts> {
  const { clock, signal, settleDeadlineMs } = options;
  const startMs = clock.monotonicMs();
  const isBeingWritten = (stat: BigIntStats): Promise<boolean> =>
    isWriterAtWork(place, stat, options.table, clock.monotonicMs() - startMs < unknownWriterMs);
  const file = toContained(place, place.path, options.maxFileBytes);
  return toFacts(await readSettled(file, { deadlineMs: settleDeadlineMs, clock, signal, isBeingWritten }));
}

function toFacts(read: SettledRead): StateFacts {
  const common = { bytes: nothing, problem: undefined, isKnown: false };
  if (read.outcome === 'aborted') {
    throw new ParseError('source-closed', 'expected an open source, got one that is closing', {
      hint: 'look again after a restart',
    });
  }
  if (read.outcome === 'absent') {
    return { ...common, condition: 'absent', sourceVersion: '', fileVersion: '', effectiveTime: '' };
  }
  const fileVersion = read.stat === undefined ? '' : formatFileVersion(read.stat);
  const effectiveTime = read.stat === undefined ? '' : toTime(read.stat);
  if (read.outcome === 'refused') {
    // The reason is part of the version: a file that becomes readable again without being written is a new version.
    const sourceVersion = `${fileVersion}!${read.problem.code}`;
    return { ...common, condition: 'unreadable', sourceVersion, fileVersion, effectiveTime, problem: read.problem };
  }
  const condition = read.outcome === 'empty' ? 'empty' : 'state';
  return { ...common, condition, sourceVersion: fileVersion, fileVersion, bytes: read.bytes, effectiveTime };
}

/**
 * True while a run holds the state's lock, so that an empty or torn file is only its writer's pause (Terraform truncates
 * before it serialises). A file that this run itself made was never anything but empty: that is no pause.
 */
async function isWriterAtWork(
  place: StatePlace,
  stat: BigIntStats,
  table: LockTable,
  mayBeUnknown: boolean,
): Promise<boolean> {
  const lock = await lockStat(place);
  if (lock === undefined) return false;
  if (stat.size === 0n && stat.birthtimeNs > 0n && stat.birthtimeNs === stat.mtimeNs) return false;
  const { holder } = await readHolder(place, table);
  return holder === 'held' || (holder === 'unknown' && mayBeUnknown);
}

async function lookAtLock(memory: PlaceMemory, options: LookOptions): Promise<LockLook> {
  let look: LockLook;
  let attempt = 0;
  do {
    await options.hearEvents();
    hearLock(memory, options);
    look = await readLock(memory.place, options);
    await Promise.all(memory.lockReads);
    attempt += 1;
    // The file changed hands meanwhile: hear the rest before judging.
  } while (attempt < maxLockLooks && !memory.history.agrees(look.isPresent));
  const lock = withHolder(memory, look);
  if (lock !== undefined) memory.history.noteRead(lock);
  return { ...look, lock };
}

async function readBackup(
  memory: PlaceMemory,
  cursor: string,
  facts: StateFacts,
  options: LookOptions,
): Promise<{ readonly version: string; readonly sighting: BackupSighting | undefined }> {
  const { place, sighted } = memory;
  const stat = await lstatIfThere(place.backupPath).catch(() => undefined);
  const version = stat === undefined ? '' : formatFileVersion(stat);
  // After a restart with nothing new in the state, an old backup has nothing to tell either.
  const isNew = sighted === undefined ? !facts.isKnown : version !== sighted.backupVersion;
  if (version === '' || (cursor !== '' && !isNew)) return { version, sighting: undefined };
  const { clock, signal } = options;
  const file = toContained(place, place.backupPath, options.maxFileBytes);
  const isBeingWritten = (): Promise<boolean> => Promise.resolve(false);
  const read = await readSettled(file, { deadlineMs: backupDeadlineMs, clock, signal, isBeingWritten });
  // Not settled: whoever still writes it gives it another version, and is looked at again then.
  if (read.outcome !== 'read') return { version, sighting: undefined };
  const sourceVersion = formatFileVersion(read.stat);
  return {
    version: sourceVersion,
    sighting: { sourceVersion, bytes: read.bytes, modifiedMs: Number(read.stat.mtimeNs / 1_000_000n) },
  };
}

/** Unix seconds of the newest `NAME.<seconds>.backup` beside the state, or 0. One from the future is no evidence. */
async function newestNumberedBackup(place: StatePlace, nowMs: number): Promise<number> {
  const name = basename(place.path);
  let newest = 0;
  let names = 0;
  try {
    for await (const entry of await opendir(dirname(place.path), { bufferSize: 256 })) {
      const numbered = parseNumberedBackup(entry.name);
      const isPast = numbered !== undefined && numbered.seconds * 1000 <= nowMs + aheadMs;
      if (isPast && numbered.statePath === name) newest = Math.max(newest, numbered.seconds);
      names += 1;
      if (names > maxNamesSearched) break;
    }
  } catch {
    return newest; // The directory went, or may not be listed: the state's own condition says so.
  }
  return newest;
}

function toContained(place: StatePlace, path: string, maxBytes: number): ContainedFile {
  return { directory: place.root.directory, path, displayPath: place.displayPath, maxBytes };
}

/** RFC 3339 of the file's mtime, kept inside the years the format has. */
function toTime(stat: BigIntStats): string {
  const latestMs = 253_402_300_799_999n;
  const ms = stat.mtimeNs / 1_000_000n;
  return new Date(Number(ms < 0n ? 0n : ms > latestMs ? latestMs : ms)).toISOString();
}

/** The sighting of a state whose root is not there: whether the state still exists cannot be told. */
export function unreachableSighting(reference: StateReference): StateSighting {
  return {
    ...BARE_SIGHTING,
    reference,
    condition: 'unreadable',
    sourceVersion: '!root-missing',
    effectiveTime: '',
    timeBasis: 'mtime',
    problem: { code: 'root-missing', message: 'its root is not there: whether the state still exists cannot be told' },
  };
}

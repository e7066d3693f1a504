// `archive extend`: locks of the versions that count are let end later, holds are put on or lifted. What counts is what
// verifies: junk is never extended. Compares first and never shortens, so that a run that was cut is simply run again.
import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Archive, RetentionMode } from '../archive/archive.ts';
import { assertKept, modeRefused, type NewLock, type ObjectLockState } from '../archive/s3-keeper.ts';
import { ArchiveError } from '../errors.ts';
import { formatObjectKey } from '../merkle/object-key.ts';
import type { Verifier } from '../merkle/note.ts';
import { createChain, startAt } from '../verify/chain.ts';
import { createFindings } from '../verify/findings.ts';
import type { LoadedGroup } from '../verify/group.ts';
import { surveyArchive, type StoredVersion } from '../verify/inventory.ts';
import { loadGroups } from '../verify/load-groups.ts';

/** What of the store the keeper needs; S3Keeper is it. */
export interface LockKeeper {
  readLock(key: string, versionId: string): Promise<ObjectLockState>;
  putLock(key: string, versionId: string, lock: NewLock): Promise<void>;
  readHold(key: string, versionId: string): Promise<boolean>;
  putHold(key: string, versionId: string, isHeld: boolean): Promise<void>;
}

export type ObjectClass = 'structure' | 'content';

export interface ExtendOptions {
  /** Undefined: locks stay as they are, only holds change. */
  readonly until: Date | undefined;
  /** Change GOVERNANCE to COMPLIANCE, and lock so what has no lock. Undefined: every lock keeps its mode. */
  readonly mode: RetentionMode | undefined;
  readonly classes: readonly ObjectClass[];
  readonly hold: boolean | undefined;
  readonly isDryRun: boolean;
  readonly nowMs: number;
  readonly concurrency?: number;
  onObject?(done: ExtendedObject): void;
}

export interface ExtendedObject {
  readonly key: string;
  readonly versionId: string;
  readonly before: ObjectLockState;
  readonly after: ObjectLockState;
  /** extended: the lock was changed, or in a dry run would be. */
  readonly outcome: 'extended' | 'unchanged' | 'failed';
  readonly holdChanged: boolean;
  readonly error: ArchiveError | undefined;
}

export interface ExtendReport {
  readonly objectCount: number;
  readonly extendedCount: number;
  readonly unchangedCount: number;
  readonly holdChangedCount: number;
  readonly failedCount: number;
  /** Batches whose content is gone or other bytes, or that have no seal: not extended. `verify` says more. */
  readonly failureCount: number;
  /** RFC 3339, the first end of all locks afterwards; '' when nothing is locked. */
  readonly firstEnd: string;
}

const DEFAULT_CONCURRENCY = 8;
const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 200;

/** Throws what the archive throws when it cannot be read; the failure of one object is counted and goes on. */
export async function extendLocks(
  archive: Archive,
  keeper: LockKeeper,
  verifiers: readonly Verifier[],
  options: ExtendOptions,
): Promise<ExtendReport> {
  const origin = verifiers[0]?.name ?? '';
  const findings = createFindings();
  const { base } = await surveyArchive(archive, origin, findings);
  const chain = createChain({ origin, verifiers, start: startAt(0), rootWantedAt: undefined }, findings);
  const loading = { base, wantsReceipts: false, wantsDigest: false, from: 0 };
  const count = createCounts();
  const underWay: Promise<ExtendedObject>[] = [];
  const settle = async (room: number): Promise<void> => {
    while (underWay.length > room) {
      const done = await underWay.shift();
      if (done === undefined) return;
      count.add(done);
      options.onObject?.(done);
    }
  };
  for await (const { loaded } of loadGroups(archive, chain, loading)) {
    chain.accept(loaded);
    for (const version of countingVersions(loaded, options.classes)) {
      await settle((options.concurrency ?? DEFAULT_CONCURRENCY) - 1);
      underWay.push(extendOne(keeper, base, version, options));
    }
  }
  await settle(0);
  chain.finish();
  return { ...count.report(), failureCount: findings.count('failure') };
}

function countingVersions(loaded: LoadedGroup, classes: readonly ObjectClass[]): readonly StoredVersion[] {
  const structure = [...loaded.seals, ...loaded.checkpoints].flatMap((signed) => signed.versions);
  const content = (loaded.content?.counted ?? []).flat();
  return [...(classes.includes('structure') ? structure : []), ...(classes.includes('content') ? content : [])];
}

async function extendOne(
  keeper: LockKeeper,
  base: string,
  { object, versionId }: StoredVersion,
  options: ExtendOptions,
): Promise<ExtendedObject> {
  const key = base + formatObjectKey(object);
  const none: ObjectLockState = { mode: 'none', retainUntil: '' };
  let before = none;
  try {
    before = await tried(() => keeper.readLock(key, versionId));
    const asked = toNewLock(before, options);
    const after = asked === undefined ? before : await putAndRead(keeper, key, versionId, asked, options.isDryRun);
    const holdChanged = await changeHold(keeper, key, versionId, options);
    const outcome = asked === undefined ? 'unchanged' : 'extended';
    return { key, versionId, before, after, outcome, holdChanged, error: undefined };
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return { key, versionId, before, after: before, outcome: 'failed', holdChanged: false, error };
  }
}

/** Undefined when the lock already holds so long and so hard. Never an earlier end than the present one. */
export function toNewLock(
  before: ObjectLockState,
  { until, mode }: Pick<ExtendOptions, 'until' | 'mode'>,
): NewLock | undefined {
  if (until === undefined) return undefined;
  const endMs = before.mode === 'none' ? 0 : Date.parse(before.retainUntil);
  const changesMode = before.mode === 'GOVERNANCE' && mode === 'COMPLIANCE';
  const isLonger = until.getTime() > endMs;
  if (!isLonger && !changesMode) return undefined;
  const kept = before.mode === 'none' ? 'GOVERNANCE' : before.mode;
  const newMode = before.mode === 'COMPLIANCE' ? 'COMPLIANCE' : (mode ?? kept);
  return { mode: newMode, until: isLonger ? until : new Date(endMs), changesMode };
}

async function putAndRead(
  keeper: LockKeeper,
  key: string,
  versionId: string,
  asked: NewLock,
  isDryRun: boolean,
): Promise<ObjectLockState> {
  if (isDryRun) return { mode: asked.mode, retainUntil: asked.until.toISOString() };
  await tried(() => keeper.putLock(key, versionId, asked)).catch((error: unknown) => {
    const isRefused = asked.changesMode && error instanceof ArchiveError && error.code === 'archive-denied';
    throw isRefused ? modeRefused(key) : error;
  });
  const after = await tried(() => keeper.readLock(key, versionId));
  assertKept(key, after, asked);
  return after;
}

async function changeHold(
  keeper: LockKeeper,
  key: string,
  versionId: string,
  { hold, isDryRun }: ExtendOptions,
): Promise<boolean> {
  if (hold === undefined) return false;
  if ((await tried(() => keeper.readHold(key, versionId))) === hold) return false;
  if (isDryRun) return true;
  await tried(() => keeper.putHold(key, versionId, hold));
  if ((await tried(() => keeper.readHold(key, versionId))) === hold) return true;
  throw new ArchiveError('archive-hold-kept', `expected the hold of ${key} to change, got the one before`, {
    transient: false,
    hint: 'the store did not do what it confirmed: look for a proxy in between',
  });
}

/** Every step may be done twice without harm. */
async function tried<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) || !error.transient || tries === MAX_TRIES) throw error;
      await pauseFor(FIRST_PAUSE_MS * 2 ** (tries - 1));
    }
  }
}

function createCounts() {
  const counts = { objectCount: 0, extendedCount: 0, unchangedCount: 0, holdChangedCount: 0, failedCount: 0 };
  let firstEndMs = Infinity;
  return {
    add({ outcome, holdChanged, after }: ExtendedObject): void {
      counts.objectCount += 1;
      counts[`${outcome}Count`] += 1;
      if (holdChanged) counts.holdChangedCount += 1;
      if (after.mode !== 'none') firstEndMs = Math.min(firstEndMs, Date.parse(after.retainUntil));
    },
    report: () => ({ ...counts, firstEnd: Number.isFinite(firstEndMs) ? new Date(firstEndMs).toISOString() : '' }),
  };
}

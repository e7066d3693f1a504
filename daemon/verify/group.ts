// Everything that can be said of one batch without its neighbours: which statements the log signed about it, and
// whether its content is what they say. Runs for many batches at once; the chain puts them in order.
import type { ObjectLock } from '../archive/archive.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import { equalHashes } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { readGroupContent, type GroupContent } from './content-objects.ts';
import { createFindings, type Findings } from './findings.ts';
import { relist, type Group, type StoredVersion } from './inventory.ts';
import { placeOf, type ArchiveReader } from './object-read.ts';
import type { StoredLock } from './retention.ts';
import { readStatements, type Signed, type Statements, type Trust } from './signed-objects.ts';

export interface LoadedGroup {
  readonly prev: number;
  /** Statements about this `prev`: two or more are a fork. The first one's content was read. */
  readonly seals: readonly Signed<Manifest>[];
  /** Validly signed, but about another `prev` or under the key of a checkpoint. */
  readonly misplacedSeals: readonly Signed<Manifest>[];
  readonly checkpoints: readonly Signed<Checkpoint>[];
  /** Under the key of a seal. */
  readonly misplacedCheckpoints: readonly Signed<Checkpoint>[];
  readonly content: GroupContent | undefined;
  /** What the store says about the locks of the versions that count; empty when not asked. */
  readonly locks: readonly StoredLock[];
  /** Worth loading again once the log has named another key. */
  readonly hasUnknownKey: boolean;
  readonly findings: Findings;
}

export interface LoadContext {
  readonly reader: ArchiveReader;
  readonly wantsReceipts: boolean;
  /** Hold the bytes of batch and blobs, too. */
  readonly wantsBodies?: boolean;
}

/** Per batch, when the store is asked about locks. */
const LOCKS_AT_ONCE = 4;
/** Of one object's equal versions. */
const MAX_COMPARED = 8;

export async function loadGroup(context: LoadContext, group: Group, trust: Trust): Promise<LoadedGroup> {
  const findings = createFindings();
  const atSeal = await readStatements(context.reader, trust, group.seal, findings, unheld(context, group, 'seal'));
  const isHere = ({ value }: Signed<Manifest>): boolean => value.prev === group.prev;
  const atCheckpoint = await loadCheckpoints(context, group, trust, atSeal.seals.some(isHere), findings);
  const seals = confirmedFirst(atSeal.seals.filter(isHere), atCheckpoint.checkpoints);
  const [seal] = seals;
  const content = seal && (await readContent(context, group, seal.value, findings));
  if (seal === undefined) addOrphans(findings, group);
  const counted = [seal, ...atCheckpoint.checkpoints].flatMap((signed) =>
    signed === undefined ? [] : [signed.versions],
  );
  return {
    prev: group.prev,
    seals,
    misplacedSeals: [...atSeal.seals.filter((signed) => !isHere(signed)), ...atCheckpoint.seals],
    checkpoints: atCheckpoint.checkpoints,
    misplacedCheckpoints: atSeal.checkpoints,
    content,
    locks: context.wantsReceipts ? await loadLocks(context, [...counted, ...(content?.counted ?? [])]) : [],
    hasUnknownKey: atSeal.hasUnknownKey || atCheckpoint.hasUnknownKey,
    findings,
  };
}

function readContent(
  { reader, wantsBodies = false }: LoadContext,
  group: Group,
  manifest: Manifest,
  findings: Findings,
): Promise<GroupContent> {
  return readGroupContent({ reader, findings, wantsBodies }, group, manifest);
}

/** In a fork the side that a checkpoint confirms is followed, so that only the other one is named. */
function confirmedFirst(
  seals: readonly Signed<Manifest>[],
  checkpoints: readonly Signed<Checkpoint>[],
): readonly Signed<Manifest>[] {
  const isConfirmed = ({ value }: Signed<Manifest>): boolean =>
    checkpoints.some((checkpoint) => equalHashes(checkpoint.value.root, value.root));
  return [...seals].sort((a, b) => Number(isConfirmed(b)) - Number(isConfirmed(a)));
}

/** A checkpoint may have come after the listing of its folder, which is listed before the seals. */
async function loadCheckpoints(
  { reader }: LoadContext,
  group: Group,
  trust: Trust,
  isExpected: boolean,
  findings: Findings,
): Promise<Statements> {
  const isUnlisted = isExpected && group.checkpoint.length === 0;
  const object = { kind: 'checkpoint', prev: group.prev, attempt: 1 } as const;
  const more = isUnlisted ? relist(reader.archive, reader.base, object) : unheld({ reader }, group, 'checkpoint');
  return readStatements(reader, trust, group.checkpoint, findings, more);
}

/** Where the versions are that the group had no room for. */
function unheld(
  { reader }: Pick<LoadContext, 'reader'>,
  { prev, overflow }: Group,
  kind: 'seal' | 'checkpoint',
): AsyncIterable<StoredVersion> | undefined {
  return overflow.has(kind) ? relist(reader.archive, reader.base, { kind, prev, attempt: 1 }) : undefined;
}

/** A few at once: a batch may have thousands of blobs, and every one is a request of its own. */
async function loadLocks(
  { reader }: LoadContext,
  objects: readonly (readonly StoredVersion[])[],
): Promise<readonly StoredLock[]> {
  const locks: StoredLock[] = [];
  for (let start = 0; start < objects.length; start += LOCKS_AT_ONCE) {
    const some = objects.slice(start, start + LOCKS_AT_ONCE);
    const found = await Promise.all(some.map((versions) => loadLock(reader, versions)));
    locks.push(...found.filter((lock) => lock !== undefined));
  }
  return locks;
}

/** Of equal versions the one that is locked the longest: it stays whatever becomes of the copies somebody has added. */
async function loadLock(reader: ArchiveReader, versions: readonly StoredVersion[]): Promise<StoredLock | undefined> {
  const oldest = versions.toSorted(byAge).slice(0, MAX_COMPARED);
  let best: StoredLock | undefined;
  for (const version of oldest) {
    const lock = await reader.readLock(version);
    if (lock === undefined || (best !== undefined && endOf(lock) <= endOf(best.lock))) continue;
    best = { kind: version.object.kind, lock };
  }
  return best;
}

/** Uploads in parts last: they can be given any age. */
function byAge(a: StoredVersion, b: StoredVersion): number {
  return Number(a.isMultipart) - Number(b.isMultipart) || a.lastModifiedMs - b.lastModifiedMs;
}

/** Milliseconds; a weaker mode never comes before a stronger one. */
function endOf({ mode, retainUntil }: ObjectLock): number {
  if (mode === 'none') return -1;
  return Date.parse(retainUntil) + (mode === 'COMPLIANCE' ? Number.MAX_SAFE_INTEGER / 2 : 0);
}

/** A seal under way leaves the same picture for a moment, as does one that a crash interrupted. */
function addOrphans(findings: Findings, group: Group): void {
  for (const version of [...group.batch, ...group.blob]) {
    const message = 'expected a seal for this content, got none: not committed, or somebody else put it there';
    findings.add('anomaly', { ...placeOf(version), code: `orphan-${version.object.kind}`, message });
  }
}

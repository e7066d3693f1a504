// Everything that can be said of one batch without its neighbours: which statements the log signed about it, and
// whether its content is what they say. Runs for many batches at once; the chain puts them in order.
import type { Receipt } from '../archive/archive.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import { equalHashes } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { readGroupContent, type GroupContent } from './content-objects.ts';
import { createFindings, type Findings } from './findings.ts';
import { relist, type Group, type StoredVersion } from './inventory.ts';
import { placeOf, type ArchiveReader } from './object-read.ts';
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
  readonly receipts: readonly Receipt[];
  /** Worth loading again once the log has named another key. */
  readonly hasUnknownKey: boolean;
  readonly findings: Findings;
}

export interface LoadContext {
  readonly reader: ArchiveReader;
  readonly nowMs: number;
  readonly wantsReceipts: boolean;
}

const dayMs = 86_400_000;

export async function loadGroup(context: LoadContext, group: Group, trust: Trust): Promise<LoadedGroup> {
  const findings = createFindings();
  const atSeal = await readStatements(context.reader, trust, group.seal, findings);
  const isHere = ({ value }: Signed<Manifest>): boolean => value.prev === group.prev;
  const atCheckpoint = await loadCheckpoints(context, group, trust, atSeal.seals.some(isHere), findings);
  const seals = confirmedFirst(atSeal.seals.filter(isHere), atCheckpoint.checkpoints);
  const [seal] = seals;
  const content = seal && (await loadContent(context, group, seal, findings));
  if (seal === undefined) addOrphans(findings, group);
  const counted = [seal, ...atCheckpoint.checkpoints].flatMap((signed) => signed?.version ?? []);
  return {
    prev: group.prev,
    seals,
    misplacedSeals: [...atSeal.seals.filter((signed) => !isHere(signed)), ...atCheckpoint.seals],
    checkpoints: atCheckpoint.checkpoints,
    misplacedCheckpoints: atSeal.checkpoints,
    content,
    receipts: context.wantsReceipts ? await loadReceipts(context, [...counted, ...(content?.counted ?? [])]) : [],
    hasUnknownKey: atSeal.hasUnknownKey || atCheckpoint.hasUnknownKey,
    findings,
  };
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
  const versions = isUnlisted
    ? await relist(reader.archive, reader.base, { kind: 'checkpoint', prev: group.prev, attempt: 1 })
    : group.checkpoint;
  return readStatements(reader, trust, versions, findings);
}

function loadContent(
  { reader, nowMs }: LoadContext,
  group: Group,
  { value: manifest, lastModifiedMs }: Signed<Manifest>,
  findings: Findings,
): Promise<GroupContent> {
  const endMs = lastModifiedMs + manifest.contentDays * dayMs;
  // NaN, a store without times, is never past.
  const mayBeExpired = manifest.contentDays > 0 && nowMs > endMs;
  return readGroupContent({ reader, findings, mayBeExpired }, group, manifest);
}

async function loadReceipts({ reader }: LoadContext, versions: readonly StoredVersion[]): Promise<Receipt[]> {
  const receipts: Receipt[] = [];
  for (const version of versions) {
    const receipt = await reader.readReceipt(version);
    if (receipt !== undefined) receipts.push(receipt);
  }
  return receipts;
}

/** A seal under way leaves the same picture for a moment, as does one that a crash interrupted. */
function addOrphans(findings: Findings, group: Group): void {
  for (const version of [...group.batch, ...group.blob]) {
    const message = 'expected a seal for this content, got none: not committed, or somebody else put it there';
    findings.add('anomaly', { ...placeOf(version), code: `orphan-${version.object.kind}`, message });
  }
}

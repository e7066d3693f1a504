// Verifies a log from its archive and its key alone: lists once, reads in parallel, checks the chain in order.
// Memory is that of the batches under way and of a few numbers per batch. Writes nothing.
import type { Archive } from '../archive/archive.ts';
import { ConfigError } from '../errors.ts';
import { encodeBase64 } from '../merkle/base64.ts';
import type { Manifest } from '../merkle/manifest.ts';
import type { Verifier } from '../merkle/note.ts';
import { createChain, type Chain, type ChainResult } from './chain.ts';
import { createCompleteness, type Completeness } from './completeness.ts';
import { createFindings, type Findings } from './findings.ts';
import { loadGroup, type LoadedGroup } from './group.ts';
import { readInventory, type Group, type Inventory, type StoredVersion } from './inventory.ts';
import { createArchiveReader } from './object-read.ts';
import { loadOrdered } from './ordered.ts';
import { readFacts } from './record-facts.ts';
import { listFindings, type HeadReport, type ObjectCounts, type VerifyReport } from './report.ts';
import { createRetention } from './retention.ts';
import { parseKeptCheckpoint } from './since.ts';

export interface VerifyOptions {
  readonly nowMs: number;
  /** A checkpoint (signed note) kept from earlier: the log must still begin with it. */
  readonly since?: string;
  /** Checks the canonical form of every line, which costs more than all the rest. */
  readonly isStrict?: boolean;
  /** Start at this batch boundary, trusting the signed edge there. Default 0: the whole log. */
  readonly from?: number;
  /** Objects read at once. */
  readonly concurrency?: number;
  /** Ask the store about every lock; default: where it can lock. */
  readonly wantsReceipts?: boolean;
  onProgress?(progress: VerifyProgress): void;
}

export interface VerifyProgress {
  readonly batchCount: number;
  /** Seals listed. */
  readonly batchTotal: number;
  readonly recordCount: number;
}

/** A store across a network answers slowly, a disk does not; every read under way takes memory. */
const REMOTE_CONCURRENCY = 16;
const LOCAL_CONCURRENCY = 4;
/** Memory that groups under way may take, by estimate: one batch of full size weighs about 2 MiB. */
const MAX_BYTES_UNDER_WAY = 8 * 1024 ** 2;
/** How much larger lines and leaf hashes are in memory than compressed, or as text. */
const LINE_FACTOR = 6;
const LEAF_FACTOR = 10;
/** An idle recorder seals hourly: until then its heartbeats are not in the archive. */
export const idleSealMs = 3_600_000;

/**
 * `archive` stands at the log's folder or its parent; `verifiers` are keys of one log. Throws ConfigError
 * `verify-no-log` (nothing of this log there) or `verify-since-invalid`, and what the archive throws when it cannot be read.
 */
export async function verifyArchive(
  archive: Archive,
  verifiers: readonly Verifier[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  const origin = verifiers[0]?.name ?? '';
  const findings = createFindings();
  const kept = options.since === undefined ? undefined : parseKeptCheckpoint(options.since);
  const from = options.from ?? 0;
  const inventory = await readInventory(archive, origin, findings);
  const chain = createChain({ origin, verifiers, from, rootWantedAt: kept?.size }, findings);
  const retention = createRetention(options.nowMs, findings);
  const completeness = createCompleteness();
  const wantsReceipts = options.wantsReceipts ?? archive.isWriteOnce;
  const lines = createLineCounter(completeness, findings, options.isStrict ?? false);

  let groupCount = 0;
  for await (const loaded of loadGroups(archive, inventory, chain, { ...options, wantsReceipts, from })) {
    groupCount += 1;
    const manifest = chain.accept(loaded);
    retention.add(loaded.receipts, loaded.seals[0]?.value.contentDays ?? 0, loaded.prev);
    if (manifest !== undefined) lines.add(manifest, loaded.content);
    options.onProgress?.({
      batchCount: groupCount,
      batchTotal: inventory.sealCount,
      recordCount: lines.counts().verifiedCount,
    });
  }
  if (groupCount === 0) throw noLog();
  const result = chain.finish();
  if (result.head === undefined) findings.add('failure', noSignedSeal(origin));
  const size = result.head?.size ?? from;
  const since = kept?.judge(chain.trust(), { root: result.wantedRoot, from, size }, findings);
  const locks = retention.report();
  return {
    origin,
    source: 'archive',
    location: archive.location,
    keyIds: chain.trust().verifiers.map(({ keyId }) => keyId),
    ...listFindings(findings),
    records: { from, size, ...lines.counts(), unsealedCount: 0 },
    head: toHeadReport(result),
    batchCount: result.batchCount,
    objects: toObjectCounts(inventory),
    tier:
      wantsReceipts && locks.protectedCount > 0 && locks.endedCount + locks.unlockedCount === 0 ? 'locked' : 'local',
    retention: wantsReceipts ? locks : undefined,
    since,
    completeness: completeness.report({ nowMs: options.nowMs, sealDelayMs: idleSealMs }),
  };
}

/** Groups in order. One that a key of the log's future has signed is loaded again once that key is known. */
async function* loadGroups(
  archive: Archive,
  inventory: Inventory,
  chain: Chain,
  options: VerifyOptions & { readonly wantsReceipts: boolean; readonly from: number },
): AsyncGenerator<LoadedGroup> {
  const reader = createArchiveReader(archive, inventory.base);
  const context = { reader, nowMs: options.nowMs, wantsReceipts: options.wantsReceipts };
  const limits = {
    concurrency: options.concurrency ?? (archive.isWriteOnce ? REMOTE_CONCURRENCY : LOCAL_CONCURRENCY),
    maxWeight: MAX_BYTES_UNDER_WAY,
    weigh: weighGroup,
  };
  const load = async (group: Group) => {
    const trust = chain.trust();
    const keyCount = trust.verifiers.length;
    return { keyCount, loaded: await loadGroup(context, group, { ...trust, verifiers: [...trust.verifiers] }) };
  };
  for await (const { item, result } of loadOrdered(groupsFrom(inventory, options.from), limits, load)) {
    const isStale = result.loaded.hasUnknownKey && result.keyCount < chain.trust().verifiers.length;
    yield isStale ? await loadGroup(context, item, chain.trust()) : result.loaded;
  }
}

function* groupsFrom(inventory: Inventory, from: number): Generator<Group> {
  for (const group of inventory.groups()) if (group.prev >= from) yield group;
}

/** Blobs are read one after the other; everything else of a group is held together. */
function weighGroup({ batch, blob, seal }: Group): number {
  const largestBlob = blob.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
  return LINE_FACTOR * sizeOf(batch) + LEAF_FACTOR * sizeOf(seal) + largestBlob;
}

function sizeOf(versions: readonly StoredVersion[]): number {
  return versions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

interface LineCounter {
  add(manifest: Manifest, content: LoadedGroup['content']): void;
  counts(): { readonly verifiedCount: number; readonly expiredCount: number };
}

function createLineCounter(completeness: Completeness, findings: Findings, isStrict: boolean): LineCounter {
  let verifiedCount = 0;
  let expiredCount = 0;
  return {
    counts: () => ({ verifiedCount, expiredCount }),
    add({ prev, size }, content) {
      if (content?.lines === undefined) {
        completeness.skip(size - prev);
        if (content?.isExpired === true) expiredCount += size - prev;
        return;
      }
      verifiedCount += size - prev;
      for (const [offset, line] of content.lines.entries()) {
        const facts = readFacts(prev + offset, line, isStrict, findings);
        if (facts !== undefined) completeness.add(facts);
      }
    },
  };
}

export function toHeadReport({ head, published }: Pick<ChainResult, 'head' | 'published'>): HeadReport | undefined {
  if (head === undefined) return undefined;
  const { prev, size, root, keyId, sealedMs, isPublished } = head;
  return {
    prev,
    size,
    root: encodeBase64(root),
    keyId,
    sealedTime: Number.isFinite(sealedMs) ? new Date(sealedMs).toISOString() : '',
    isPublished,
    publishedSize: published?.size ?? 0,
  };
}

function toObjectCounts({ objectCount, versionCount, deleteMarkerCount }: Inventory): ObjectCounts {
  return { objectCount, versionCount, deleteMarkerCount };
}

function noLog(): ConfigError {
  return new ConfigError('verify-no-log', 'expected seals of the log that this key belongs to, got none', {
    hint: "check the location (the log's folder or its parent) and the key: the folder is named after the key's last element",
  });
}

function noSignedSeal(origin: string) {
  const message = `expected at least one seal signed by the key of ${origin}, got none`;
  return { code: 'no-signed-seal', message };
}

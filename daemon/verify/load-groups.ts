// The batches of a listing, loaded in parallel within bounds of memory, handed out in order.
import type { Archive } from '../archive/archive.ts';
import type { Chain } from './chain.ts';
import { loadGroup, type LoadedGroup } from './group.ts';
import { listGroups, type Group, type StoredVersion } from './inventory.ts';
import { createListingDigest, type ListingDigest } from './listing-digest.ts';
import { createArchiveReader } from './object-read.ts';
import { loadOrdered } from './ordered.ts';

export interface LoadOptions {
  readonly base: string;
  /** Batches before this size are listed and not read. */
  readonly from: number;
  readonly wantsReceipts: boolean;
  readonly wantsDigest: boolean;
  readonly wantsBodies?: boolean;
  /** Objects read at once. */
  readonly concurrency?: number | undefined;
}

export interface ListedGroup {
  readonly loaded: LoadedGroup;
  /** Of everything listed before this batch; '' when not asked for. */
  readonly digestBefore: string;
}

/** A store across a network answers slowly, a disk does not; every read under way takes memory. */
const REMOTE_CONCURRENCY = 16;
const LOCAL_CONCURRENCY = 4;
/** Memory that groups under way may take, by estimate: one batch of full size weighs about 2 MiB. */
const MAX_BYTES_UNDER_WAY = 8 * 1024 ** 2;
/** How much larger lines and leaf hashes are in memory than compressed, or as text. */
const LINE_FACTOR = 6;
const LEAF_FACTOR = 10;

/**
 * Groups in order, then the digest of the whole listing. One that a key of the log's future has signed is loaded again
 * once that key is known.
 */
export async function* loadGroups(
  archive: Archive,
  chain: Chain,
  options: LoadOptions,
): AsyncGenerator<ListedGroup, string> {
  const { wantsReceipts, wantsDigest, wantsBodies = false, base, from } = options;
  const context = { reader: createArchiveReader(archive, base), wantsReceipts, wantsBodies };
  const limits = {
    concurrency: options.concurrency ?? (archive.isWriteOnce ? REMOTE_CONCURRENCY : LOCAL_CONCURRENCY),
    maxWeight: MAX_BYTES_UNDER_WAY,
    weigh: ({ group }: Listed) => (wantsBodies ? weighBodies(group) : 0) + weighGroup(group),
  };
  const load = async ({ group }: Listed) => {
    const trust = chain.trust();
    const keyCount = trust.verifiers.length;
    return { keyCount, loaded: await loadGroup(context, group, { ...trust, verifiers: [...trust.verifiers] }) };
  };
  const digest = wantsDigest ? createListingDigest() : undefined;
  const listed = listFrom(archive, base, from, digest);
  for await (const { item, result } of loadOrdered(listed, limits, load)) {
    const isStale = result.loaded.hasUnknownKey && result.keyCount < chain.trust().verifiers.length;
    const loaded = isStale ? await loadGroup(context, item.group, chain.trust()) : result.loaded;
    yield { loaded, digestBefore: item.digestBefore };
  }
  return digest?.soFar() ?? '';
}

interface Listed {
  readonly group: Group;
  readonly digestBefore: string;
}

async function* listFrom(
  archive: Archive,
  base: string,
  from: number,
  digest: ListingDigest | undefined,
): AsyncGenerator<Listed> {
  for await (const group of listGroups(archive, base)) {
    const digestBefore = group.prev >= from ? (digest?.soFar() ?? '') : '';
    digest?.add(group);
    if (group.prev >= from) yield { group, digestBefore };
  }
}

/** Bodies are read one after the other, and of one key at most one is held. */
function weighGroup({ batch, blob, seal }: Group): number {
  return LINE_FACTOR * largestOf(batch) + LEAF_FACTOR * largestOf(seal) + largestOf(blob);
}

function weighBodies({ batch, blob }: Group): number {
  return [...batch, ...blob].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function largestOf(versions: readonly StoredVersion[]): number {
  return versions.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
}

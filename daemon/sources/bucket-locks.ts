// Who held the lock of a state, and when, from the versions of its lock object: each put began a hold, the delete marker
// or the next put ended it. What the object says is a claim of whoever wrote it; the times are the store's.
import { parseLockInfo } from '../terraform/lock-info.ts';
import type { LockInfo } from '../terraform/state.ts';
import type { BucketClient } from './bucket-client.ts';
import type { StoreVersion } from './bucket-versions.ts';
import type { LockSighting } from './source.ts';

export interface Hold {
  readonly versionId: string;
  readonly acquiredMs: number;
  /** Infinity while it lasts. */
  readonly releasedMs: number;
}

/** Terraform's own are some 300 bytes. */
const MAX_LOCK_BYTES = 65_536;
const MAX_HOLDS = 50_000;
const MAX_READ = 64;
const PLAN = 'OperationTypePlan';

/** Holds from the one that was on at `fromMs`, oldest first; the oldest ones when there are too many. */
export async function readHolds(
  pages: AsyncIterable<readonly StoreVersion[]>,
  fromMs: number,
): Promise<{ readonly holds: readonly Hold[]; readonly isWhole: boolean }> {
  const newestFirst: Hold[] = [];
  let isWhole = true;
  let releasedMs = Number.POSITIVE_INFINITY;
  search: for await (const page of pages) {
    for (const { versionId, modifiedMs, isDeleteMarker } of page) {
      if (!isDeleteMarker) newestFirst.push({ versionId, acquiredMs: modifiedMs, releasedMs });
      releasedMs = modifiedMs;
      if (!isDeleteMarker && modifiedMs < fromMs) break search;
      if (newestFirst.length <= MAX_HOLDS) continue;
      newestFirst.shift();
      isWhole = false;
    }
  }
  return { holds: newestFirst.reverse(), isWhole };
}

/** Reads lock objects of one state, each once: a version never changes. */
export class LockClaims {
  readonly #client: BucketClient;
  readonly #key: string;
  readonly #read = new Map<string, LockInfo | undefined>();

  constructor(client: BucketClient, key: string) {
    this.#client = client;
    this.#key = key;
  }

  /** The hold a version of that time was written under; undefined for none. `after`: not an earlier one than this. */
  async holdOf(holds: readonly Hold[], versionMs: number, after: Hold | undefined): Promise<Hold | undefined> {
    for (const hold of holds) {
      if (hold.acquiredMs > versionMs) return undefined;
      // Where one hold ends and the next begins in one second, both fit: the order of the versions decides.
      const isPossible = hold.releasedMs >= versionMs && hold.acquiredMs >= (after?.acquiredMs ?? 0);
      if (isPossible && (await this.#info(hold))?.operation !== PLAN) return hold;
    }
    return undefined;
  }

  async sight(hold: Hold): Promise<LockSighting> {
    const info = await this.#info(hold);
    const released = Number.isFinite(hold.releasedMs) ? { releasedMs: hold.releasedMs } : {};
    // No kernel tells whether the holder lives: a lock object of a dead run stands until somebody removes it.
    return { holder: 'unknown', info, createdMs: hold.acquiredMs, pid: 0, ...released };
  }

  async #info({ versionId }: Hold): Promise<LockInfo | undefined> {
    if (this.#read.has(versionId)) return this.#read.get(versionId);
    const info = await this.#fetch(versionId);
    this.#read.set(versionId, info);
    if (this.#read.size > MAX_READ) this.#read.delete(this.#read.keys().next().value ?? '');
    return info;
  }

  /** Undefined for what is gone, too large, or no lock of Terraform's. */
  async #fetch(versionId: string): Promise<LockInfo | undefined> {
    const bytes = await this.#client.read(this.#key, versionId, MAX_LOCK_BYTES).catch(undefinedWhenTooLarge);
    try {
      return bytes && parseLockInfo(bytes);
    } catch {
      return undefined;
    }
  }
}

function undefinedWhenTooLarge(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && error.code === 'bucket-object-too-large') return undefined;
  throw error;
}

// What is known of one state of a bucket between two looks: the versions behind the cursor, the holds around them. One
// listing serves until the bucket shows another mark, or the recorder stands elsewhere.
import type { BucketClient } from './bucket-client.ts';
import type { BucketPlace } from './bucket-keys.ts';
import { LockClaims, readHolds, type Hold } from './bucket-locks.ts';
import { formatCursor, parseCursor, readBehind, type Behind, type StoreVersion } from './bucket-versions.ts';

/** The next version of a state, and what surrounds it. */
export interface NextVersion {
  readonly version: StoreVersion;
  readonly isBehind: boolean;
  readonly isFirst: boolean;
  /** The hold it was written under. */
  readonly hold: Hold | undefined;
  /** That hold goes on, or another version was written under it. */
  readonly isHeldOn: boolean;
}

/** Versions listed at a time: bounds the memory of a long history. */
const MAX_VERSIONS = 4096;
/** Listings until nothing is written in between. */
const MAX_LISTINGS = 3;
const nothing: Behind = { versions: [], isWhole: true, isFirst: false };

export class PlaceHistory {
  readonly place: BucketPlace;
  readonly claims: LockClaims;
  /** Looks at one state follow one another. */
  tail: Promise<unknown> = Promise.resolve();
  /** What the bucket showed of state and lock last. */
  mark = '';
  readonly #client: BucketClient;
  #listedMark: string | undefined;
  #cursor: string | undefined;
  #behind: Behind = nothing;
  #holds: readonly Hold[] = [];
  /** A version was written while the holds were listed. */
  #isMoving = false;
  #lastHold: Hold | undefined;

  constructor(place: BucketPlace, client: BucketClient) {
    this.place = place;
    this.#client = client;
    this.claims = new LockClaims(client, place.lockKey);
  }

  /** The version after `cursor`; undefined when there is none. `fromMs`: see readBehind. */
  async next(cursor: string, fromMs: number): Promise<NextVersion | undefined> {
    await this.#goTo(cursor, fromMs);
    const [version, following] = this.#behind.versions;
    if (version === undefined) return undefined;
    const hold = version.isDeleteMarker
      ? undefined
      : await this.claims.holdOf(this.#holds, version.modifiedMs, this.#lastHold);
    const isFollowed = following !== undefined && !following.isDeleteMarker && hold !== undefined;
    const next = isFollowed ? await this.claims.holdOf(this.#holds, following.modifiedMs, hold) : undefined;
    const isNewest = following === undefined && this.#behind.isWhole && !this.#isMoving;
    const isOn = hold?.releasedMs === Number.POSITIVE_INFINITY || this.#isMoving;
    const current = this.currentHold();
    return {
      version,
      // The lock of a run that has not written yet is told by one more look.
      isBehind: !isNewest || (current !== undefined && current !== hold),
      isFirst: this.#behind.isFirst,
      hold,
      isHeldOn: hold !== undefined && (next === hold || (following === undefined && isOn)),
    };
  }

  /** A version was written during the last listing: look again. */
  isMoving(): boolean {
    return this.#isMoving;
  }

  /** The hold that is on, whatever for. */
  currentHold(): Hold | undefined {
    const last = this.#holds.at(-1);
    return last?.releasedMs === Number.POSITIVE_INFINITY ? last : undefined;
  }

  /** The hold of the version at the cursor, or the newest before now. */
  lastHold(): Hold | undefined {
    return this.#lastHold === undefined
      ? this.#holds.at(-1)
      : (this.#holds.find(({ versionId }) => versionId === this.#lastHold?.versionId) ?? this.#lastHold);
  }

  async #goTo(cursor: string, fromMs: number): Promise<void> {
    const [first, ...rest] = this.#behind.versions;
    const hasMoved = first !== undefined && cursor === formatCursor(first);
    if (hasMoved) {
      this.#lastHold = (await this.claims.holdOf(this.#holds, first.modifiedMs, this.#lastHold)) ?? this.#lastHold;
      this.#behind = { ...this.#behind, versions: rest, isFirst: first.isDeleteMarker };
      this.#cursor = cursor;
    }
    const isEmpty = this.#behind.versions.length === 0;
    const isSpent = isEmpty && (!this.#behind.isWhole || this.#isMoving || this.#listedMark !== this.mark);
    if (this.#cursor === cursor && !isSpent) return;
    for (let attempt = 0; attempt < MAX_LISTINGS; attempt += 1) {
      await this.#list(cursor, fromMs);
      if (this.#behind.versions.length > 0 || !this.#isMoving) return;
    }
  }

  /**
   * Versions, holds, then a glance at the versions again: a hold that is over by the second listing had written all its
   * versions before, so that the glance tells whether one of them was too late for the first.
   */
  async #list(cursor: string, fromMs: number): Promise<void> {
    const { key, lockKey } = this.place;
    const { mark } = this;
    const at = parseCursor(cursor);
    const behind = await readBehind(this.#client.versions(key), at, fromMs, MAX_VERSIONS);
    const sinceMs = at?.modifiedMs ?? behind.versions[0]?.modifiedMs ?? Number.POSITIVE_INFINITY;
    const { holds, isWhole } = await readHolds(this.#client.versions(lockKey), sinceMs);
    const newest = await this.#newest();
    this.#holds = holds;
    this.#behind = isWhole ? behind : cutAt(behind, holds.at(-1)?.acquiredMs ?? 0);
    const last = this.#behind.versions.at(-1) ?? at;
    const isNewer = newest !== undefined && newest.modifiedMs >= (last?.modifiedMs ?? fromMs);
    this.#isMoving = behind.isWhole && isNewer && newest.versionId !== last?.versionId;
    this.#cursor = cursor;
    this.#listedMark = mark;
    if (at !== undefined) this.#lastHold ??= await this.claims.holdOf(holds, at.modifiedMs, undefined);
  }

  async #newest(): Promise<StoreVersion | undefined> {
    for await (const [newest] of this.#client.versions(this.place.key)) return newest;
    return undefined;
  }
}

/** Holds beyond this time are not known: neither is what was written under them. */
function cutAt({ versions, isFirst }: Behind, atMs: number): Behind {
  const known = versions.filter(({ modifiedMs }) => modifiedMs <= atMs);
  return { versions: known.length === 0 ? versions.slice(0, 1) : known, isWhole: false, isFirst };
}

// The versions of one key in order, and the place of a cursor among them. A cursor is a version id and its time: enough
// to find the place again, also when a lifecycle rule has removed the version itself. Pure but for the pages it is given.
import type { ListedEntry, ListedPage } from '../s3/s3-pages.ts';
import { decodeKey } from '../s3/s3-pages.ts';

/** One entry of the history of a key. */
export interface StoreVersion {
  readonly versionId: string;
  /** By the store, milliseconds since the epoch; whole seconds on AWS. */
  readonly modifiedMs: number;
  readonly sizeBytes: number;
  readonly isDeleteMarker: boolean;
}

/** Where a reader stands in the history of a key. */
export interface Cursor {
  readonly versionId: string;
  readonly modifiedMs: number;
}

/** Versions behind a cursor, oldest first. */
export interface Behind {
  readonly versions: readonly StoreVersion[];
  /** False when there were more than fit: the newest are left out. */
  readonly isWhole: boolean;
  /** The first one has nothing before it: no older version is listed, or the one before is a delete marker. */
  readonly isFirst: boolean;
}

const latestMs = 253_402_300_799_999;

/** `<version id>@<RFC 3339>`: what stands as `sourceVersion` in records. */
export function formatCursor({ versionId, modifiedMs }: Cursor): string {
  return `${versionId}@${new Date(modifiedMs).toISOString()}`;
}

/** Undefined for a text that is no cursor: of another source, or ''. */
export function parseCursor(text: string): Cursor | undefined {
  const at = text.lastIndexOf('@');
  const modifiedMs = Date.parse(text.slice(at + 1));
  return at <= 0 || Number.isNaN(modifiedMs) ? undefined : { versionId: text.slice(0, at), modifiedMs };
}

/**
 * The entries of `key` on a page, newest first. The SDK parts versions from delete markers, each in the store's order,
 * so that the order between the two is made here: the latest first, then by time; in one and the same second a marker
 * and a version take turns, as deleting and writing do.
 */
export function mergePage(page: ListedPage, key: string): readonly StoreVersion[] {
  const take = (entries: readonly ListedEntry[] | undefined, isDeleteMarker: boolean): Listed[] =>
    (entries ?? [])
      .filter((entry) => decodeKey(entry.Key ?? '') === key)
      .map((entry) => toListed(entry, isDeleteMarker));
  const [versions, markers] = [take(page.Versions, false), take(page.DeleteMarkers, true)];
  const merged: StoreVersion[] = [];
  while (versions.length + markers.length > 0) {
    const isMarker = isMarkerNext(versions[0], markers[0], merged.at(-1));
    const next = (isMarker ? markers : versions).shift();
    if (next !== undefined) merged.push(next.version);
  }
  return merged;
}

/**
 * What lies behind `cursor`, at most `maxVersions` of it, the oldest. Without a cursor: from the newest version that is
 * not younger than `fromMs` on, that one included; from the oldest on where there is none.
 */
export async function readBehind(
  pages: AsyncIterable<readonly StoreVersion[]>,
  cursor: Cursor | undefined,
  fromMs: number,
  maxVersions: number,
): Promise<Behind> {
  const newestFirst: StoreVersion[] = [];
  let older: StoreVersion | undefined;
  let isWhole = true;
  search: for await (const page of pages) {
    for (const version of page) {
      older = isBefore(version, cursor, fromMs) ? version : undefined;
      if (older !== undefined) break search;
      newestFirst.push(version);
      if (newestFirst.length > maxVersions) {
        newestFirst.shift();
        isWhole = false;
      }
    }
  }
  // What stood there at the beginning is known from the version itself: it is read, too, unless it is a deletion.
  const isBaseline = cursor === undefined && older !== undefined && !older.isDeleteMarker;
  const versions = newestFirst.reverse();
  return {
    versions: isBaseline && older !== undefined ? [older, ...versions] : versions,
    isWhole,
    isFirst: !isBaseline && (older === undefined ? cursor === undefined : older.isDeleteMarker),
  };
}

function isBefore(version: StoreVersion, cursor: Cursor | undefined, fromMs: number): boolean {
  if (cursor === undefined) return version.modifiedMs <= fromMs;
  // The version itself may be gone: then what is older than it ends the search.
  return version.versionId === cursor.versionId
    ? version.modifiedMs <= cursor.modifiedMs
    : version.modifiedMs < cursor.modifiedMs;
}

interface Listed {
  readonly version: StoreVersion;
  readonly isLatest: boolean;
}

function isMarkerNext(
  version: Listed | undefined,
  marker: Listed | undefined,
  last: StoreVersion | undefined,
): boolean {
  if (version === undefined || marker === undefined) return version === undefined;
  if (version.isLatest || marker.isLatest) return marker.isLatest;
  const aheadMs = marker.version.modifiedMs - version.version.modifiedMs;
  return aheadMs === 0 ? last?.isDeleteMarker === false : aheadMs > 0;
}

function toListed(entry: ListedEntry, isDeleteMarker: boolean): Listed {
  const ms = entry.LastModified?.getTime() ?? 0;
  const modifiedMs = Number.isNaN(ms) ? 0 : Math.min(Math.max(ms, 0), latestMs);
  const sizeBytes = entry.Size ?? 0;
  const version = { versionId: entry.VersionId ?? 'null', modifiedMs, sizeBytes, isDeleteMarker };
  return { version, isLatest: entry.IsLatest ?? false };
}

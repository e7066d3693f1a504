// Pages of ListObjectVersions → versions of the port. Pure; knows the shape of an answer, not the SDK.
// The order is made here.
import { decodeKey, formatTime, type ListedEntry, type ListedPage } from '../s3/s3-pages.ts';
import type { ObjectVersion } from './archive.ts';
import { compareUtf8 } from './key.ts';

/**
 * The entries of a page in key order, below one key the latest first, then by LastModified, newest first (the SDK
 * parts versions and delete markers, so that the store's own order is lost). `base` is cut off; keys not below
 * `prefix` there are left out.
 */
export function toVersions(page: ListedPage, base: string, prefix: string): readonly ObjectVersion[] {
  const versions = (page.Versions ?? []).map((entry) => toVersion(entry, false));
  const markers = (page.DeleteMarkers ?? []).map((entry) => toVersion(entry, true));
  return [...versions, ...markers]
    .filter((version) => version.key.startsWith(base + prefix))
    .map((version) => ({ ...version, key: version.key.slice(base.length) }))
    .sort(compareVersions);
}

function toVersion(entry: ListedEntry, isDeleteMarker: boolean): ObjectVersion {
  return {
    key: decodeKey(entry.Key ?? ''),
    versionId: entry.VersionId ?? 'null',
    sizeBytes: entry.Size ?? 0,
    lastModified: formatTime(entry.LastModified),
    isLatest: entry.IsLatest ?? false,
    isDeleteMarker,
    ...(isMultipart(entry.ETag) ? { isMultipart: true } : {}),
  };
}

/** A store marks what came in parts with the number of parts behind the ETag: `"<hex>-3"`. */
function isMultipart(etag: string | undefined): boolean {
  return etag !== undefined && /-[0-9]+"?$/.test(etag);
}

function compareVersions(a: ObjectVersion, b: ObjectVersion): number {
  const byKey = compareUtf8(a.key, b.key);
  if (byKey !== 0) return byKey;
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1;
  return a.lastModified === b.lastModified ? 0 : a.lastModified > b.lastModified ? -1 : 1;
}

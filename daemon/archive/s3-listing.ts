// Pages of ListObjectVersions → versions of the port. Pure; knows the shape of an answer, not the SDK.
// Everything in a page is hostile: keys are decoded, order is made, and a listing that does not advance is refused.
import { ArchiveError } from '../errors.ts';
import type { ObjectVersion } from './archive.ts';
import { compareUtf8 } from './key.ts';

/** One entry as the SDK gives it. */
export interface ListedEntry {
  readonly Key?: string | undefined;
  readonly VersionId?: string | undefined;
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly IsLatest?: boolean | undefined;
  readonly ETag?: string | undefined;
}

/** One page as the SDK gives it, keys URL-encoded (`EncodingType: 'url'`: XML cannot carry every key). */
export interface ListedPage {
  readonly Versions?: readonly ListedEntry[] | undefined;
  readonly DeleteMarkers?: readonly ListedEntry[] | undefined;
  readonly IsTruncated?: boolean | undefined;
  readonly NextKeyMarker?: string | undefined;
  readonly NextVersionIdMarker?: string | undefined;
}

/** Where the next page starts. */
export interface ListingMarker {
  readonly key: string;
  readonly versionId: string;
}

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

/** The marker of the next page, or undefined at the end. Throws ArchiveError when the store goes in circles. */
export function nextMarker(page: ListedPage, previous: ListingMarker | undefined): ListingMarker | undefined {
  // Always said by a store, never by the page of a proxy, whose absent entries would read as an empty archive.
  if (typeof page.IsTruncated !== 'boolean') throw badListing('expected a listing of versions, got another document');
  if (!page.IsTruncated) return undefined;
  const next = { key: decodeKey(page.NextKeyMarker ?? ''), versionId: page.NextVersionIdMarker ?? '' };
  const order = compareUtf8(next.key, previous?.key ?? '');
  const isSame = order === 0 && next.versionId === (previous?.versionId ?? '');
  if (next.key !== '' && order >= 0 && !isSame) return next;
  throw badListing('expected the next page of a listing to go on, got one that does not');
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

/** RFC 3339, or '' for a time the store did not give or gave in a form that is none. */
export function formatTime(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

// Some stores write a space as '+'. A key that is no UTF-8 stays encoded: it is none of ours either way.
function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', '%20'));
  } catch {
    return encoded;
  }
}

function compareVersions(a: ObjectVersion, b: ObjectVersion): number {
  const byKey = compareUtf8(a.key, b.key);
  if (byKey !== 0) return byKey;
  if (a.isLatest !== b.isLatest) return a.isLatest ? -1 : 1;
  return a.lastModified === b.lastModified ? 0 : a.lastModified > b.lastModified ? -1 : 1;
}

function badListing(message: string): ArchiveError {
  return new ArchiveError('archive-bad-listing', message, {
    transient: true,
    hint: 'a proxy, or a store that is not fully S3 compatible, stands at the endpoint: look at what it answers',
  });
}

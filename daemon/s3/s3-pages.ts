// Pages of a listing as the SDK gives them: decoded keys, checked progress. Pure; knows the shape of an answer, not the
// SDK. Everything in a page is hostile: a listing that does not advance is refused.
import { ArchiveError } from '../errors.ts';

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

/** The marker of the next page, or undefined at the end. Throws ArchiveError when the store goes in circles. */
export function nextMarker(page: ListedPage, previous: ListingMarker | undefined): ListingMarker | undefined {
  // Always said by a store, never by the page of a proxy, whose absent entries would read as an empty archive.
  if (typeof page.IsTruncated !== 'boolean') throw badListing('expected a listing of versions, got another document');
  if (!page.IsTruncated) return undefined;
  const next = { key: decodeKey(page.NextKeyMarker ?? ''), versionId: page.NextVersionIdMarker ?? '' };
  // Keys come in the order of their UTF-8 bytes.
  const order = Buffer.compare(Buffer.from(next.key), Buffer.from(previous?.key ?? ''));
  const isSame = order === 0 && next.versionId === (previous?.versionId ?? '');
  if (next.key !== '' && order >= 0 && !isSame) return next;
  throw badListing('expected the next page of a listing to go on, got one that does not');
}

/** Some stores write a space as '+'. A key that is no UTF-8 stays encoded: it is none of ours either way. */
export function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll('+', '%20'));
  } catch {
    return encoded;
  }
}

/** RFC 3339, or '' for a time the store did not give or gave in a form that is none. */
export function formatTime(time: Date | undefined): string {
  return time === undefined || Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** An answer to a listing that is none. */
export function badListing(message: string): ArchiveError {
  return new ArchiveError('archive-bad-listing', message, {
    transient: true,
    hint: 'a proxy, or a store that is not fully S3 compatible, stands at the endpoint: look at what it answers',
  });
}

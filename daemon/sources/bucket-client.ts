// The calls a state bucket is read with: list what is there, list the versions of one key, read one version. Read-only.
// Bounded in every direction; failures are ArchiveErrors under codes of their own, `bucket-…`, since no archive failed.
import { ArchiveError } from '../errors.ts';
import { readBody } from '../s3/s3-body.ts';
import { S3Connection, type Connection } from '../s3/s3-connection.ts';
import { badAnswer, type S3Call } from '../s3/s3-errors.ts';
import { toPatienceMs, type S3ArchiveOptions } from '../s3/s3-options.ts';
import { badListing, decodeKey, nextMarker, type ListedPage, type ListingMarker } from '../s3/s3-pages.ts';
import { mergePage, type StoreVersion } from './bucket-versions.ts';

/** The newest version of one key. `mark` is equal as long as nothing was written there; it never leaves the memory. */
export interface CurrentObject {
  readonly key: string;
  readonly mark: string;
}

export interface BucketClient {
  /** Everything below a prefix, at most `maxObjects`. */
  current(prefix: string, maxObjects: number): Promise<{ objects: readonly CurrentObject[]; isWhole: boolean }>;
  /** Keys below a prefix that were written or deleted since, also what is gone by now: one call per 1,000 versions. */
  keysSince(prefix: string, sinceMs: number, maxKeys: number): Promise<ReadonlySet<string>>;
  /** Versions and delete markers of exactly this key, newest first, page by page. */
  versions(key: string): AsyncGenerator<readonly StoreVersion[]>;
  /** Undefined when the version is gone. */
  read(key: string, versionId: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** The store's clock minus ours, milliseconds, as far as it is known. */
  skewMs(): number;
  close(): Promise<void>;
}

export function openBucketClient(options: S3ArchiveOptions): BucketClient {
  // The role of a whole host may read states: what it must not do is write evidence.
  const connection = new S3Connection({ ...options, prefix: '', allowInstanceRole: true });
  const { bucket, pageSize = 1000 } = options;

  const call = async <T>(named: S3Call, work: (connection: Connection) => Promise<T>): Promise<T> => {
    try {
      return await connection.call(named, 0, work);
    } catch (error) {
      throw error instanceof ArchiveError ? toBucketError(error) : error;
    }
  };

  const currentPage = (prefix: string, token: string | undefined) =>
    call({ operation: 'ListObjectsV2', key: prefix }, async ({ client, sdk, options: sending }) => {
      const page = token === undefined ? {} : { ContinuationToken: token };
      const input = { Bucket: bucket, Prefix: prefix, EncodingType: 'url' as const, MaxKeys: pageSize, ...page };
      const answer = await client.send(new sdk.ListObjectsV2Command(input), sending);
      if (typeof answer.IsTruncated !== 'boolean') throw badListing('expected a listing, got another document');
      const next = answer.IsTruncated ? answer.NextContinuationToken : undefined;
      if (answer.IsTruncated && (next === undefined || next === token)) {
        throw badListing('expected the next page of a listing to go on, got one that does not');
      }
      return { objects: answer.Contents ?? [], next };
    });

  const versionPage = (key: string, marker: ListingMarker | undefined): Promise<ListedPage> =>
    call({ operation: 'ListObjectVersions', key }, ({ client, sdk, options: sending }) => {
      const from = marker === undefined ? {} : toMarker(marker);
      const input = { Bucket: bucket, Prefix: key, EncodingType: 'url' as const, MaxKeys: pageSize, ...from };
      return client.send(new sdk.ListObjectVersionsCommand(input), sending);
    });

  return {
    async current(prefix, maxObjects) {
      const found: CurrentObject[] = [];
      let token: string | undefined;
      do {
        const { objects, next } = await currentPage(prefix, token);
        for (const { Key, ETag, Size, LastModified } of objects) {
          const mark = `${ETag ?? ''} ${Size ?? 0} ${LastModified?.getTime() ?? 0}`;
          if (found.length < maxObjects) found.push({ key: decodeKey(Key ?? ''), mark });
        }
        token = next;
      } while (token !== undefined && found.length < maxObjects);
      return { objects: found, isWhole: token === undefined };
    },
    async keysSince(prefix, sinceMs, maxKeys) {
      const keys = new Set<string>();
      let marker: ListingMarker | undefined;
      do {
        const page = await versionPage(prefix, marker);
        marker = nextMarker(page, marker);
        for (const { Key, LastModified } of [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]) {
          if ((LastModified?.getTime() ?? sinceMs) >= sinceMs) keys.add(decodeKey(Key ?? ''));
        }
      } while (marker !== undefined && keys.size < maxKeys);
      return keys;
    },
    async *versions(key) {
      let marker: ListingMarker | undefined;
      do {
        const page = await versionPage(key, marker);
        marker = nextMarker(page, marker);
        yield mergePage(page, key);
        // Longer keys with the same beginning come after all versions of this one.
        if (marker !== undefined && marker.key !== key) return;
      } while (marker !== undefined);
    },
    async read(key, versionId, maxBytes) {
      const named = { operation: 'GetObject', key };
      try {
        return await call(named, async ({ client, sdk, options: sending, deadline }) => {
          const input = { Bucket: bucket, Key: key, VersionId: versionId };
          const answer = await client.send(new sdk.GetObjectCommand(input), sending);
          deadline.allow(toPatienceMs(options, Math.min(answer.ContentLength ?? 0, maxBytes)));
          const body = await readBody(answer.Body, answer.ContentLength, named, maxBytes);
          if ((answer.VersionId ?? versionId) !== versionId) throw badAnswer(named, 'the version asked for');
          return body;
        });
      } catch (error) {
        if (error instanceof ArchiveError && error.code === 'bucket-object-missing') return undefined;
        throw error;
      }
    },
    skewMs: () => connection.clock.skewMs,
    close: () => connection.close(),
  };
}

function toMarker({ key, versionId }: ListingMarker): { KeyMarker: string; VersionIdMarker?: string } {
  return versionId === '' ? { KeyMarker: key } : { KeyMarker: key, VersionIdMarker: versionId };
}

const hints: ReadonlyMap<string, string> = new Map([
  ['bucket-denied', 'give these credentials the actions of docs/aws/state-reader.json on the bucket of the states'],
  ['bucket-missing', 'check the bucket of the source, its endpoint and its region: this store has no such bucket'],
  ['bucket-credentials', 'check the profile or environment of the source: the store does not know these credentials'],
  ['bucket-region-missing', 'set the region of the source, AWS_REGION, or the region of the profile'],
  ['bucket-wrong-region', 'set the region of the source to the one the bucket is in'],
]);

/** The same failure, told of the bucket that states come from. */
function toBucketError({ code, message, hint, transient }: ArchiveError): ArchiveError {
  const own = code.replace(/^archive/u, 'bucket');
  const general = 'states in the bucket are looked at again by themselves; nothing is lost while their versions remain';
  return new ArchiveError(own, message, { transient, hint: hints.get(own) ?? (transient ? general : hint) });
}

// The archive on an S3 store with versioning and Object Lock: what a recorder and a verifier may do.
// Uses PutObject, HeadObject, GetObject and ListObjectVersions, nothing else: no delete, no multipart, no bypass.
import { ArchiveError } from '../errors.ts';
import type { Archive, ObjectLock, ObjectVersion, PutResult, Receipt, Retention } from './archive.ts';
import * as keys from './key.ts';
import { formatArchiveLocation } from './location.ts';
import { readBody } from '../s3/s3-body.ts';
import { S3Connection } from '../s3/s3-connection.ts';
import { badAnswer, isTaken } from '../s3/s3-errors.ts';
import { nextMarker, type ListedPage, type ListingMarker } from '../s3/s3-pages.ts';
import { toVersions } from './s3-listing.ts';
import { toPatienceMs, type S3ArchiveOptions } from '../s3/s3-options.ts';
import * as receipts from './s3-receipt.ts';

/** Reaches for nothing yet: SDK, credentials and connections come with the first call. */
export function openS3Archive(options: S3ArchiveOptions): Promise<Archive> {
  return Promise.resolve(new S3Archive(options));
}

class S3Archive implements Archive {
  readonly location: string;
  readonly isWriteOnce = true;
  readonly #options: S3ArchiveOptions;
  readonly #connection: S3Connection;

  constructor(options: S3ArchiveOptions) {
    this.location = formatArchiveLocation({ kind: 's3', bucket: options.bucket, prefix: options.prefix });
    this.#options = options;
    this.#connection = new S3Connection(options);
  }

  get clockSkewMs(): number {
    return this.#connection.clock.skewMs;
  }

  async put(key: string, body: Uint8Array, sha256: string, retention: Retention | undefined): Promise<PutResult> {
    keys.assertArchiveKey(key);
    keys.assertBodyDigest(key, body, sha256);
    const lock = await this.#toLock(key, retention, body.length);
    const checksum = receipts.toChecksum(sha256);
    const answer = await this.#connection.call(
      { operation: 'PutObject', key },
      body.length,
      ({ client, sdk, options }) => {
        const content = { Body: body, ContentLength: body.length, ChecksumSHA256: checksum, IfNoneMatch: '*' };
        const input = { ...this.#connection.target(key), ...content, ...lock, ...this.#encryption() };
        return client.send(new sdk.PutObjectCommand(input), options).catch(undefinedWhenTaken);
      },
    );
    if (answer === undefined) return { outcome: 'exists' };
    const receipt = await this.#readBack(key, answer.VersionId, sha256);
    receipts.assertStored(receipt, body.length, receipts.fromChecksum(answer.ChecksumSHA256));
    receipts.assertLocked(receipt, lock);
    return { outcome: 'created', receipt };
  }

  async versions(key: string): Promise<readonly ObjectVersion[]> {
    keys.assertArchiveKey(key);
    const found: ObjectVersion[] = [];
    for await (const page of this.#pages(key)) {
      for (const version of page) if (version.key === key) found.push(version);
      // A key sorts before every longer one, so that the first other key ends its versions.
      if (page.length > 0 && page.at(-1)?.key !== key) break;
    }
    return found;
  }

  async get(key: string, versionId: string, maxBytes: number = keys.defaultMaxBytes): Promise<Uint8Array> {
    const call = { operation: 'GetObject', key };
    const input = this.#version(key, versionId);
    return this.#connection.call(call, 0, async ({ client, sdk, options, deadline }) => {
      const answer = await client.send(new sdk.GetObjectCommand(input), options);
      deadline.allow(toPatienceMs(this.#options, Math.min(answer.ContentLength ?? 0, maxBytes)));
      const body = await readBody(answer.Body, answer.ContentLength, call, maxBytes);
      if ((answer.VersionId ?? versionId) !== versionId) throw badAnswer(call, 'the version asked for');
      return body;
    });
  }

  async *list(prefix: string): AsyncGenerator<ObjectVersion> {
    keys.assertArchivePrefix(prefix);
    for await (const page of this.#pages(prefix)) yield* page;
  }

  // Without ChecksumMode, which would need the right to decrypt; the PUT has answered with the checksum.
  async readLock(key: string, versionId: string): Promise<ObjectLock> {
    const input = this.#version(key, versionId);
    const answer = await this.#connection.call({ operation: 'HeadObject', key }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand(input), options),
    );
    return receipts.toObjectLock(key, versionId, answer);
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async #readBack(key: string, versionId: string | undefined, sha256: string): Promise<Receipt> {
    if (versionId === undefined || versionId === 'null') throw receipts.notVersioned(key);
    const lock = await this.readLock(key, versionId).catch((error: unknown) => {
      const isMissing = error instanceof ArchiveError && error.code === 'archive-object-missing';
      throw isMissing ? badAnswer({ operation: 'HeadObject', key }, 'the version just written') : error;
    });
    return { ...lock, sha256 };
  }

  // The lock ends by the store's clock; before any answer has told it, a look at the key does.
  async #toLock(
    key: string,
    retention: Retention | undefined,
    bodyBytes: number,
  ): Promise<receipts.LockInput | undefined> {
    if (retention === undefined) return undefined;
    const { clock } = this.#connection;
    if (!clock.hasAnswer) await this.versions(key);
    if (!clock.hasAnswer) throw badAnswer({ operation: 'ListObjectVersions', key }, 'a Date header');
    const patienceMs = toPatienceMs(this.#options, bodyBytes);
    return receipts.toLock(retention, clock.retainUntil(this.#connection.now(), retention.days, patienceMs));
  }

  async *#pages(prefix: string): AsyncGenerator<readonly ObjectVersion[]> {
    const base = this.#connection.toKey('');
    let marker: ListingMarker | undefined;
    do {
      const page: ListedPage = await this.#page(prefix, marker);
      marker = nextMarker(page, marker);
      yield toVersions(page, base, prefix);
    } while (marker !== undefined);
  }

  #page(prefix: string, marker: ListingMarker | undefined): Promise<ListedPage> {
    const from = marker === undefined ? {} : { KeyMarker: marker.key, ...toVersionMarker(marker.versionId) };
    const size = this.#options.pageSize === undefined ? {} : { MaxKeys: this.#options.pageSize };
    const input = {
      Bucket: this.#options.bucket,
      Prefix: this.#connection.toKey(prefix),
      EncodingType: 'url' as const,
      ...size,
      ...from,
    };
    return this.#connection.call({ operation: 'ListObjectVersions', key: prefix }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.ListObjectVersionsCommand(input), options),
    );
  }

  #version(
    key: string,
    versionId: string,
  ): { readonly Bucket: string; readonly Key: string; readonly VersionId: string } {
    keys.assertArchiveKey(key);
    // An empty version id would be left out of the request, which then asks for the latest version.
    if (versionId === '') throw keys.missingVersion(key);
    return { ...this.#connection.target(key), VersionId: versionId };
  }

  #encryption(): { ServerSideEncryption?: 'aws:kms'; SSEKMSKeyId?: string } {
    const { kmsKeyId } = this.#options;
    return kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId };
  }
}

function undefinedWhenTaken(error: unknown): undefined {
  if (isTaken(error)) return undefined;
  throw error;
}

function toVersionMarker(versionId: string): { VersionIdMarker?: string } {
  return versionId === '' ? {} : { VersionIdMarker: versionId };
}

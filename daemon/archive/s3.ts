// The archive on an S3 store with versioning and Object Lock. The only door to @aws-sdk/client-s3, loaded at first use.
// Uses PutObject, HeadObject, GetObject and ListObjectVersions, nothing else: no delete, no multipart, no bypass.
// The SDK's own retries are off: after a failure the caller looks at the key's versions first.
import { Readable } from 'node:stream';
import type * as Sdk from '@aws-sdk/client-s3';
import { ArchiveError } from '../errors.ts';
import type { Archive, ObjectVersion, PutResult, Receipt, Retention } from './archive.ts';
import { Deadline } from './deadline.ts';
import * as keys from './key.ts';
import { formatArchiveLocation } from './location.ts';
import { limitDocument, readBody } from './s3-body.ts';
import { StoreClock } from './s3-clock.ts';
import { badAnswer, isTaken, toS3Error, type S3Call } from './s3-errors.ts';
import { nextMarker, toVersions, type ListedPage, type ListingMarker } from './s3-listing.ts';
import { toClientConfig, toPatienceMs, type S3ArchiveOptions } from './s3-options.ts';
import * as receipts from './s3-receipt.ts';

/** Reaches for nothing yet: SDK, credentials and connections come with the first call. */
export function openS3Archive(options: S3ArchiveOptions): Promise<Archive> {
  return Promise.resolve(new S3Archive(options));
}

interface Connection {
  readonly sdk: typeof Sdk;
  readonly client: Sdk.S3Client;
  readonly deadline: Deadline;
  /** What every command takes beside its input. */
  readonly options: { readonly abortSignal: AbortSignal };
}

type Loaded = Pick<Connection, 'sdk' | 'client'>;

class S3Archive implements Archive {
  readonly location: string;
  readonly isWriteOnce = true;
  readonly #options: S3ArchiveOptions;
  readonly #now: () => number;
  readonly #clock = new StoreClock();
  readonly #closing = new AbortController();
  #loaded: Promise<Loaded> | undefined;

  constructor(options: S3ArchiveOptions) {
    this.location = formatArchiveLocation({ kind: 's3', bucket: options.bucket, prefix: options.prefix });
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get clockSkewMs(): number {
    return this.#clock.skewMs;
  }

  async put(key: string, body: Uint8Array, sha256: string, retention: Retention | undefined): Promise<PutResult> {
    keys.assertArchiveKey(key);
    keys.assertBodyDigest(key, body, sha256);
    const lock = await this.#toLock(key, retention, body.length);
    const checksum = receipts.toChecksum(sha256);
    const answer = await this.#call({ operation: 'PutObject', key }, body.length, ({ client, sdk, options }) => {
      const content = { Body: body, ContentLength: body.length, ChecksumSHA256: checksum, IfNoneMatch: '*' };
      const input = { ...this.#target(key), ...content, ...lock, ...this.#encryption() };
      return client.send(new sdk.PutObjectCommand(input), options).catch(undefinedWhenTaken);
    });
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
    return this.#call(call, 0, async ({ client, sdk, options, deadline }) => {
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

  /** Where the store tells no checksum (Ceph 16), the body is read and hashed. */
  async readReceipt(key: string, versionId: string): Promise<Receipt> {
    const answer = await this.#head(key, versionId, { ChecksumMode: 'ENABLED' });
    const known = receipts.fromChecksum(answer.ChecksumSHA256);
    const sha256 = known === '' ? keys.sha256Hex(await this.get(key, versionId)) : known;
    return receipts.toReceipt(key, versionId, answer, sha256);
  }

  /** Requests under way are cut, later ones refused: a silent store keeps nobody from stopping. */
  async close(): Promise<void> {
    this.#closing.abort();
    const loaded = this.#loaded;
    this.#loaded = undefined;
    if (loaded !== undefined) (await loaded).client.destroy();
  }

  // Without ChecksumMode, which would need the right to decrypt; the PUT has answered with the checksum.
  async #readBack(key: string, versionId: string | undefined, sha256: string): Promise<Receipt> {
    if (versionId === undefined || versionId === 'null') throw receipts.notVersioned(key);
    const answer = await this.#head(key, versionId, {}).catch((error: unknown) => {
      const isMissing = error instanceof ArchiveError && error.code === 'archive-object-missing';
      throw isMissing ? badAnswer({ operation: 'HeadObject', key }, 'the version just written') : error;
    });
    return receipts.toReceipt(key, versionId, answer, sha256);
  }

  async #head(key: string, versionId: string, mode: { ChecksumMode?: 'ENABLED' }): Promise<receipts.HeadAnswer> {
    const input = { ...this.#version(key, versionId), ...mode };
    return this.#call({ operation: 'HeadObject', key }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.HeadObjectCommand(input), options),
    );
  }

  // The lock ends by the store's clock; before any answer has told it, a look at the key does.
  async #toLock(
    key: string,
    retention: Retention | undefined,
    bodyBytes: number,
  ): Promise<receipts.LockInput | undefined> {
    if (retention === undefined) return undefined;
    if (!this.#clock.hasAnswer) await this.versions(key);
    if (!this.#clock.hasAnswer) throw badAnswer({ operation: 'ListObjectVersions', key }, 'a Date header');
    const until = this.#clock.retainUntil(this.#now(), retention.days, toPatienceMs(this.#options, bodyBytes));
    return { ObjectLockMode: retention.mode, ObjectLockRetainUntilDate: until };
  }

  async *#pages(prefix: string): AsyncGenerator<readonly ObjectVersion[]> {
    const base = this.#key('');
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
      Prefix: this.#key(prefix),
      EncodingType: 'url' as const,
      ...size,
      ...from,
    };
    return this.#call({ operation: 'ListObjectVersions', key: prefix }, 0, ({ client, sdk, options }) =>
      client.send(new sdk.ListObjectVersionsCommand(input), options),
    );
  }

  async #call<T>(call: S3Call, bodyBytes: number, work: (connection: Connection) => Promise<T>): Promise<T> {
    const hadAnswer = this.#clock.hasAnswer;
    const deadline = new Deadline(toPatienceMs(this.#options, bodyBytes));
    try {
      this.#closing.signal.throwIfAborted();
      this.#loaded ??= this.#load().catch((error: unknown) => {
        // Tried anew by the next call: a profile may have been mended by then.
        this.#loaded = undefined;
        throw error;
      });
      const loaded = await this.#loaded;
      const abortSignal = AbortSignal.any([deadline.signal, this.#closing.signal]);
      return await work({ ...loaded, deadline, options: { abortSignal } });
    } catch (error) {
      throw toS3Error(deadline.isOver && !(error instanceof ArchiveError) ? timeout : error, call, hadAnswer);
    } finally {
      deadline.end();
    }
  }

  async #load(): Promise<Loaded> {
    const sdk = await import('@aws-sdk/client-s3');
    const client = new sdk.S3Client(toClientConfig(this.#options));
    await client.config.region().catch(() => {
      throw regionMissing();
    });
    const watchAnswers = { step: 'deserialize', priority: 'low', name: 'statesealAnswers' } as const;
    // Innermost, so that it sees every answer, errors too, before the SDK reads the body.
    client.middlewareStack.add(
      (next, context) => async (args) => {
        const sentMs = this.#now();
        const result = await next(args);
        this.#seeAnswer(result.response, String(context['commandName']), sentMs);
        return result;
      },
      watchAnswers,
    );
    return { sdk, client };
  }

  #seeAnswer(answer: unknown, command: string, sentMs: number): void {
    if (!isAnswer(answer)) return;
    this.#clock.observe(answer.headers['date'], sentMs, this.#now());
    const isObject = command === 'GetObjectCommand' && answer.statusCode < 300;
    if (isObject || command === 'HeadObjectCommand' || !(answer.body instanceof Readable)) return;
    answer.body = limitDocument(answer.body);
  }

  #target(key: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#options.bucket, Key: this.#key(key) };
  }

  #version(
    key: string,
    versionId: string,
  ): { readonly Bucket: string; readonly Key: string; readonly VersionId: string } {
    keys.assertArchiveKey(key);
    // An empty version id would be left out of the request, which then asks for the latest version.
    if (versionId === '') throw keys.missingVersion(key);
    return { ...this.#target(key), VersionId: versionId };
  }

  #key(key: string): string {
    return this.#options.prefix === '' ? key : `${this.#options.prefix}/${key}`;
  }

  #encryption(): { ServerSideEncryption?: 'aws:kms'; SSEKMSKeyId?: string } {
    const { kmsKeyId } = this.#options;
    return kmsKeyId === undefined ? {} : { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId };
  }
}

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  body: unknown;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'headers' in value && 'statusCode' in value && 'body' in value;
}

function undefinedWhenTaken(error: unknown): undefined {
  if (isTaken(error)) return undefined;
  throw error;
}

function toVersionMarker(versionId: string): { VersionIdMarker?: string } {
  return versionId === '' ? {} : { VersionIdMarker: versionId };
}

function regionMissing(): ArchiveError {
  return new ArchiveError('archive-region-missing', 'expected a region for the archive, got none', {
    transient: false,
    hint: 'set the region of the archive, AWS_REGION, or the region of the profile',
  });
}

const timeout = Object.assign(new Error('timeout'), { name: 'TimeoutError', code: 'ETIMEDOUT' });

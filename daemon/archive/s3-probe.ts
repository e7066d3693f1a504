// Requests that ought to be refused, and those around them: what `doctor` sends to see what a store and its policies
// let these credentials do. Answers are statuses, not errors; only silence throws. The archive itself never does these.
import { randomBytes } from 'node:crypto';
import type { RetentionMode } from './archive.ts';
import * as keys from './key.ts';
import { S3Connection, type Connection } from '../s3/s3-connection.ts';
import type { CredentialOrigin } from '../s3/s3-credentials.ts';
import { statusOf } from '../s3/s3-errors.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';
import { toChecksum } from './s3-receipt.ts';

export interface ProbeAnswer {
  /** HTTP status; 2xx = done. */
  readonly status: number;
  /** Name of the error, '' when done. */
  readonly name: string;
  /** Of a put: '' where the bucket keeps no versions. */
  readonly versionId: string;
  /** Of a put: true when the store answered with the checksum it had been given. */
  readonly hasChecksum: boolean;
}

export interface ProbeLock {
  readonly mode: RetentionMode;
  readonly until: Date;
}

/** Version ids of this form are given by no store to an object of ours: 32 random characters. */
export function inventVersionId(): string {
  return randomBytes(16).toString('hex');
}

export class S3Probe {
  readonly #connection: S3Connection;

  constructor(options: S3ArchiveOptions) {
    this.#connection = new S3Connection(options);
  }

  credentialOrigin(): Promise<CredentialOrigin> {
    return this.#connection.credentialOrigin();
  }

  put(key: string, body: Uint8Array, isConditional: boolean, lock: ProbeLock | undefined): Promise<ProbeAnswer> {
    const content = { Body: body, ContentLength: body.length, ChecksumSHA256: toChecksum(keys.sha256Hex(body)) };
    const condition = isConditional ? { IfNoneMatch: '*' } : {};
    const locks = lock && { ObjectLockMode: lock.mode, ObjectLockRetainUntilDate: lock.until };
    return this.#ask('PutObject', key, ({ client, sdk, options }) =>
      client.send(
        new sdk.PutObjectCommand({ ...this.#connection.target(key), ...content, ...condition, ...locks }),
        options,
      ),
    );
  }

  deleteVersion(key: string, versionId: string): Promise<ProbeAnswer> {
    if (versionId === '') throw keys.missingVersion(key);
    const version = { ...this.#connection.target(key), VersionId: versionId };
    return this.#ask('DeleteObject', key, ({ client, sdk, options }) =>
      client.send(new sdk.DeleteObjectCommand(version), options),
    );
  }

  /** Lays a delete marker where it is allowed: removes nothing from a bucket with versions. */
  deleteKey(key: string): Promise<ProbeAnswer> {
    const target = this.#connection.target(key);
    return this.#ask('DeleteObject', key, ({ client, sdk, options }) =>
      client.send(new sdk.DeleteObjectCommand(target), options),
    );
  }

  putRetention(key: string, versionId: string, lock: ProbeLock, isBypass: boolean): Promise<ProbeAnswer> {
    if (versionId === '') throw keys.missingVersion(key);
    const retention = { Mode: lock.mode, RetainUntilDate: lock.until };
    const bypass = isBypass ? { BypassGovernanceRetention: true } : {};
    const input = { ...this.#connection.target(key), VersionId: versionId, Retention: retention, ...bypass };
    return this.#ask('PutObjectRetention', key, ({ client, sdk, options }) =>
      client.send(new sdk.PutObjectRetentionCommand(input), options),
    );
  }

  /** A part for an upload that does not exist: refused by policy, or not found. Leaves nothing either way. */
  uploadPart(key: string): Promise<ProbeAnswer> {
    const part = { UploadId: `none-${inventVersionId()}`, PartNumber: 1, Body: new Uint8Array(1), ContentLength: 1 };
    const input = { ...this.#connection.target(key), ...part };
    return this.#ask('UploadPart', key, ({ client, sdk, options }) =>
      client.send(new sdk.UploadPartCommand(input), options),
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #ask(operation: string, key: string, send: (connection: Connection) => Promise<object>): Promise<ProbeAnswer> {
    keys.assertArchiveKey(key);
    return this.#connection.call({ operation, key }, 0, async (connection) => {
      try {
        return toAnswer(await send(connection));
      } catch (error) {
        const status = statusOf(error);
        // No answer, or one of a store in trouble, says nothing about rights.
        if (status < 400 || status >= 500) throw error;
        return { status, name: error instanceof Error ? error.name : '', versionId: '', hasChecksum: false };
      }
    });
  }
}

function toAnswer(answer: object): ProbeAnswer {
  const text = (name: string): string => {
    const value: unknown = Reflect.get(answer, name);
    return typeof value === 'string' ? value : '';
  };
  const versionId = text('VersionId');
  return {
    status: 200,
    name: '',
    versionId: versionId === 'null' ? '' : versionId,
    hasChecksum: text('ChecksumSHA256') !== '',
  };
}

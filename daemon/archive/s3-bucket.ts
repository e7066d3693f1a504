// The settings of the bucket an archive lives in, as an auditor reads them: versions, Object Lock, lifecycle rules.
// Reads only. Needs rights that a recorder has no use for (docs/aws/auditor.json).
import type { LifecycleRule as SdkRule } from '@aws-sdk/client-s3';
import type { RetentionMode } from './archive.ts';
import { S3Connection } from '../s3/s3-connection.ts';
import { statusOf } from '../s3/s3-errors.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';

export interface DefaultLock {
  readonly mode: RetentionMode;
  readonly days: number;
}

export interface ObjectLock {
  readonly isEnabled: boolean;
  /** What an object gets that is put without a lock of its own. */
  readonly byDefault: DefaultLock | undefined;
}

/** One lifecycle rule that is switched on, reduced to what may hurt an archive. */
export interface LifecycleRule {
  readonly id: string;
  /** Keys the rule touches begin so; '' for all. Filters by tag or size narrow it further. */
  readonly prefix: string;
  readonly isNarrowed: boolean;
  /** Puts delete markers over current versions. */
  readonly expiresCurrent: boolean;
  /** Removes noncurrent versions once their locks have ended. */
  readonly expiresNoncurrent: boolean;
  /** Storage classes the rule moves versions to. */
  readonly movesTo: readonly string[];
  readonly abortsUploads: boolean;
}

export class S3Bucket {
  readonly name: string;
  readonly #connection: S3Connection;

  constructor(options: S3ArchiveOptions) {
    this.name = options.bucket;
    this.#connection = new S3Connection(options);
  }

  /** 'Enabled', 'Suspended' or '' for never. Throws ArchiveError, `archive-denied` without s3:GetBucketVersioning. */
  versioning(): Promise<string> {
    const call = { operation: 'GetBucketVersioning', key: '' };
    return this.#connection.call(call, 0, async ({ client, sdk, options }) => {
      const answer = await client.send(new sdk.GetBucketVersioningCommand({ Bucket: this.name }), options);
      return answer.Status ?? '';
    });
  }

  /** Throws ArchiveError, `archive-denied` without s3:GetBucketObjectLockConfiguration. */
  objectLock(): Promise<ObjectLock> {
    const call = { operation: 'GetObjectLockConfiguration', key: '' };
    return this.#connection.call(call, 0, async ({ client, sdk, options }) => {
      const command = new sdk.GetObjectLockConfigurationCommand({ Bucket: this.name });
      const answer = await client.send(command, options).catch(undefinedWhenUnset);
      const found = answer?.ObjectLockConfiguration;
      return { isEnabled: found?.ObjectLockEnabled === 'Enabled', byDefault: toDefault(found?.Rule?.DefaultRetention) };
    });
  }

  /** Rules that are switched on. Throws ArchiveError, `archive-denied` without s3:GetLifecycleConfiguration. */
  lifecycle(): Promise<readonly LifecycleRule[]> {
    const call = { operation: 'GetBucketLifecycleConfiguration', key: '' };
    return this.#connection.call(call, 0, async ({ client, sdk, options }) => {
      const command = new sdk.GetBucketLifecycleConfigurationCommand({ Bucket: this.name });
      const answer = await client.send(command, options).catch(undefinedWhenUnset);
      return (answer?.Rules ?? []).filter(({ Status }) => Status === 'Enabled').map(toRule);
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}

/** A bucket that never had the setting: 404 with a name of its own. A bucket that is not there is an error. */
function undefinedWhenUnset(error: unknown): undefined {
  const name = error instanceof Error ? error.name : '';
  if (statusOf(error) === 404 && name !== 'NoSuchBucket') return undefined;
  throw error;
}

interface SdkDefault {
  readonly Mode?: string | undefined;
  readonly Days?: number | undefined;
  readonly Years?: number | undefined;
}

function toDefault(found: SdkDefault | undefined): DefaultLock | undefined {
  if (found?.Mode !== 'GOVERNANCE' && found?.Mode !== 'COMPLIANCE') return undefined;
  return { mode: found.Mode, days: found.Days ?? (found.Years ?? 0) * 365 };
}

function toRule(rule: SdkRule): LifecycleRule {
  const { Filter: filter, Expiration: expiration } = rule;
  const moves = [...(rule.Transitions ?? []), ...(rule.NoncurrentVersionTransitions ?? [])];
  const narrowing = [filter?.Tag, filter?.And?.Tags, filter?.ObjectSizeGreaterThan, filter?.ObjectSizeLessThan];
  return {
    id: rule.ID ?? '',
    // The place for a prefix above the filter is the older form; stores still answer with it.
    prefix: filter?.Prefix ?? filter?.And?.Prefix ?? prefixOf(rule),
    isNarrowed: narrowing.some((part) => part !== undefined),
    expiresCurrent: expiration?.Days !== undefined || expiration?.Date !== undefined,
    expiresNoncurrent: rule.NoncurrentVersionExpiration !== undefined,
    movesTo: [...new Set(moves.map(({ StorageClass }) => StorageClass ?? 'another class'))],
    abortsUploads: rule.AbortIncompleteMultipartUpload !== undefined,
  };
}

function prefixOf(rule: object): string {
  const prefix: unknown = Reflect.get(rule, 'Prefix');
  return typeof prefix === 'string' ? prefix : '';
}

// Locks asked for and receipts given: what goes into a PUT, what a HEAD says, and whether the two agree.
// Pure; knows the shape of an answer, not the SDK.
import { ArchiveError } from '../errors.ts';
import type { ObjectLock, Receipt, Retention, RetentionMode } from './archive.ts';
import { formatTime } from '../s3/s3-pages.ts';

export interface LockInput {
  readonly ObjectLockMode: RetentionMode;
  readonly ObjectLockRetainUntilDate: Date;
  readonly ObjectLockLegalHoldStatus?: 'ON';
}

/** The lock of one PUT that ends at `until`. */
export function toLock({ mode, legalHold }: Retention, until: Date): LockInput {
  const hold = legalHold === true ? ({ ObjectLockLegalHoldStatus: 'ON' } as const) : {};
  return { ObjectLockMode: mode, ObjectLockRetainUntilDate: until, ...hold };
}

/** The answer to a HEAD as the SDK gives it. */
export interface HeadAnswer {
  readonly ContentLength?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly ObjectLockMode?: string | undefined;
  readonly ObjectLockRetainUntilDate?: Date | undefined;
  /** Told only to who may read it (s3:GetObjectLegalHold). */
  readonly ObjectLockLegalHoldStatus?: string | undefined;
  readonly ChecksumSHA256?: string | undefined;
}

/** What a HEAD says. A lock without mode or end is none. */
export function toObjectLock(key: string, versionId: string, answer: HeadAnswer): ObjectLock {
  const retainUntil = formatTime(answer.ObjectLockRetainUntilDate);
  const mode = retainUntil === '' ? 'none' : toMode(answer.ObjectLockMode);
  return {
    key,
    versionId,
    sizeBytes: answer.ContentLength ?? -1,
    lastModified: formatTime(answer.LastModified),
    mode,
    retainUntil: mode === 'none' ? '' : retainUntil,
    ...(answer.ObjectLockLegalHoldStatus === 'ON' ? { legalHold: true as const } : {}),
  };
}

/** Base64 of a hex digest, as `x-amz-checksum-sha256` has it. */
export function toChecksum(sha256: string): string {
  return Buffer.from(sha256, 'hex').toString('base64');
}

/** Hex of a whole-object checksum; '' for none, and for the composite one of a multipart upload. */
export function fromChecksum(checksum: string | undefined): string {
  const isWhole = checksum !== undefined && /^[A-Za-z0-9+/]{43}=$/.test(checksum);
  return isWhole ? Buffer.from(checksum, 'base64').toString('hex') : '';
}

/** Throws ArchiveError `archive-stored-otherwise` when size or digest (if the store tells it) are not what was sent. */
export function assertStored(receipt: Receipt, sizeBytes: number, storedSha256: string): void {
  const isSame = storedSha256 === '' || storedSha256 === receipt.sha256;
  if (isSame && receipt.sizeBytes === sizeBytes && receipt.lastModified !== '') return;
  const message = `expected the store to keep ${receipt.key} as sent, got another size, digest or no time`;
  throw new ArchiveError('archive-stored-otherwise', message, {
    transient: false,
    hint: 'a proxy or the store changes bodies: check what stands between this host and the store',
  });
}

/** Throws ArchiveError `archive-not-locked` when the lock read back is not the one asked for, or ends earlier. */
export function assertLocked(receipt: Receipt, lock: LockInput | undefined): void {
  if (lock === undefined) return;
  const isLong = Date.parse(receipt.retainUntil) >= lock.ObjectLockRetainUntilDate.getTime();
  const isHeld = lock.ObjectLockLegalHoldStatus === undefined || receipt.legalHold === true;
  if (receipt.mode === lock.ObjectLockMode && isLong && isHeld) return;
  const got = isHeld ? `mode ${receipt.mode} or an earlier end` : 'no legal hold';
  const message = `expected ${receipt.key} to be locked as asked, got ${got}`;
  throw new ArchiveError('archive-not-locked', message, {
    transient: false,
    hint: 'the bucket needs Object Lock, and these credentials s3:PutObjectRetention and s3:GetObjectRetention (for a legal hold the two of LegalHold, too)',
  });
}

/** The answer of a bucket without versioning: a later write would replace what is sealed. */
export function notVersioned(key: string): ArchiveError {
  return new ArchiveError('archive-not-versioned', `expected a version id for ${key}, got none`, {
    transient: false,
    hint: 'make the bucket with versioning and Object Lock; neither can be left out for an archive',
  });
}

function toMode(mode: string | undefined): RetentionMode | 'none' {
  return mode === 'GOVERNANCE' || mode === 'COMPLIANCE' ? mode : 'none';
}

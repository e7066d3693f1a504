// What a key, a prefix and a body must look like before any adapter acts on them. Pure: knows no store.
// The rules are narrower than any store's, so that one key means one object everywhere, path traversal included.
import { createHash } from 'node:crypto';
import { ArchiveError } from '../errors.ts';

/** Bound on the body of one `get`, in bytes: 1 GiB. */
export const defaultMaxBytes = 1024 ** 3;

const maxKeyLength = 700;
const maxSegmentLength = 200;
const segmentPattern = /^[a-z0-9~_-][a-z0-9~._-]*$/;
const prefixTailPattern = /^(?:[a-z0-9~_-][a-z0-9~._-]*)?$/;

/** Throws ArchiveError `archive-key-invalid` unless `key` is of the port's alphabet and leads nowhere else. */
export function assertArchiveKey(key: string): void {
  const segments = key.split('/');
  if (key.length > maxKeyLength || !segments.every(isSegment)) throw invalidKey('key');
}

/** As assertArchiveKey, for the start of a key: '' and a last segment cut anywhere are allowed. */
export function assertArchivePrefix(prefix: string): void {
  const segments = prefix.split('/');
  const tail = segments.pop() ?? '';
  const isTail = prefixTailPattern.test(tail) && tail.length <= maxSegmentLength;
  if (prefix.length > maxKeyLength || !isTail || !segments.every(isSegment)) throw invalidKey('prefix');
}

/** Throws ArchiveError `archive-digest-mismatch` unless `sha256` (lower-case hex) is the digest of `body`. */
export function assertBodyDigest(key: string, body: Uint8Array, sha256: string): void {
  if (sha256Hex(body) === sha256) return;
  throw new ArchiveError('archive-digest-mismatch', `expected the body of ${key} to have the digest it came with`, {
    transient: false,
    hint: 'nothing was written; this is a defect of stateseal or of the memory of this host: please report it',
  });
}

/** SHA-256 as lower-case hex. */
export function sha256Hex(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** Order of UTF-8 bytes, which is the order of keys in S3; differs from `<` only beyond the basic plane. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The error of a `get` or `readLock` for a version that is not there; permanent: waiting brings nothing back. */
export function missingVersion(key: string): ArchiveError {
  return new ArchiveError('archive-object-missing', `expected an object at ${key} in this version, got none`, {
    transient: false,
    hint: 'compare with `stateseal verify`: the version was removed, has expired, or never was in this archive',
  });
}

/** The error of a `get` whose object is larger than the caller allows. */
export function tooLarge(key: string, maxBytes: number): ArchiveError {
  return new ArchiveError('archive-object-too-large', `expected at most ${maxBytes} bytes at ${key}, got more`, {
    transient: false,
    hint: 'stateseal writes no object of this size: somebody else put it there',
  });
}

function isSegment(segment: string): boolean {
  return segment.length <= maxSegmentLength && segmentPattern.test(segment);
}

function invalidKey(what: 'key' | 'prefix'): ArchiveError {
  return new ArchiveError('archive-key-invalid', `expected a relative ${what} of [a-z0-9~/._-], got another text`, {
    transient: false,
    hint: 'this is a defect of stateseal: please report it',
  });
}

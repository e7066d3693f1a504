// The way to the archive, and what these credentials may do there beyond what a recorder needs. Asks so that nothing
// changes, whatever the answer: for versions and uploads that do not exist.
import { randomBytes } from 'node:crypto';
import type { Archive } from '../archive/archive.ts';
import type { CredentialOrigin } from '../s3/s3-credentials.ts';
import { inventVersionId, type ProbeAnswer, type S3Probe } from '../archive/s3-probe.ts';
import { ArchiveError } from '../errors.ts';
import { fail, failedBy, ok, unknown, warn, type Check } from './check.ts';

/** Beyond it sealing waits. */
const MAX_SKEW_MS = 300_000;
const MUCH_SKEW_MS = 30_000;

export async function checkOrigin(probe: S3Probe, isInstanceAllowed: boolean): Promise<Check> {
  try {
    return judgeOrigin(await probe.credentialOrigin(), isInstanceAllowed);
  } catch (error) {
    return failedBy('credentials', error);
  }
}

export function judgeOrigin(origin: CredentialOrigin, isInstanceAllowed: boolean): Check {
  if (origin !== 'instance') return ok('credentials', `from: ${origin}`);
  const text = 'those of the role of this host, which every job on it shares';
  const fix = "give the recorder a profile or keys of its own, and take the bucket's rights from the role";
  return isInstanceAllowed
    ? warn('credentials', `${text}; allowed by archive.allowInstanceRole`, fix)
    : fail('credentials', `${text}; refused`, fix);
}

/** Lists a little: the archive answers, and its answer tells the time. */
export async function checkReach(archive: Archive): Promise<readonly Check[]> {
  try {
    const seen = (await hasObjects(archive)) ? 'objects are there' : 'nothing is there yet';
    return [ok('archive', `${archive.location} answers; ${seen}`), judgeSkew(archive.clockSkewMs)];
  } catch (error) {
    return [failedBy('archive', error)];
  }
}

/** One request at most; afterwards the archive knows the store's clock. */
export async function hasObjects(archive: Archive): Promise<boolean> {
  const listing = archive.list('')[Symbol.asyncIterator]();
  const { done } = await listing.next();
  await listing.return?.();
  return done !== true;
}

export function judgeSkew(skewMs: number): Check {
  const seconds = Math.abs(Math.round(skewMs / 1000));
  const text = `the store's clock is ${seconds} s ${skewMs < 0 ? 'behind' : 'ahead of'} this host's`;
  const fix = 'set the clock of this host: timedatectl set-ntp true';
  if (Math.abs(skewMs) >= MAX_SKEW_MS) return fail('clock', `${text}: sealing waits beyond 300 s`, fix);
  return Math.abs(skewMs) >= MUCH_SKEW_MS
    ? warn('clock', text, fix)
    : ok('clock', 'the clocks of store and host agree');
}

/** Rights a recorder has no use for: whoever steals its credentials has them, too. */
export async function checkRights(probe: S3Probe): Promise<readonly Check[]> {
  const key = `self-test/doctor-${randomBytes(8).toString('hex')}`;
  try {
    return [
      judgeDelete(await probe.deleteVersion(key, inventVersionId())),
      judgeMultipart(await probe.uploadPart(key)),
      unknown(
        'bypass',
        'not asked: it shows only on a locked object',
        'stateseal doctor --self-test s3://bucket/prefix',
      ),
    ];
  } catch (error) {
    if (error instanceof ArchiveError) return [failedBy('rights', error)];
    throw error;
  }
}

/** A version that does not exist is deleted with success by whoever may delete, and refused to whoever may not. */
export function judgeDelete({ status, name }: ProbeAnswer): Check {
  if (status === 403) return ok('right-to-delete', 'these credentials may not delete versions');
  const fix =
    'take s3:DeleteObject and s3:DeleteObjectVersion from these credentials: docs/aws/writer.json, and the statement DenyDelete of docs/aws/bucket-policy.json';
  if (status < 300 || status === 404)
    return fail('right-to-delete', 'these credentials may delete versions whose lock has ended', fix);
  return unknown('right-to-delete', `the store answered ${status} ${name}, which tells nothing`, fix);
}

/** A part of an upload that does not exist is not found by whoever may upload parts, and refused to whoever may not. */
export function judgeMultipart({ status, name }: ProbeAnswer): Check {
  if (status === 403) return ok('right-to-multipart', 'these credentials may not upload in parts');
  const text =
    'these credentials may upload in parts, which dates an object at the start of the upload: a copy may look older than it is';
  const fix = 'the statement DenyPutWithoutCondition of docs/aws/bucket-policy.json, where the store knows it';
  if (status === 404) return warn('right-to-multipart', text, fix);
  return unknown('right-to-multipart', `the store answered ${status} ${name}, which tells nothing`, fix);
}

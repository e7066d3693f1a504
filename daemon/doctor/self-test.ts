// Proves on a real bucket what docs/aws/README.md assumes of a store: with small objects below <prefix>/self-test, locked
// in GOVERNANCE for one day. Every line says what was seen. Leaves those objects; they are free to go after the day.
import { randomBytes } from 'node:crypto';
import type { Archive, ObjectLock } from '../archive/archive.ts';
import type { ProbeAnswer, ProbeLock, S3Probe } from '../archive/s3-probe.ts';
import { ArchiveError } from '../errors.ts';
import { checkReach, judgeMultipart } from './archive-checks.ts';
import { fail, failedBy, ok, unknown, warn, type Check } from './check.ts';

export interface SelfTest {
  readonly checks: readonly Check[];
  /** Where the objects lie that the test left, '' for none. */
  readonly leftAt: string;
}

interface Scene {
  readonly archive: Archive;
  readonly probe: S3Probe;
  readonly key: string;
  readonly body: Buffer;
  readonly lock: ProbeLock;
}

interface Written extends Scene {
  readonly versionId: string;
}

const DAY_MS = 86_400_000;
const POLICY = 'docs/aws/bucket-policy.json';

/** `archive` and `probe` stand at the same place. Nothing outside self-test/ is touched. */
export async function runSelfTest(archive: Archive, probe: S3Probe, hostNowMs: number): Promise<SelfTest> {
  const reached = await checkReach(archive);
  if (reached.some(({ name, result }) => name === 'archive' && result === 'fail'))
    return { checks: reached, leftAt: '' };
  const key = `self-test/${randomBytes(8).toString('hex')}/object`;
  const nowMs = hostNowMs + archive.clockSkewMs;
  const lock = { mode: 'GOVERNANCE', until: new Date(Math.ceil(nowMs / 1000) * 1000 + DAY_MS) } as const;
  const scene: Scene = { archive, probe, key, body: Buffer.from(`stateseal self-test ${key}\n`), lock };
  const first = await probe.put(key, scene.body, true, lock);
  const put = judgeFirstPut(first);
  if (put.result === 'fail') return { checks: [...reached, put], leftAt: first.status < 300 ? key : '' };
  const written = { ...scene, versionId: first.versionId };
  const checks: Check[] = [...reached, put, judgeChecksum(first)];
  // What could take the lock away comes last.
  for (const step of STEPS) checks.push(await guarded(step, written));
  return { checks, leftAt: key };
}

type Step = readonly [name: string, run: (scene: Written) => Promise<Check>];

const STEPS: readonly Step[] = [
  ['condition', tryConditional],
  ['lock-read-back', tryReadBack],
  [
    'get-by-version',
    ({ archive, key, versionId, body }) => checkBytes('get-by-version', archive, key, versionId, body),
  ],
  ['put-without-lock', tryUnlocked],
  ['overwrite', tryOverwrite],
  ['delete-marker', tryMarker],
  ['multipart', async ({ probe, key }) => judgeMultipart(await probe.uploadPart(key))],
  ['delete-version', tryDelete],
  ['shorten', tryShorten],
  ['bypass', tryBypass],
];

async function guarded([name, run]: Step, scene: Written): Promise<Check> {
  try {
    return await run(scene);
  } catch (error) {
    return failedBy(name, error);
  }
}

function judgeFirstPut({ status, name, versionId }: ProbeAnswer): Check {
  if (status === 403) {
    const fix =
      'docs/aws/writer.json: s3:PutObject and, for the lock, s3:PutObjectRetention; is another lock asked for by the bucket policy?';
    return fail('put', `an object with a condition and a lock was refused (403 ${name})`, fix);
  }
  if (status >= 300) {
    const fix =
      'make the bucket with Object Lock: aws s3api create-bucket --object-lock-enabled-for-bucket --bucket NAME';
    return fail('put', `an object with a lock was not taken (${status} ${name}): is Object Lock on?`, fix);
  }
  if (versionId !== '') return ok('put', 'an object with If-None-Match and a lock of one day was written');
  return fail(
    'put',
    'the store gave no version id: the bucket keeps no versions',
    'make the bucket with versioning and Object Lock',
  );
}

function judgeChecksum({ hasChecksum }: ProbeAnswer): Check {
  if (hasChecksum) return ok('checksum', 'the store checked the SHA-256 of the body and said so');
  return ok('checksum', 'the store tells no SHA-256: what was stored is read back and hashed where it matters');
}

async function tryConditional({ probe, key, lock }: Written): Promise<Check> {
  const { status, name } = await probe.put(key, Buffer.from('a second writer'), true, lock);
  if (status === 412 || status === 409)
    return ok('condition', `a second put with If-None-Match was refused (${status})`);
  const text =
    'a second put with If-None-Match was taken: this store ignores conditions; sealing looks first and copes';
  if (status < 300)
    return warn('condition', text, 'nothing to do; a store that keeps conditions tells a second writer sooner');
  return fail(
    'condition',
    `a second put with If-None-Match got ${status} ${name}`,
    'look at what the endpoint answers',
  );
}

async function tryReadBack({ archive, key, versionId, lock }: Written): Promise<Check> {
  const receipt: ObjectLock = await archive.readLock(key, versionId);
  const isAsAsked = receipt.mode === lock.mode && Date.parse(receipt.retainUntil) >= lock.until.getTime();
  if (isAsAsked)
    return ok('lock-read-back', `the lock reads back as asked: ${receipt.mode} until ${receipt.retainUntil}`);
  const text = `the lock reads back as ${receipt.mode} ${receipt.retainUntil}`.trimEnd();
  return fail('lock-read-back', text, 'the credentials need s3:GetObjectRetention, the bucket Object Lock');
}

async function checkBytes(
  name: string,
  archive: Archive,
  key: string,
  versionId: string,
  body: Buffer,
): Promise<Check> {
  const stored = await archive.get(key, versionId, 65_536);
  if (body.equals(stored)) return ok(name, 'by its version id the object gives the bytes that were written');
  return fail(name, 'by its version id the object gives other bytes', 'look for a proxy that changes bodies');
}

async function tryUnlocked({ probe, key, body }: Written): Promise<Check> {
  const { status } = await probe.put(key.replace(/object$/, 'unlocked'), body, true, undefined);
  if (status === 403) return ok('put-without-lock', 'a put without a lock is refused');
  const fix = `the statements DenyPutWithoutLock… of ${POLICY}, where the store knows their conditions`;
  return warn('put-without-lock', 'a put without a lock is taken', fix);
}

async function tryOverwrite(scene: Written): Promise<Check> {
  const { archive, probe, key, versionId, body, lock } = scene;
  const { status } = await probe.put(key, Buffer.from('another body'), false, lock);
  if (status === 403) return ok('overwrite', 'a put without If-None-Match is refused');
  const versions = await archive.versions(key);
  const isKept = versions.some((version) => version.versionId === versionId && !version.isDeleteMarker);
  const bytes = isKept ? await checkBytes('overwrite', archive, key, versionId, body) : undefined;
  if (bytes?.result !== 'ok')
    return fail('overwrite', 'an overwrite replaced the object', 'the bucket needs versioning and Object Lock');
  if (status >= 300)
    return unknown('overwrite', `a put without If-None-Match got ${status}; the object is as it was`, '');
  const text = `an overwrite added a version (${versions.length} now) and replaced nothing`;
  return warn(
    'overwrite',
    `${text}; a put without If-None-Match is taken`,
    `the statement DenyPutWithoutCondition of ${POLICY}, where the store knows its condition`,
  );
}

async function tryMarker({ archive, probe, key, versionId, body }: Written): Promise<Check> {
  const { status } = await probe.deleteKey(key);
  if (status === 403) return ok('delete-marker', 'a delete without a version is refused');
  const versions = await archive.versions(key);
  const isSeen = versions.some(({ isDeleteMarker }) => isDeleteMarker);
  const bytes = await checkBytes('delete-marker', archive, key, versionId, body);
  if (bytes.result !== 'ok') return bytes;
  if (!isSeen)
    return fail(
      'delete-marker',
      `a delete got ${status}, and the listing shows no marker`,
      'verify could not see it: use another store',
    );
  return warn(
    'delete-marker',
    'a delete laid a marker, which the listing shows; the object is still read by its version',
    'take s3:DeleteObject from these credentials',
  );
}

async function tryDelete(scene: Written): Promise<Check> {
  const { archive, probe, key, versionId, body } = scene;
  const { status, name } = await probe.deleteVersion(key, versionId);
  const after = await checkBytes('delete-version', archive, key, versionId, body).catch((error: unknown) => {
    if (error instanceof ArchiveError && error.code === 'archive-object-missing') return undefined;
    throw error;
  });
  if (after?.result !== 'ok')
    return fail(
      'delete-version',
      'the locked version was deleted',
      'Object Lock does not hold here: use another store',
    );
  if (status >= 400)
    return ok('delete-version', `deleting the locked version was refused (${status}), and it is still there`);
  return fail(
    'delete-version',
    `deleting the locked version got ${status} ${name}`,
    'look at what the endpoint answers',
  );
}

function shorter({ mode, until }: ProbeLock): ProbeLock {
  return { mode, until: new Date(until.getTime() - DAY_MS / 2) };
}

async function tryShorten({ probe, key, versionId, lock }: Written): Promise<Check> {
  const { status } = await probe.putRetention(key, versionId, shorter(lock), false);
  if (status >= 400) return ok('shorten', `shortening the lock was refused (${status})`);
  return fail('shorten', 'the lock was shortened', 'Object Lock does not hold here: use another store');
}

async function tryBypass({ archive, probe, key, versionId, lock }: Written): Promise<Check> {
  const { status } = await probe.putRetention(key, versionId, shorter(lock), true);
  const { retainUntil } = await archive.readLock(key, versionId);
  const isKept = Date.parse(retainUntil) >= lock.until.getTime();
  if (isKept && status >= 400) return ok('bypass', `shortening with bypass was refused (${status})`);
  const fix = `take s3:BypassGovernanceRetention from these credentials: the statement DenyBypass of ${POLICY}`;
  return fail('bypass', 'these credentials bypass a GOVERNANCE lock', fix);
}

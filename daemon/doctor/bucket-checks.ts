// Settings of a bucket → what they mean for an archive, and the command that mends them. Looks through S3Bucket; the
// judgements are pure.
import type { LifecycleRule, ObjectLock, S3Bucket } from '../archive/s3-bucket.ts';
import { ArchiveError } from '../errors.ts';
import { fail, failedBy, ok, unknown, warn, type Check } from './check.ts';

/** Classes from which an object has to be restored before anybody can read it. */
const COLD: ReadonlySet<string> = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** `prefix` of the archive, '' for the whole bucket. */
export async function checkBucket(bucket: S3Bucket, prefix: string): Promise<readonly Check[]> {
  const { name } = bucket;
  return [
    await look('versioning', 's3:GetBucketVersioning', async () => [judgeVersioning(name, await bucket.versioning())]),
    await look('object-lock', 's3:GetBucketObjectLockConfiguration', async () =>
      judgeObjectLock(name, await bucket.objectLock()),
    ),
    await look('lifecycle', 's3:GetLifecycleConfiguration', async () =>
      judgeLifecycle(name, prefix, await bucket.lifecycle()),
    ),
  ].flat();
}

async function look(name: string, action: string, judge: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await judge();
  } catch (error) {
    if (!(error instanceof ArchiveError) || error.code !== 'archive-denied') return [failedBy(name, error)];
    const text = `could not look: these credentials lack ${action}, as a recorder's should`;
    return [unknown(name, text, 'run doctor with the credentials of an auditor: docs/aws/auditor.json')];
  }
}

export function judgeVersioning(bucket: string, status: string): Check {
  if (status === 'Enabled') return ok('versioning', 'the bucket keeps versions');
  const text = status === '' ? 'the bucket keeps no versions' : 'versioning is suspended';
  const command = `aws s3api put-bucket-versioning --bucket ${bucket} --versioning-configuration Status=Enabled`;
  return fail('versioning', `${text}: a later write would replace what is sealed`, command);
}

export function judgeObjectLock(bucket: string, { isEnabled, byDefault }: ObjectLock): readonly Check[] {
  const enable = `aws s3api put-object-lock-configuration --bucket ${bucket} --object-lock-configuration ObjectLockEnabled=Enabled`;
  if (!isEnabled) {
    const fix = `${enable}   (a store that cannot switch it on later needs a new bucket: aws s3api create-bucket --object-lock-enabled-for-bucket)`;
    return [fail('object-lock', 'Object Lock is off: nothing can be locked', fix)];
  }
  const on = ok('object-lock', 'Object Lock is on');
  if (byDefault === undefined) return [on, ok('default-lock', 'none: every object brings its own lock')];
  const text = `${byDefault.mode}, ${byDefault.days} days for objects without a lock of their own; stateseal always asks for one`;
  return [on, ok('default-lock', text)];
}

export function judgeLifecycle(bucket: string, prefix: string, rules: readonly LifecycleRule[]): readonly Check[] {
  const touching = rules.filter((rule) => overlaps(rule.prefix, prefix === '' ? '' : `${prefix}/`));
  const checks = touching.flatMap((rule) => judgeRule(bucket, rule));
  return checks.length > 0 ? checks : [ok('lifecycle', 'no rule touches the archive')];
}

function overlaps(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function judgeRule(bucket: string, rule: LifecycleRule): readonly Check[] {
  const which = `rule "${rule.id}"${rule.isNarrowed ? ' (for some objects)' : ''}`;
  const fix = `take the rule off this prefix: aws s3api get-bucket-lifecycle-configuration --bucket ${bucket} > lifecycle.json, edit it, aws s3api put-bucket-lifecycle-configuration --bucket ${bucket} --lifecycle-configuration file://lifecycle.json`;
  const cold = rule.movesTo.filter((name) => COLD.has(name));
  const checks: Check[] = [];
  if (rule.expiresCurrent) {
    checks.push(fail('lifecycle', `${which} lays delete markers over sealed objects, locked or not`, fix));
  }
  if (rule.expiresNoncurrent) {
    const text = `${which} removes older versions once their locks end: whoever laid a newer one over an object decides what stays`;
    checks.push(fail('lifecycle', text, fix));
  }
  if (cold.length > 0) {
    checks.push(
      fail('lifecycle', `${which} moves objects to ${cold.join(', ')}, where verify cannot read them at once`, fix),
    );
  } else if (rule.movesTo.length > 0) {
    checks.push(
      warn(
        'lifecycle',
        `${which} moves objects to ${rule.movesTo.join(', ')}: every verification pays for reading`,
        fix,
      ),
    );
  }
  const text = `${which} touches the archive and removes nothing that is sealed`;
  return checks.length > 0 ? checks : [ok('lifecycle', text)];
}

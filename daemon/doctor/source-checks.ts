// Whether buckets of states are read with credentials of their own: who reads states should not be able to write evidence,
// and the other way round. Asks no store; no key is shown or kept.
import type { ConfiguredBucket, SourceSettings } from '../config-sources.ts';
import { formatUri } from '../config-sources.ts';
import { ArchiveError } from '../errors.ts';
import { S3Connection } from '../s3/s3-connection.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';
import { ok, unknown, warn, type Check } from './check.ts';

const NAME = 'source-credentials';

/** A check per bucket of states. `archive`: how the archive is reached. */
export async function checkSources(
  archive: S3ArchiveOptions,
  buckets: readonly ConfiguredBucket[],
): Promise<readonly Check[]> {
  const connection = new S3Connection({ ...archive, allowInstanceRole: true });
  try {
    return await Promise.all(buckets.map((bucket) => checkSource(connection, bucket)));
  } finally {
    await connection.close();
  }
}

async function checkSource(archive: S3Connection, bucket: ConfiguredBucket): Promise<Check> {
  const options = { ...bucket.s3, bucket: bucket.bucket, prefix: '', allowInstanceRole: true };
  const source = new S3Connection(options);
  const uri = formatUri(bucket);
  try {
    const isShared = isSameProfile(archive.options, bucket.s3) || (await archive.sharesKeyWith(source));
    return judgeSource(uri, isShared);
  } catch (error) {
    if (!(error instanceof ArchiveError)) throw error;
    return unknown(
      NAME,
      `${uri}: not compared with those of the archive: ${error.message} [${error.code}]`,
      error.hint,
    );
  } finally {
    await source.close();
  }
}

/** One profile may give another temporary key to each who asks: by its name it is the same person. */
function isSameProfile(archive: SourceSettings, source: SourceSettings): boolean {
  return archive.profile !== undefined && archive.profile === source.profile;
}

export function judgeSource(uri: string, isShared: boolean): Check {
  if (!isShared) return ok(NAME, `${uri} is read with credentials of its own`);
  const text = `${uri} is read with the credentials of the archive: who gets hold of them reads states and writes evidence`;
  const fix = `give the source a profile of its own, with docs/aws/state-reader.json: sources: [{ uri: "${uri}", profile: NAME }], or --source-profile NAME`;
  return warn(NAME, text, fix);
}

// The flags that reach an S3 store other than the one the environment or profile names. Never credentials: those come
// from the environment, a profile or a role, because a command line is visible to every user of the host.
import type { S3Settings } from '../config.ts';
import type { SourceSettings } from '../config-sources.ts';
import type { Arguments } from './arguments.ts';

export const S3_OPTIONS = {
  endpoint: { type: 'string' },
  region: { type: 'string' },
  profile: { type: 'string' },
} as const;

export const S3_USAGE = `--endpoint URL   for s3://: another store than AWS, bucket in the path  (default $AWS_ENDPOINT_URL_S3)
--region R       for s3://  (default $AWS_REGION, the profile's; with an endpoint us-east-1)
--profile P      for s3://  (default $AWS_PROFILE). Credentials: $AWS_ACCESS_KEY_ID …, profile or role, never a flag`;

/** Flags win over the configuration file, which wins over the environment. */
export function readS3Flags(given: Arguments): S3Settings {
  const flags = Object.keys(S3_OPTIONS).map((name) => [name, given.text(name)] as const);
  return Object.fromEntries(flags.filter(([, value]) => value !== undefined));
}

/** The same for the buckets that states come from: another store, other credentials, never the archive's. */
export const SOURCE_OPTIONS = {
  'source-endpoint': { type: 'string' },
  'source-region': { type: 'string' },
  'source-profile': { type: 'string' },
} as const;

export const SOURCE_USAGE = `  --source-endpoint URL, --source-region R, --source-profile P
                      the same for the buckets of states: their own settings, never those of the archive`;

export function readSourceFlags(given: Arguments): SourceSettings {
  const flags = (['endpoint', 'region', 'profile'] as const).map(
    (name) => [name, given.text(`source-${name}`)] as const,
  );
  return Object.fromEntries(flags.filter(([, value]) => value !== undefined));
}

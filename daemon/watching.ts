// The sources of a configuration, as one, and the intake that follows them.
import type { Config } from './config.ts';
import type { ConfiguredBucket } from './config-sources.ts';
import { createMatcher } from './glob.ts';
import { openBucketSource, type BucketSourceOptions } from './sources/bucket.ts';
import { openCompositeSource } from './sources/composite.ts';
import { openDirectorySource } from './sources/directory.ts';
import type { StateReference, StateSource } from './sources/source.ts';

/**
 * Every place states come from. Always with the directories: states of earlier roots are theirs. `seenUntilMs`: when
 * this log wrote last. What a bucket shows of younger versions is recorded, also of a state that is new to the log.
 */
export function openSources(config: Config, seenUntilMs: number | undefined): StateSource {
  const { roots, ignore, maxFileBytes, buckets } = config;
  const from = seenUntilMs === undefined ? {} : { fromMs: seenUntilMs };
  return openCompositeSource([
    openDirectorySource({ roots, ignore, maxFileBytes }),
    ...buckets.map((bucket) => openBucketSource({ ...toBucketOptions(bucket, maxFileBytes), ...from })),
  ]);
}

export function toBucketOptions(bucket: ConfiguredBucket, maxFileBytes: number): BucketSourceOptions {
  const { pollMs, workspaceKeyPrefix, states, prefix, s3 } = bucket;
  return { s3: { ...s3, bucket: bucket.bucket, prefix }, pollMs, workspaceKeyPrefix, states, maxFileBytes };
}

/** Names given by configuration, by glob over the reference. */
export function createNames(names: Config['names']): (reference: StateReference) => string | undefined {
  const rules = Object.entries(names).map(([glob, name]) => ({ matches: createMatcher(glob), name }));
  return ({ uri }) => rules.find(({ matches }) => matches(uri.replace(/^dir:/, '')))?.name;
}

// The sources of a configuration: all of them as one, and the one that an import reads.
import type { Config } from './config.ts';
import type { ConfiguredBucket } from './config-sources.ts';
import { basename, resolve } from 'node:path';
import { createMatcher } from './glob.ts';
import type { ImportRequest } from './import-jobs.ts';
import { openBackupSource } from './sources/backups.ts';
import { DEFAULT_WORKSPACE_PREFIX, parseBucketUri } from './sources/bucket-keys.ts';
import { createIntake, type Intake, type IntakeParts } from './recorder/intake.ts';
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

/** What an import reads. Throws ConfigError `source-uri-invalid`. */
export function openImportSource(config: Config, { place, sinceMs, settings }: ImportRequest): StateSource {
  const fromMs = sinceMs ?? Number.NEGATIVE_INFINITY;
  const { maxFileBytes, ignore } = config;
  if (!/^s3:/iu.test(place)) return openBackupSource({ roots: [rootOf(config, place)], ignore, maxFileBytes, fromMs });
  const location = parseBucketUri(place);
  // As it is watched, where it is: the same workspaces, the same states, the same way to the store.
  const known = config.buckets.find(({ bucket, prefix }) => {
    return bucket === location.bucket && (prefix === '' || `${location.prefix}/`.startsWith(`${prefix}/`));
  });
  const base = known ?? { pollMs: 10_000, workspaceKeyPrefix: DEFAULT_WORKSPACE_PREFIX, states: [], s3: {} };
  const bucket = { ...base, ...location, s3: { ...base.s3, ...settings } };
  return openBucketSource({ ...toBucketOptions(bucket, maxFileBytes), fromMs });
}

/** Below the label it is watched under, so that its states are the same ones. */
function rootOf({ roots }: Config, path: string): { readonly label: string; readonly path: string } {
  const absolute = resolve(path);
  return roots.find((root) => root.path === absolute) ?? { label: basename(absolute) || 'root', path: absolute };
}

/** Calls back later; returns how to cancel. */
export function afterDelay(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

type FollowParts = Pick<IntakeParts, 'source' | 'recorder' | 'onOutcome' | 'onDiscovered' | 'onFailure'>;

/** The backend's own states come by themselves. */
export function openIntake(config: Config, parts: FollowParts): Intake {
  const kept = new Set(config.backend?.states.map(({ name }) => `backend:${name}`));
  return createIntake({
    ...parts,
    now: () => performance.now(),
    schedule: afterDelay,
    nameOf: createNames(config.names),
    isKeptElsewhere: (uri) => kept.has(uri),
  });
}

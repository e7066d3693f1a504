// The sources of a configuration: all of them as one, with the intake that follows them, and the one an import reads.
import type { Config } from './config.ts';
import type { ConfiguredBucket } from './config-sources.ts';
import { basename, resolve } from 'node:path';
import { ArchiveError, StatesealError, describeForeign } from './errors.ts';
import { createReferenceMatcher } from './glob.ts';
import type { ImportRequest } from './import-jobs.ts';
import type { Journal } from './journal.ts';
import type { RecorderClient } from './recorder/client.ts';
import { createIntake, type Intake } from './recorder/intake.ts';
import type { Outcome } from './recorder/parts.ts';
import { openBackupSource } from './sources/backups.ts';
import { DEFAULT_WORKSPACE_PREFIX, parseBucketUri } from './sources/bucket-keys.ts';
import { openBucketSource, type BucketSourceOptions } from './sources/bucket.ts';
import { openCompositeSource } from './sources/composite.ts';
import { openDirectorySource } from './sources/directory.ts';
import { formatKeptUri } from './sources/reference.ts';
import type { DiscoveredState, SourceProblem, StateReference, StateSource } from './sources/source.ts';

export interface FollowParts {
  readonly recorder: RecorderClient;
  readonly journal: Pick<Journal, 'inventory'>;
  /** When this log wrote last, milliseconds since the epoch; undefined for a new one. */
  readonly seenUntilMs: number | undefined;
  readonly tell: (outcome: Outcome) => void;
  readonly onProblem: (error: StatesealError | string) => void;
}

export interface Following {
  readonly source: StateSource;
  /** Not started. */
  readonly intake: Intake;
  discovered(this: void): readonly DiscoveredState[];
}

export function follow(config: Config, { recorder, journal, seenUntilMs, tell, onProblem }: FollowParts): Following {
  const source = openSources(config, seenUntilMs);
  let discovered: readonly DiscoveredState[] = [];
  const kept = new Set(config.backend?.states.map(({ name }) => formatKeptUri(name)));
  const report = (error: unknown): void => onProblem(error instanceof StatesealError ? error : describeForeign(error));
  const intake = createIntake({
    source,
    recorder,
    now: () => performance.now(),
    schedule: afterDelay,
    onOutcome: tell,
    onDiscovered: (states) => {
      discovered = states;
      for (const problem of source.problems()) if (isOfStore(problem)) onProblem(toError(problem));
      void journal.inventory(states, source.problems(), intake).catch(report);
    },
    onFailure: onProblem,
    nameOf: createNames(config.names),
    // The backend's own states come by themselves.
    isKeptElsewhere: (uri) => kept.has(uri),
  });
  source.onPlan?.(async (plan) => {
    try {
      const outcome = await recorder.observePlan(plan);
      if (outcome.to > outcome.from) tell(outcome);
    } catch (error) {
      report(error);
      throw error;
    }
  });
  return { source, intake, discovered: () => discovered };
}

/** A root that is not there yet is no news; a store that does not answer is. */
function isOfStore({ code }: SourceProblem): boolean {
  return code.startsWith('bucket-');
}

function toError({ code, message }: SourceProblem): ArchiveError {
  const hint = 'states there are looked at again by themselves: their versions wait in the store';
  return new ArchiveError(code, message, { transient: true, hint });
}

/**
 * Every place states come from. Always with the directories: states of earlier roots are theirs. `seenUntilMs`: when
 * this log wrote last. What a bucket shows of younger versions is recorded, also of a state that is new to the log.
 */
function openSources(config: Config, seenUntilMs: number | undefined): StateSource {
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
  const rules = Object.entries(names).map(([glob, name]) => ({ matches: createReferenceMatcher(glob), name }));
  return ({ uri }) => rules.find(({ matches }) => matches(uri))?.name;
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
function afterDelay(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

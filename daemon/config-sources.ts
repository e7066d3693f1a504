// The places states come from, of flags and file: directories and buckets. The first positional that is given takes the
// place of both lists of the file; a bucket named so still takes the settings that the file has for it.
import { basename, resolve } from 'node:path';
import type { ConfigFile } from './config-file.ts';
import { DEFAULT_WORKSPACE_PREFIX, parseBucketUri, type BucketLocation } from './sources/bucket-keys.ts';

export interface ConfiguredRoot {
  readonly label: string;
  readonly path: string;
}

/** How to reach the store of a bucket: its own settings, never those of the archive. */
export interface SourceSettings {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly forcePathStyle?: boolean;
}

export interface ConfiguredBucket extends BucketLocation {
  readonly s3: SourceSettings;
  readonly pollMs: number;
  readonly workspaceKeyPrefix: string;
  readonly states: readonly string[];
}

export interface SourceFlags {
  /** Positionals: directories, files, s3://bucket/prefix. */
  readonly roots?: readonly string[];
  readonly source?: SourceSettings;
}

export interface ConfiguredSources {
  readonly roots: readonly ConfiguredRoot[];
  readonly buckets: readonly ConfiguredBucket[];
}

type FileSource = NonNullable<ConfigFile['sources']>[number];

export interface SourcePlaces {
  readonly cwd: string;
  /** What relative paths of the file are relative to. */
  readonly base: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** Throws ConfigError `source-uri-invalid`. */
export function toSources(flags: SourceFlags, file: ConfigFile, places: SourcePlaces): ConfiguredSources {
  const given = flags.roots ?? [];
  const inFile = file.sources ?? [];
  const uris = given.length > 0 ? given.filter(isBucket) : inFile.map(({ uri }) => uri);
  const paths = given.filter((text) => !isBucket(text)).map((path) => ({ path: resolve(places.cwd, path) }));
  const fileRoots = (file.roots ?? []).map(({ path, label }) => ({ path: resolve(places.base, path), label }));
  return {
    roots: withLabels(given.length > 0 ? paths : fileRoots),
    buckets: uris.map((uri) => toBucket(uri, inFile, flags.source ?? {}, places.environment)),
  };
}

function isBucket(text: string): boolean {
  return /^s3:/iu.test(text);
}

function toBucket(
  uri: string,
  inFile: readonly FileSource[],
  flags: SourceSettings,
  environment: NodeJS.ProcessEnv,
): ConfiguredBucket {
  const location = parseBucketUri(uri);
  const isSame = (other: FileSource): boolean => formatUri(parseBucketUri(other.uri)) === formatUri(location);
  const file: Partial<FileSource> = inFile.find(isSame) ?? {};
  return {
    ...location,
    s3: toSettings(flags, file, environment),
    pollMs: (file.pollSeconds ?? 10) * 1000,
    workspaceKeyPrefix: file.workspaceKeyPrefix ?? DEFAULT_WORKSPACE_PREFIX,
    states: file.states ?? [],
  };
}

/** The SDK would read the variables too, but then knows no default for region and addressing of other stores. */
function toSettings(flags: SourceSettings, file: Partial<FileSource>, environment: NodeJS.ProcessEnv): SourceSettings {
  const given = (name: string): string | undefined => environment[name] || undefined;
  const settings: { readonly [Name in keyof SourceSettings]-?: SourceSettings[Name] | undefined } = {
    endpoint: flags.endpoint ?? file.endpoint ?? given('AWS_ENDPOINT_URL_S3') ?? given('AWS_ENDPOINT_URL'),
    region: flags.region ?? file.region ?? given('AWS_REGION'),
    profile: flags.profile ?? file.profile,
    forcePathStyle: flags.forcePathStyle ?? file.forcePathStyle,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

export function formatUri({ bucket, prefix }: BucketLocation): string {
  return prefix === '' ? `s3://${bucket}` : `s3://${bucket}/${prefix}`;
}

function withLabels(
  wanted: readonly { readonly path: string; readonly label?: string | undefined }[],
): ConfiguredRoot[] {
  const taken = new Set<string>();
  return wanted.map(({ path, label }) => {
    const unique = freeLabel(label ?? (basename(path) || 'root'), taken);
    taken.add(unique);
    return { path, label: unique };
  });
}

function freeLabel(label: string, taken: ReadonlySet<string>): string {
  if (!taken.has(label)) return label;
  let number = 2;
  while (taken.has(`${label}-${number}`)) number += 1;
  return `${label}-${number}`;
}

// Flags, configuration file and environment → one frozen Config, or every problem at once. The only reader of
// the configuration file. Precedence: flag, then file, then default.
import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { parseArchiveLocation, type ArchiveLocation } from './archive/location.ts';
import type { RetentionMode } from './archive/archive.ts';
import { resolveDataDir, SERVICE_SPOOL } from './config-environment.ts';
import { toBackend, type BackendConfig } from './config-backend.ts';
import { parseConfigFile, type ConfigFile } from './config-file.ts';
import { toSources, type ConfiguredBucket, type ConfiguredRoot, type SourceSettings } from './config-sources.ts';
import { ConfigError, describeForeign } from './errors.ts';
import type { PolicyOptions } from './redaction/allow-list.ts';
import type { LabelRule } from './store/labels.ts';
import type { TlsFiles } from './http-socket.ts';
import { DEFAULT_QUOTAS, type Quotas } from './spool/quotas.ts';

export interface Config {
  readonly dataDir: string;
  /** Where the configuration file stands, or '' when there is none. */
  readonly file: string;
  readonly roots: readonly ConfiguredRoot[];
  /** Versioned buckets that states are read from. */
  readonly buckets: readonly ConfiguredBucket[];
  readonly ignore: readonly string[];
  /** Glob over the part of a reference behind "dir:" → state name. */
  readonly names: Readonly<Record<string, string>>;
  /** Globs over references and the labels of what they match; the first rule that gives a label wins it. */
  readonly labels: readonly LabelRule[];
  readonly redaction: PolicyOptions;
  readonly seal: { readonly maxAgeMs: number; readonly maxRecords: number; readonly maxBytes: number };
  readonly archive: ArchiveConfig;
  readonly http: HttpConfig | undefined;
  readonly spool: { readonly directory: string; readonly quotas: Quotas };
  /** The HTTP state backend; undefined unless configured. */
  readonly backend: BackendConfig | undefined;
  readonly logName: string;
  readonly maxFileBytes: number;
  readonly heartbeatMs: number;
  /** Versions without a lock that are quiet for so long are one settled change. */
  readonly quietMs: number;
}

export interface HttpConfig {
  /** Where others than this host reach it: with `tls` alone. */
  readonly host: string;
  readonly port: number;
  /** What it is called by others than this host. */
  readonly names: readonly string[];
  readonly tls: TlsFiles | undefined;
  /** In which a proxy with a token of scope 'proxy' names who is signed in. */
  readonly userHeader: string;
}

export interface ArchiveConfig {
  readonly location: ArchiveLocation;
  /** True when nobody chose it: a directory beside the data, good for trying. */
  readonly isDefault: boolean;
  readonly mode: RetentionMode;
  readonly structureDays: number;
  readonly contentDays: number;
  /** How far back an auditor will look; undefined when nobody said. */
  readonly auditDays: number | undefined;
  /** Every object is held until somebody with the right lifts the hold, also after its days. */
  readonly legalHold: boolean;
  readonly s3: S3Settings;
}

export interface Flags {
  readonly dataDir?: string;
  readonly config?: string;
  readonly archive?: string;
  /** Directories, files, s3://bucket/prefix. */
  readonly roots?: readonly string[];
  /** How to reach the buckets among `roots`. */
  readonly source?: SourceSettings;
  readonly httpPort?: string;
  readonly sealAfter?: string;
  readonly s3?: S3Settings;
}

/** How to reach an S3 store; absent members are left to the SDK's own environment and profiles. */
export interface S3Settings {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly kmsKeyId?: string;
  readonly forcePathStyle?: boolean;
  readonly allowInstanceRole?: boolean;
  readonly timeouts?: { readonly connectMs: number; readonly requestMs: number };
}

/** `cwd` makes paths absolute. Throws ConfigError naming every problem. */
export async function loadConfig(
  flags: Flags,
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Config> {
  const path = flags.config ?? environment['STATESEAL_CONFIG'] ?? '';
  const file = path === '' ? {} : await readConfigFile(resolve(cwd, path));
  const dataDir = resolveDataDir(flags.dataDir, cwd, environment);
  const base = path === '' ? cwd : dirname(resolve(cwd, path));
  const sources = toSources(flags, file, { cwd, base, environment });
  return Object.freeze({
    dataDir,
    file: path === '' ? '' : resolve(cwd, path),
    ...sources,
    ignore: file.ignore ?? [],
    names: file.names ?? {},
    labels: file.labels ?? [],
    redaction: {
      values: file.redaction?.values ?? 'allow-list',
      hide: file.redaction?.hide ?? [],
      show: file.redaction?.show ?? [],
    },
    seal: {
      maxAgeMs: toSeconds(flags.sealAfter, file.seal?.maxAgeSeconds ?? 60) * 1000,
      maxRecords: file.seal?.maxRecords ?? 4096,
      maxBytes: file.seal?.maxBytes ?? 4 * 1024 * 1024,
    },
    archive: toArchive(flags, file, { dataDir, base, environment }),
    http: toHttp(flags, file, base),
    spool: toSpool(file, { dataDir, base, environment }),
    backend: toBackend(file.backend, base, sources),
    logName: file.log?.name ?? defaultLogName(),
    maxFileBytes: file.maxFileBytes ?? 256 * 1024 * 1024,
    heartbeatMs: (file.heartbeatSeconds ?? 300) * 1000,
    quietMs: (file.quietSeconds ?? 10) * 1000,
  });
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  try {
    return parseConfigFile(await readFile(path, 'utf8'), path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('config-unreadable', `could not read ${path}: ${describeForeign(error)}`, {
      hint: 'check the path given by --config',
    });
  }
}

interface Place {
  readonly dataDir: string;
  /** What relative paths of the file are relative to. */
  readonly base: string;
  readonly environment: NodeJS.ProcessEnv;
}

function toArchive(flags: Flags, file: ConfigFile, { dataDir, base, environment }: Place): ArchiveConfig {
  const { archive = {} } = file;
  const text = flags.archive ?? archive.location;
  const found = text === undefined ? undefined : parseArchiveLocation(text);
  const location =
    found?.kind === 'directory'
      ? { ...found, path: resolve(flags.archive === undefined ? base : '.', found.path) }
      : found;
  return {
    location: location ?? { kind: 'directory', path: join(dataDir, 'archive') },
    isDefault: location === undefined,
    mode: archive.mode ?? 'GOVERNANCE',
    structureDays: archive.structureDays ?? 30,
    contentDays: archive.contentDays ?? 30,
    auditDays: archive.auditDays,
    legalHold: archive.legalHold ?? false,
    s3: toS3Settings(flags.s3 ?? {}, archive, environment),
  };
}

/** The SDK would read the two variables too, but then knows no default for region and addressing of other stores. */
function toS3Settings(
  flags: S3Settings,
  file: NonNullable<ConfigFile['archive']>,
  environment: NodeJS.ProcessEnv,
): S3Settings {
  const given = (name: string): string | undefined => environment[name] || undefined;
  const settings: { readonly [Name in keyof S3Settings]-?: S3Settings[Name] | undefined } = {
    endpoint: flags.endpoint ?? file.endpoint ?? given('AWS_ENDPOINT_URL_S3') ?? given('AWS_ENDPOINT_URL'),
    region: flags.region ?? file.region ?? given('AWS_REGION'),
    profile: flags.profile ?? file.profile,
    kmsKeyId: file.kmsKeyId,
    forcePathStyle: flags.forcePathStyle ?? file.forcePathStyle,
    allowInstanceRole: file.allowInstanceRole,
    timeouts: toTimeouts(file),
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

function toTimeouts({ connectSeconds, requestSeconds }: NonNullable<ConfigFile['archive']>): S3Settings['timeouts'] {
  if (connectSeconds === undefined && requestSeconds === undefined) return undefined;
  return { connectMs: (connectSeconds ?? 10) * 1000, requestMs: (requestSeconds ?? 60) * 1000 };
}

function toHttp(flags: Flags, file: ConfigFile, base: string): Config['http'] {
  const { host = '127.0.0.1', names = [], tls, userHeader = 'X-Forwarded-User' } = file.http ?? {};
  const port = flags.httpPort === undefined ? (file.http?.port ?? 7373) : Number(flags.httpPort);
  if (flags.httpPort === 'off') return undefined;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new ConfigError('usage', 'expected --http to be a port number or "off", got something else', {
      hint: 'for example --http 7373',
    });
  }
  const files = tls && { certFile: resolve(base, tls.certFile), keyFile: resolve(base, tls.keyFile) };
  return { host, port, names, tls: files, userHeader };
}

/** Where clients look for it, too: $STATESEAL_SPOOL, the service's own where this account owns it, <data dir>/spool. */
function toSpool({ spool = {} }: ConfigFile, { dataDir, base, environment }: Place): Config['spool'] {
  const named = spool.directory === undefined ? environment['STATESEAL_SPOOL'] : resolve(base, spool.directory);
  return {
    directory: named || (isOwn(SERVICE_SPOOL) ? SERVICE_SPOOL : join(dataDir, 'spool')),
    quotas: {
      files: spool.maxFilesPerAccount ?? DEFAULT_QUOTAS.files,
      sizeBytes: spool.maxBytesPerAccount ?? DEFAULT_QUOTAS.sizeBytes,
      totalBytes: spool.maxBytes ?? DEFAULT_QUOTAS.totalBytes,
    },
  };
}

function isOwn(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && stat.uid === process.getuid?.();
}

function toSeconds(text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const seconds = Number(text.replace(/s$/, ''));
  if (Number.isFinite(seconds) && seconds >= 0) return seconds;
  throw new ConfigError('usage', 'expected --seal-after in seconds, got something else', { hint: 'for example 60' });
}

/** A key name must have no spaces and no '+'. */
function defaultLogName(): string {
  return hostname().replaceAll(/[^A-Za-z0-9.-]/g, '-') || 'log';
}

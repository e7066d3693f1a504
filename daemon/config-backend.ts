// The part of the configuration that turns the recorder into a state backend: where it listens, which states it keeps
// and where their raw bytes go. Off unless configured. Reads no environment of its own.
import { isAbsolute, relative, resolve } from 'node:path';
import { parseArchiveLocation, type ArchiveLocation } from './archive/location.ts';
import { ConfigError } from './errors.ts';
import type { TlsFiles } from './http-socket.ts';

/** As the configuration file says it. */
export interface BackendFile {
  readonly host?: string;
  readonly port?: number;
  readonly storage: string;
  readonly states: readonly (string | { readonly name: string; readonly storage: string })[];
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly forcePathStyle?: boolean;
  readonly allowInstanceRole?: boolean;
  readonly tls?: TlsFiles;
  readonly allowPlaintext?: boolean;
}

export interface BackendConfig {
  readonly host: string;
  readonly port: number;
  readonly states: readonly BackendState[];
  /** How to reach an S3 store; absent members are left to the SDK's own environment and profiles. */
  readonly s3: BackendS3;
  readonly tls: TlsFiles | undefined;
}

export type BackendS3 = Pick<BackendFile, 'endpoint' | 'region' | 'profile' | 'forcePathStyle' | 'allowInstanceRole'>;

export interface BackendState {
  /** The last part of its address: http://127.0.0.1:7374/state/<name> */
  readonly name: string;
  readonly storage: ArchiveLocation;
}

export const DEFAULT_BACKEND_PORT = 7374;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

/** What else is recorded. */
export interface Watched {
  readonly roots: readonly { readonly path: string }[];
  readonly buckets: readonly { readonly bucket: string; readonly prefix: string }[];
}

/**
 * `base`: what relative paths are relative to. Throws ConfigError: `backend-plaintext` for an address that others reach
 * without TLS, `backend-watched` for a directory below a root, `backend-state-twice`.
 */
export function toBackend(
  file: BackendFile | undefined,
  base: string,
  { roots, buckets }: Watched,
): BackendConfig | undefined {
  if (file === undefined) return undefined;
  const host = file.host === 'localhost' ? '127.0.0.1' : (file.host ?? '127.0.0.1');
  if (!LOOPBACK.includes(host) && file.tls === undefined && file.allowPlaintext !== true) throw plaintext();
  const states = file.states.map((entry) => toState(entry, file.storage, base));
  assertOnce(states);
  states.forEach((state) => assertNotWatched(state, { roots, buckets }));
  return {
    host,
    port: file.port ?? DEFAULT_BACKEND_PORT,
    states,
    s3: toS3(file),
    tls: file.tls && { certFile: resolve(base, file.tls.certFile), keyFile: resolve(base, file.tls.keyFile) },
  };
}

function toS3(file: BackendFile): BackendS3 {
  const { endpoint, region, profile, forcePathStyle, allowInstanceRole } = file;
  const all = { endpoint, region, profile, forcePathStyle, allowInstanceRole };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function toState(entry: BackendFile['states'][number], shared: string, base: string): BackendState {
  const { name, storage } = typeof entry === 'string' ? { name: entry, storage: shared } : entry;
  const location = parseArchiveLocation(storage);
  return {
    name,
    storage: location.kind === 'directory' ? { ...location, path: resolve(base, location.path) } : location,
  };
}

function assertOnce(states: readonly BackendState[]): void {
  const names = new Set(states.map(({ name }) => name));
  if (names.size === states.length) return;
  throw new ConfigError('backend-state-twice', 'expected each name once in backend.states, got one twice', {
    hint: 'a state has one name and one place',
  });
}

/** Its states would be taken for others, and every version would be recorded twice. */
function assertNotWatched({ storage }: BackendState, { roots, buckets }: Watched): void {
  const isWatched =
    storage.kind === 'directory'
      ? roots.some(({ path }) => isBelow(path, storage.path))
      : buckets.some(({ bucket, prefix }) => bucket === storage.bucket && isBelow(`/${prefix}`, `/${storage.prefix}`));
  if (!isWatched) return;
  throw new ConfigError('backend-watched', 'expected backend.storage outside of what is watched, got it inside', {
    hint: 'what the backend stores is recorded as it comes in: choose a directory below no root, a prefix below no source',
  });
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || !(way.startsWith('..') || isAbsolute(way));
}

function plaintext(): ConfigError {
  return new ConfigError('backend-plaintext', 'expected TLS for a backend that others can reach, got none', {
    hint: 'states and passwords would travel in clear: give backend.tls, listen on 127.0.0.1, or set allowPlaintext behind a proxy with TLS',
  });
}

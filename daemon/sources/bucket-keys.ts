// What a key of a bucket means by the naming of Terraform's s3 backend: state, lock, workspace; and how a state is called.
// Pure text. Keys are hostile: what people see is escaped, what stands in a reference is percent-encoded.
import { ConfigError } from '../errors.ts';
import { createMatcher } from '../glob.ts';
import { namingSegments } from './layout.ts';
import { encodeSegment, formatDisplayText } from './reference.ts';
import type { StateReference } from './source.ts';

export interface BucketLocation {
  readonly bucket: string;
  /** Without slashes at its ends; '' for the whole bucket. A key itself, or a folder of keys. */
  readonly prefix: string;
}

export interface KeyRules extends BucketLocation {
  /** What `workspace_key_prefix` of the backend is; Terraform's own default is "env:". */
  readonly workspaceKeyPrefix: string;
  /** Globs (picomatch) over whole keys that are states whatever their name ends with. */
  readonly states: readonly string[];
}

/** One state of a bucket. */
export interface BucketPlace {
  readonly reference: StateReference;
  readonly key: string;
  readonly lockKey: string;
  /** Escaped for a terminal. */
  readonly displayPath: string;
  readonly nameCandidates: readonly string[];
}

export interface KeyReader {
  /** Prefixes to list: that of the location, and that of the workspaces where they lie elsewhere. */
  readonly prefixes: readonly string[];
  /** The states among these keys. */
  places(keys: Iterable<string>): readonly BucketPlace[];
  owns(uri: string): boolean;
  /** The state at a reference; undefined for one that is not below the location. */
  placeOf(uri: string): BucketPlace | undefined;
}

const LOCK_SUFFIX = '.tflock';
export const DEFAULT_WORKSPACE_PREFIX = 'env:';
const MAX_KEY_BYTES = 1024;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/u;

/** `s3://bucket[/prefix]`. Throws ConfigError `source-uri-invalid`; never repeats the text, which may hold credentials. */
export function parseBucketUri(text: string): BucketLocation {
  const [, bucket = '', prefix = ''] = /^s3:\/\/([^/]*)(?:\/(.*))?$/su.exec(text) ?? [];
  const plain = prefix.replace(/^\/+|\/+$/gu, '');
  const isPlain = !/[?#\p{C}]/u.test(plain) && Buffer.byteLength(plain) <= MAX_KEY_BYTES;
  if (BUCKET.test(bucket) && !bucket.includes('..') && isPlain) return { bucket, prefix: plain };
  throw new ConfigError('source-uri-invalid', 'expected s3://bucket/prefix, got another text', {
    hint: 'without credentials and query; another store than AWS is named by sources: endpoint, or --source-endpoint',
  });
}

export function createKeyReader(rules: KeyRules): KeyReader {
  const { bucket, prefix, workspaceKeyPrefix } = rules;
  const isNamed = rules.states.length === 0 ? () => false : createMatcher(rules.states);
  const workspaces = `${workspaceKeyPrefix}/`;
  const base = `s3://${encodeSegment(bucket)}/`;

  /** The workspace and the key that the configuration of the backend names. */
  const split = (key: string): { readonly workspace: string; readonly plainKey: string } => {
    const [, workspace = '', plainKey = ''] = key.startsWith(workspaces)
      ? (/^([^/]+)\/(.+)$/su.exec(key.slice(workspaces.length)) ?? [])
      : [];
    return workspace === '' ? { workspace: 'default', plainKey: key } : { workspace, plainKey };
  };
  const isBelow = (key: string): boolean => prefix === '' || key === prefix || key.startsWith(`${prefix}/`);
  // The workspaces of a state lie beside it, not below its folder.
  const isSeen = (key: string): boolean => isBelow(key) || isBelow(split(key).plainKey);

  const toPlace = (key: string): BucketPlace => {
    const { workspace, plainKey } = split(key);
    return {
      reference: { uri: base + key.split('/').map(encodeSegment).join('/'), workspace },
      key,
      lockKey: key + LOCK_SUFFIX,
      displayPath: formatDisplayText(`s3://${bucket}/${key}`),
      nameCandidates: toNames(bucket, plainKey, workspace),
    };
  };
  const keyOf = (uri: string): string | undefined => {
    if (!uri.startsWith(base)) return undefined;
    const key = decode(uri.slice(base.length));
    return key !== '' && toPlace(key).reference.uri === uri ? key : undefined;
  };

  return {
    prefixes: isBelow(workspaces) || prefix === workspaceKeyPrefix ? [prefix] : [prefix, workspaces],
    places(keys) {
      const all = new Set(keys);
      const isState = (key: string): boolean => {
        if (key.endsWith('/') || key.endsWith(LOCK_SUFFIX) || !isSeen(key)) return false;
        return key.endsWith('.tfstate') || all.has(key + LOCK_SUFFIX) || key === prefix || isNamed(key);
      };
      return [...all].filter(isState).map(toPlace);
    },
    owns: (uri) => {
      const key = keyOf(uri);
      return key !== undefined && isSeen(key);
    },
    placeOf(uri) {
      const key = keyOf(uri);
      return key !== undefined && isSeen(key) ? toPlace(key) : undefined;
    },
  };
}

/** Shortest first, as for directories; at last with the bucket and the whole key. */
function toNames(bucket: string, plainKey: string, workspace: string): readonly string[] {
  const suffix = workspace === 'default' ? '' : `@${workspace}`;
  const segments = [bucket, ...namingSegments(plainKey)];
  const names = segments.slice(1).map((_, index) => segments.slice(segments.length - 1 - index).join('/'));
  return [
    ...new Set([...names, segments.join('/'), `${bucket}/${plainKey}`].map((name) => formatDisplayText(name + suffix))),
  ];
}

/** '' for what is no percent-encoding of UTF-8. */
function decode(text: string): string {
  try {
    return text.split('/').map(decodeURIComponent).join('/');
  } catch {
    return '';
  }
}

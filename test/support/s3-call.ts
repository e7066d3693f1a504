// Names what an S3 request asks for, by method, path and query: for stands-in of stores and for what stands before one.
// Knows the calls that stateseal makes; everything else is 'other'.
import type { ObjectKind } from '../../daemon/merkle/object-key.ts';
import { parseObjectKey } from '../../daemon/merkle/object-key.ts';

export const S3_CALLS = ['PutObject', 'HeadObject', 'GetObject', 'ListObjectVersions'] as const;
export type S3CallName = (typeof S3_CALLS)[number] | 'other';

export interface S3Request {
  readonly name: S3CallName;
  /** Without the bucket, decoded; of a listing, its prefix. */
  readonly key: string;
  /** What the key holds, below the folder of a log; 'unknown' for all else. */
  readonly kind: ObjectKind | 'unknown';
}

/** `url` is the request target with the bucket in its path. */
export function parseS3Request(method: string, url: string): S3Request {
  const { pathname, searchParams } = new URL(url, 'http://store');
  const name = toName(method, searchParams);
  const path = decodeURIComponent(pathname.split('/').slice(2).join('/'));
  const key = name === 'ListObjectVersions' ? (searchParams.get('prefix') ?? '') : path;
  return { name, key, kind: kindOf(key) };
}

function toName(method: string, query: URLSearchParams): S3CallName {
  if (method === 'GET' && query.has('versions')) return 'ListObjectVersions';
  // Sub-resources: ?retention, ?legal-hold, ?uploads …
  if ([...query.keys()].some((name) => name !== 'versionId' && name !== 'x-id')) return 'other';
  if (method === 'PUT') return 'PutObject';
  if (method === 'HEAD') return 'HeadObject';
  return method === 'GET' ? 'GetObject' : 'other';
}

function kindOf(key: string): S3Request['kind'] {
  const at = /(?:^|\/)(?:batch|blob|seal|checkpoint)\//u.exec(key);
  return at === null ? 'unknown' : parseObjectKey(key.slice(at.index).replace(/^\//u, '')).kind;
}

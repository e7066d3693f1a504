// Where an archive is, as text: s3://bucket/prefix or the path of a directory. Pure; opens nothing.
import { ConfigError } from '../errors.ts';

export type ArchiveLocation =
  | { readonly kind: 's3'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'directory'; readonly path: string };

const schemePattern = /^([a-z][a-z0-9+.-]*):\/\//i;
const bucketPattern = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const prefixSegmentPattern = /^[A-Za-z0-9!_.*'()=+@:,~-]+$/;
const maxPrefixLength = 300;

/**
 * `s3://bucket[/prefix]` or a path. Throws ConfigError: `archive-location-credentials` when the text carries
 * credentials, `archive-location-scheme` for another scheme, `archive-location-invalid` for the rest.
 */
export function parseArchiveLocation(text: string): ArchiveLocation {
  const scheme = schemePattern.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return parsePath(text);
  const rest = text.slice(scheme.length + '://'.length);
  assertNoCredentials(rest);
  if (scheme !== 's3') throw unknownScheme();
  return parseBucket(rest);
}

/** The text that parseArchiveLocation reads back to the same location. */
export function formatArchiveLocation(location: ArchiveLocation): string {
  if (location.kind === 'directory') return location.path;
  return location.prefix === '' ? `s3://${location.bucket}` : `s3://${location.bucket}/${location.prefix}`;
}

function parsePath(text: string): ArchiveLocation {
  if (/^s3:/i.test(text)) throw invalid('expected s3://bucket/prefix, got s3: without two slashes');
  if (text.trim() === '') throw invalid('expected an archive location, got an empty text');
  if (text.includes('\0')) throw invalid('expected an archive location, got a text with a NUL character');
  return { kind: 'directory', path: text };
}

function parseBucket(rest: string): ArchiveLocation {
  const slash = rest.indexOf('/');
  const bucket = slash < 0 ? rest : rest.slice(0, slash);
  const prefix = slash < 0 ? '' : rest.slice(slash + 1).replace(/\/$/, '');
  if (!bucketPattern.test(bucket) || bucket.includes('..')) throw invalid('expected a bucket name after s3://');
  if (prefix !== '' && !isPrefix(prefix)) throw invalid('expected a plain prefix after the bucket name');
  return { kind: 's3', bucket, prefix };
}

function isPrefix(prefix: string): boolean {
  const segments = prefix.split('/');
  return (
    prefix.length <= maxPrefixLength &&
    segments.every((segment) => prefixSegmentPattern.test(segment) && segment !== '.' && segment !== '..')
  );
}

// A user part before the bucket, or the query of a presigned URL.
function assertNoCredentials(rest: string): void {
  const authority = rest.split('/', 1)[0] ?? '';
  if (!authority.includes('@') && !/[?&#]/.test(rest)) return;
  throw new ConfigError('archive-location-credentials', 'expected an archive location without credentials or query', {
    hint: 'write s3://bucket/prefix and give credentials by profile or environment; treat the ones typed here as leaked',
  });
}

function unknownScheme(): ConfigError {
  return new ConfigError('archive-location-scheme', 'expected s3://bucket/prefix or a path, got another scheme', {
    hint: 'other S3 stores take s3://bucket/prefix too: name the server with the archive endpoint setting',
  });
}

function invalid(message: string): ConfigError {
  return new ConfigError('archive-location-invalid', message, {
    hint: "write s3://bucket/prefix (letters, digits and !_.*'()=+@:,~- in the prefix) or the path of a directory",
  });
}

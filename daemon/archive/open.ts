// Picks the adapter for a location. The S3 SDK is loaded only by an S3 archive, at its first call.
import type { Archive } from './archive.ts';
import { openDirectoryArchive, type DirectoryArchiveOptions } from './directory.ts';
import type { ArchiveLocation } from './location.ts';
import type { S3ArchiveOptions } from '../s3/s3-options.ts';
import { openS3Archive } from './s3.ts';

export interface ArchiveOptions {
  readonly directory?: DirectoryArchiveOptions;
  readonly s3?: Omit<S3ArchiveOptions, 'bucket' | 'prefix'>;
}

/** Opens the archive at `location`; the options of the other kind are ignored. Throws ArchiveError. */
export function openArchive(location: ArchiveLocation, options: ArchiveOptions = {}): Promise<Archive> {
  if (location.kind === 'directory') return openDirectoryArchive(location.path, options.directory);
  return openS3Archive({ ...options.s3, bucket: location.bucket, prefix: location.prefix });
}

// Reading object versions out of an archive that may be hostile or half gone: what is not there or cannot be ours is
// told apart from a store that does not answer, which is no finding but an error.
import { setTimeout as pauseFor } from 'node:timers/promises';
import type { Archive, ObjectLock } from '../archive/archive.ts';
import { ArchiveError } from '../errors.ts';
import { formatObjectKey } from '../merkle/object-key.ts';
import type { Finding } from './findings.ts';
import type { StoredVersion } from './inventory.ts';

export interface ArchiveReader {
  readonly archive: Archive;
  /** What stands before every key of the log. */
  readonly base: string;
  /** The bytes of one version, or undefined when it is gone, larger than `maxBytes`, or no regular object. */
  read(version: StoredVersion, maxBytes: number): Promise<Uint8Array | undefined>;
  readLock(version: StoredVersion): Promise<ObjectLock | undefined>;
}

const ABSENT_CODES: ReadonlySet<string> = new Set([
  'archive-object-missing',
  'archive-object-too-large',
  'archive-not-a-file',
  'archive-not-a-directory',
]);

/** Tries of one read while the store answers with transient errors, and the pause before the second one. */
const MAX_TRIES = 5;
const FIRST_PAUSE_MS = 200;

export function createArchiveReader(archive: Archive, base: string): ArchiveReader {
  const keyOf = ({ object }: StoredVersion): string => base + formatObjectKey(object);
  return {
    archive,
    base,
    async read(version, maxBytes) {
      if (version.isDeleteMarker || version.sizeBytes > maxBytes) return undefined;
      return undefinedWhenAbsent(() => archive.get(keyOf(version), version.versionId, maxBytes));
    },
    readLock: (version) => undefinedWhenAbsent(() => archive.readLock(keyOf(version), version.versionId)),
  };
}

/** Where a finding about a version points to. */
export function placeOf(version: StoredVersion): Pick<Finding, 'key' | 'versionId' | 'prev'> {
  const { object, versionId } = version;
  return { key: formatObjectKey(object), versionId, prev: object.prev };
}

async function undefinedWhenAbsent<T>(work: () => Promise<T>): Promise<T | undefined> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ArchiveError && ABSENT_CODES.has(error.code)) return undefined;
      const isWorthARetry = error instanceof ArchiveError && error.transient && tries < MAX_TRIES;
      if (!isWorthARetry) throw error;
      await pauseFor(FIRST_PAUSE_MS * 2 ** (tries - 1));
    }
  }
}

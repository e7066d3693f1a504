// One digest of everything listed before a tree size: keys, versions, sizes, times, delete markers. Equal digests say that
// nothing was added, removed or laid over there, so that what was verified once need not be read again.
import { createHash } from 'node:crypto';
import { formatObjectKey } from '../merkle/object-key.ts';
import type { Group, StoredVersion } from './inventory.ts';

export interface ListingDigest {
  /** Takes groups in ascending order of `prev`. */
  add(group: Group): void;
  /** base64, of all groups so far. */
  soFar(): string;
}

export function createListingDigest(): ListingDigest {
  const hash = createHash('sha256');
  return {
    add({ batch, blob, seal, checkpoint, overflow }) {
      for (const versions of [batch, blob, seal, checkpoint]) {
        // The order of versions with one time is the store's whim.
        hash.update(versions.map(toText).sort().join(''));
      }
      hash.update(`${[...overflow].sort().join(' ')}\n`);
    },
    soFar: () => hash.copy().digest('base64'),
  };
}

function toText({ object, versionId, sizeBytes, lastModifiedMs, isDeleteMarker }: StoredVersion): string {
  return `${formatObjectKey(object)} ${JSON.stringify(versionId)} ${sizeBytes} ${lastModifiedMs} ${isDeleteMarker}\n`;
}

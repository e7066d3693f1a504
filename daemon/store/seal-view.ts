// What the sealer reads of the log: batches on their way, the tree's roots, and where the log was archived last.
import type { Hash } from '../merkle/hash.ts';
import { rootAt } from '../merkle/proof.ts';
import { createBatches, type Batches } from './batches.ts';
import type { Sqlite } from './database.ts';
import { createEntries } from './entries.ts';
import { readLastArchive } from './queries-evidence.ts';

export interface SealView {
  readonly batches: Pick<Batches, 'unfinished' | 'at' | 'blobLengths' | 'blob' | 'frozenSize' | 'outlines'>;
  /** Records in the log now. */
  size(): number;
  /** The tree's root at a size that it has reached. */
  rootAt(size: number): Hash;
  /** The place that the newest receipt of the log names; undefined before any. */
  lastArchive(): string | undefined;
}

export function createSealView(database: Sqlite): SealView {
  const entries = createEntries(database);
  return {
    batches: createBatches(database),
    size: () => entries.size(),
    rootAt: (size) => rootAt(size, entries.nodes()),
    lastArchive: () => readLastArchive(database),
  };
}

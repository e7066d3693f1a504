// What proves one leaf: the batch it was sealed in, the checkpoint over it, what the archive answered. Facts of the
// local database; `stateseal verify` checks them against the archive.
import { encodeBase64 } from '../merkle/base64.ts';
import { parseNote } from '../merkle/note.ts';
import type { BatchPhase, Batches } from './batches.ts';
import type { Sqlite } from './database.ts';
import { parseRecord } from '../record/record.ts';
import { numberAt, objectsAt, textAt } from './queries-fields.ts';
import type { ReadRecord } from './queries-read.ts';

export interface ArchiveReceipt {
  readonly key: string;
  readonly versionId: string;
  readonly mode: string;
  readonly retainUntil: string;
  readonly lastModified: string;
}

export interface Evidence {
  readonly leafIndex: number;
  /** Undefined while the leaf is not sealed. */
  readonly batch: SealedBatch | undefined;
}

export interface SealedBatch {
  readonly prev: number;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly phase: BatchPhase;
  readonly sealedMs: number;
  /** Key ids of the checkpoint's signatures; [] while it is not signed. */
  readonly keyIds: readonly string[];
  /** Undefined while the log holds no receipt for the batch. */
  readonly archived: ArchivedBatch | undefined;
}

export interface ArchivedBatch {
  readonly leafIndex: number;
  readonly archive: string;
  readonly time: string;
  readonly objects: readonly ArchiveReceipt[];
}

export type FindEvidence = (leafIndex: number) => Evidence;

/** The archive that the newest receipt of the log names; undefined when there is none. */
export function readLastArchive(database: Sqlite): string | undefined {
  const line = database
    .prepare<[], Buffer>(
      `SELECT line FROM entry JOIN record_index USING (leaf_index)
       WHERE type = 'batch.archived' ORDER BY leaf_index DESC LIMIT 1`,
    )
    .pluck()
    .get();
  return line === undefined ? undefined : textAt(parseRecord(line).data, 'archive');
}

export function createFindEvidence(database: Sqlite, batches: Batches, readRecord: ReadRecord): FindEvidence {
  const receipts = database
    .prepare<[number]>(
      "SELECT leaf_index FROM record_index WHERE type = 'batch.archived' AND leaf_index >= ? ORDER BY leaf_index",
    )
    .pluck();

  const archivedAt = (prev: number, size: number): ArchivedBatch | undefined => {
    for (const leafIndex of receipts.all(size) as number[]) {
      const record = readRecord(leafIndex)?.record;
      if (record === undefined || numberAt(record.data, 'prev') !== prev) continue;
      const objects = objectsAt(record.data, 'objects').map((object) => ({
        key: textAt(object, 'key'),
        versionId: textAt(object, 'versionId'),
        mode: textAt(object, 'mode'),
        retainUntil: textAt(object, 'retainUntil'),
        lastModified: textAt(object, 'lastModified'),
      }));
      return { leafIndex, archive: textAt(record.data, 'archive'), time: record.time, objects };
    }
    return undefined;
  };

  return (leafIndex) => {
    const batch = batches.covering(leafIndex);
    if (batch === undefined) return { leafIndex, batch: undefined };
    const { prev, size, root, phase, frozenMs, checkpoint } = batch;
    return {
      leafIndex,
      batch: {
        prev,
        size,
        root: encodeBase64(root),
        phase,
        sealedMs: frozenMs,
        keyIds: checkpoint === undefined ? [] : parseNote(Buffer.from(checkpoint)).signatures.map(({ keyId }) => keyId),
        archived: archivedAt(prev, size),
      },
    };
  };
}

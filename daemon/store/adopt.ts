// A sealed batch from an archive, taken into a database as the recorder that sealed it left it there. The caller has
// verified every byte.
import type { Hash } from '../merkle/hash.ts';
import type { KeptLine } from '../merkle/manifest.ts';
import { createBatches, type BatchPhase } from './batches.ts';
import type { Sqlite } from './database.ts';
import { createEntries } from './entries.ts';

export interface AdoptedBatch {
  readonly prev: number;
  readonly size: number;
  readonly root: Hash;
  /** The signed notes, verbatim. */
  readonly manifest: string;
  readonly checkpoint: string | undefined;
  readonly leaves: readonly Hash[];
  /** The stored batch and its lines; undefined when its content has expired. */
  readonly body: Uint8Array | undefined;
  readonly bodySha256: string;
  readonly lines: readonly Uint8Array[] | undefined;
  /** Lines that outlive their batch. */
  readonly kept: readonly KeptLine[];
  readonly blobs: readonly { readonly sha256: string; readonly body: Uint8Array }[];
  readonly sealedMs: number;
  readonly phase: BatchPhase;
}

export type Adopt = (batch: AdoptedBatch) => void;

/** One transaction per batch, in the order of the log. */
export function createAdopt(database: Sqlite): Adopt {
  const entries = createEntries(database);
  const batches = createBatches(database);
  const adopt = (batch: AdoptedBatch): void => {
    const { prev, size, lines, checkpoint } = batch;
    const kept = new Map(batch.kept.map(({ leafIndex, line }) => [leafIndex, Buffer.from(line)]));
    entries.adopt(
      batch.leaves.map((leafHash, offset) => ({
        line: toBuffer(lines?.[offset] ?? kept.get(prev + offset)),
        leafHash: toBuffer(leafHash),
      })),
    );
    for (const { sha256, body } of batch.blobs) batches.addBlob({ sha256, leafIndex: prev, body: toBuffer(body) });
    batches.insert({
      prev,
      size,
      root: toBuffer(batch.root),
      body: toBuffer(batch.body),
      bodySha256: batch.bodySha256,
      manifest: batch.manifest,
      checkpoint: undefined,
      phase: batch.phase,
      frozenMs: batch.sealedMs,
    });
    if (checkpoint === undefined) return;
    batches.setCheckpoint(prev, checkpoint);
    batches.setPhase(prev, batch.phase, batch.phase === 'published' ? batch.sealedMs : undefined);
  };
  return (batch) => database.transaction(adopt).immediate(batch);
}

function toBuffer(bytes: Uint8Array | undefined): Buffer {
  return bytes === undefined ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

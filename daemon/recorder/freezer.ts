// Freezing: the unsealed lines become one batch with its exact bytes and its signed manifest, in one transaction.
// From then on these bytes are the only ones this log will ever send for that `prev`.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { IntegrityError } from '../errors.ts';
import { formatCheckpoint } from '../merkle/checkpoint.ts';
import { equalHashes } from '../merkle/hash.ts';
import { formatManifest, type KeptLine, type Manifest } from '../merkle/manifest.ts';
import { signNote, type Signer } from '../merkle/note.ts';
import { readEdge, rootAt } from '../merkle/proof.ts';
import { guarded, type Sqlite } from '../store/database.ts';
import type { Batch, Batches } from '../store/batches.ts';
import type { Entries } from '../store/entries.ts';

export interface FreezeLimits {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

export interface Freezer {
  /** Freezes the next batch, or undefined when every record is frozen. */
  freeze(nowMs: number): Batch | undefined;
  /** Signs and stores the checkpoint of a committed batch: this root for this size, for ever. */
  signCheckpoint(prev: number): string;
}

export interface FreezerParts {
  readonly database: Sqlite;
  readonly entries: Entries;
  readonly batches: Batches;
  readonly signer: Signer;
  readonly limits: FreezeLimits;
  readonly contentDays: number;
}

/** Types whose lines outlive their batch inside the manifest. `type` is the last member of every line. */
const KEPT = /"type":"io\.stateseal\.log\.(?:created|configured|keyrotated)"\}$/;

export function createFreezer(parts: FreezerParts): Freezer {
  const { database, entries, batches, signer } = parts;
  return {
    freeze: (nowMs) =>
      guarded('freeze a batch', () =>
        database
          .transaction(() => {
            const batch = nextBatch(parts, nowMs);
            if (batch) batches.insert(batch);
            return batch;
          })
          .immediate(),
      ),
    signCheckpoint: (prev) =>
      guarded('store a checkpoint', () =>
        database
          .transaction(() => {
            const batch = batches.at(prev);
            if (batch === undefined) throw contradiction(`expected a frozen batch at ${prev}, got none`);
            if (batch.checkpoint !== undefined) return batch.checkpoint;
            const root = rootAt(batch.size, entries.nodes());
            if (!equalHashes(root, batch.root)) throw contradiction(`expected the frozen root at size ${batch.size}`);
            const note = signNote(formatCheckpoint({ origin: signer.name, size: batch.size, root }), [signer]);
            batches.setCheckpoint(prev, note);
            return note;
          })
          .immediate(),
      ),
  };
}

function contradiction(message: string): IntegrityError {
  return new IntegrityError('log-contradiction', message, {
    hint: 'the database was altered or damaged: stop, keep a copy, run stateseal verify',
  });
}

function nextBatch({ entries, batches, limits, signer, contentDays }: FreezerParts, nowMs: number): Batch | undefined {
  const prev = batches.frozenSize();
  const { lines, leaves, kept } = collect(entries, prev, limits);
  if (lines.length === 0) return undefined;
  const size = prev + leaves.length;
  const content = Buffer.concat(lines);
  const body = compressBatch(content);
  const bodySha256 = createHash('sha256').update(body).digest('hex');
  const nodes = entries.nodes();
  const root = Buffer.from(rootAt(size, nodes));
  const manifest: Manifest = {
    origin: signer.name,
    prev,
    size,
    root,
    batch: { sha256: bodySha256, storedBytes: body.length, lineBytes: content.length },
    contentDays,
    edge: readEdge(prev, nodes).hashes,
    blobs: batches.blobLengths(prev, size),
    kept,
    leaves,
  };
  return {
    prev,
    size,
    root,
    body,
    bodySha256,
    manifest: signNote(formatManifest(manifest), [signer]),
    checkpoint: undefined,
    phase: 'frozen',
    frozenMs: nowMs,
  };
}

function collect(entries: Entries, prev: number, limits: FreezeLimits) {
  const lines: Buffer[] = [];
  const leaves: Buffer[] = [];
  const kept: KeptLine[] = [];
  let bytes = 0;
  for (const entry of entries.range(prev, prev + limits.maxRecords)) {
    if (bytes > 0 && bytes + entry.line.length > limits.maxBytes) break;
    bytes += entry.line.length + 1;
    lines.push(entry.line, NEWLINE);
    leaves.push(entry.leafHash);
    const head = entry.line.toString('utf8');
    if (KEPT.test(head)) kept.push({ leafIndex: entry.leafIndex, line: head });
  }
  return { lines, leaves, kept };
}

const NEWLINE = Buffer.from('\n');

/** One gzip member with a fixed header (no time, no name, unknown system): equal lines give equal bytes. */
function compressBatch(content: Buffer): Buffer {
  const body = gzipSync(content, { level: 6 });
  body.fill(0, 4, 8);
  body[9] = 255;
  return body;
}

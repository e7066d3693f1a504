// Frozen batches and how far each has come on its way to the archive; blobs waiting with them.
import type { Sqlite } from './database.ts';

/** frozen → content (blobs and batch stored) → committed (manifest stored) → signed → published. */
export type BatchPhase = 'frozen' | 'content' | 'committed' | 'signed' | 'published';

export interface Batch {
  readonly prev: number;
  readonly size: number;
  readonly root: Buffer;
  /** The exact bytes of batch/<prev>.ndjson.gz. */
  readonly body: Buffer;
  readonly bodySha256: string;
  /** Signed note. */
  readonly manifest: string;
  /** Signed note, from phase 'signed' on. */
  readonly checkpoint: string | undefined;
  readonly phase: BatchPhase;
  readonly frozenMs: number;
}

export interface StoredBlob {
  readonly sha256: string;
  readonly leafIndex: number;
  readonly body: Buffer;
}

export interface Batches {
  /** Size covered by the newest frozen batch; 0 when there is none. */
  frozenSize(): number;
  insert(batch: Batch): void;
  /** The `prev` of each batch that is not published yet, oldest first: their bodies may be many. */
  unfinished(): readonly number[];
  newest(): Batch | undefined;
  newestSigned(): Batch | undefined;
  /** The batch that holds a leaf. */
  covering(leafIndex: number): Batch | undefined;
  at(prev: number): Batch | undefined;
  count(): number;
  /** Sizes, phases and times of all batches, without bodies, oldest first. */
  outlines(): readonly BatchOutline[];
  setPhase(prev: number, phase: BatchPhase, archivedMs?: number): void;
  /** Every published batch is to be sent again, as the same bytes: the archive is another one. */
  resend(): void;
  setCheckpoint(prev: number, checkpoint: string): void;
  addBlob(blob: StoredBlob): void;
  blobs(from: number, to: number): readonly StoredBlob[];
  /** Each digest once, ascending, with the length of its body. */
  blobLengths(from: number, to: number): readonly { readonly sha256: string; readonly storedBytes: number }[];
  blob(sha256: string): Buffer | undefined;
}

export interface BatchOutline {
  readonly prev: number;
  readonly size: number;
  readonly phase: BatchPhase;
  readonly frozenMs: number;
  readonly archivedMs: number | undefined;
}

interface Row {
  readonly prev: number;
  readonly size: number;
  readonly root: Buffer;
  readonly body: Buffer;
  readonly body_sha256: string;
  readonly manifest: string;
  readonly checkpoint: string | null;
  readonly phase: BatchPhase;
  readonly frozen_ms: number;
  readonly archived_ms: number | null;
}

export function createBatches(database: Sqlite): Batches {
  const one = (sql: string) => {
    const statement = database.prepare<number[], Row>(sql);
    return (...parameters: number[]): Batch | undefined => toBatch(statement.get(...parameters));
  };
  const insert = database.prepare(
    `INSERT INTO batch (prev, size, root, body, body_sha256, manifest, phase, frozen_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const unfinished = database
    .prepare<[], number>("SELECT prev FROM batch WHERE phase <> 'published' ORDER BY prev")
    .pluck();
  const newest = one('SELECT * FROM batch ORDER BY prev DESC LIMIT 1');
  const addBlob = database.prepare('INSERT OR IGNORE INTO blob (sha256, leaf_index, body) VALUES (?, ?, ?)');
  const blobs = database.prepare<[number, number], { sha256: string; leaf_index: number; body: Buffer }>(
    'SELECT * FROM blob WHERE leaf_index >= ? AND leaf_index < ? ORDER BY sha256, leaf_index',
  );
  const blobLengths = database.prepare<[number, number], { sha256: string; storedBytes: number }>(
    `SELECT sha256, max(length(body)) AS storedBytes FROM blob
     WHERE leaf_index >= ? AND leaf_index < ? GROUP BY sha256 ORDER BY sha256`,
  );
  const blob = database.prepare<[string], { body: Buffer }>('SELECT body FROM blob WHERE sha256 = ? LIMIT 1');
  const setPhase = database.prepare(
    'UPDATE batch SET phase = ?, archived_ms = coalesce(?, archived_ms) WHERE prev = ?',
  );
  const resend = database.prepare("UPDATE batch SET phase = 'signed' WHERE phase = 'published'");
  const setCheckpoint = database.prepare(
    "UPDATE batch SET checkpoint = ?, phase = 'signed' WHERE prev = ? AND checkpoint IS NULL",
  );
  const outlines = database.prepare<[], Row>(
    'SELECT prev, size, phase, frozen_ms, archived_ms FROM batch ORDER BY prev',
  );
  const count = database.prepare<[], { n: number }>('SELECT count(*) AS n FROM batch');
  const frozenSize = database.prepare<[], { n: number | null }>('SELECT max(size) AS n FROM batch');

  return {
    frozenSize: () => frozenSize.get()?.n ?? 0,
    insert: (batch) => {
      insert.run(
        batch.prev,
        batch.size,
        batch.root,
        batch.body,
        batch.bodySha256,
        batch.manifest,
        batch.phase,
        batch.frozenMs,
      );
    },
    unfinished: () => unfinished.all(),
    newest,
    newestSigned: one('SELECT * FROM batch WHERE checkpoint IS NOT NULL ORDER BY prev DESC LIMIT 1'),
    covering: (leafIndex) =>
      one('SELECT * FROM batch WHERE prev <= ? AND size > ? ORDER BY prev DESC LIMIT 1')(leafIndex, leafIndex),
    at: one('SELECT * FROM batch WHERE prev = ?'),
    count: () => count.get()?.n ?? 0,
    outlines: () => outlines.all().map(toOutline),
    setPhase: (prev, phase, archivedMs) => void setPhase.run(phase, archivedMs ?? null, prev),
    resend: () => void resend.run(),
    setCheckpoint: (prev, checkpoint) => void setCheckpoint.run(checkpoint, prev),
    addBlob: (stored) => void addBlob.run(stored.sha256, stored.leafIndex, stored.body),
    blobs: (from, to) =>
      blobs.all(from, to).map((row) => ({ sha256: row.sha256, leafIndex: row.leaf_index, body: row.body })),
    blobLengths: (from, to) => blobLengths.all(from, to),
    blob: (sha256) => blob.get(sha256)?.body,
  };
}

function toBatch(row: Row | undefined): Batch | undefined {
  if (row === undefined) return undefined;
  return {
    prev: row.prev,
    size: row.size,
    root: row.root,
    body: row.body,
    bodySha256: row.body_sha256,
    manifest: row.manifest,
    checkpoint: row.checkpoint ?? undefined,
    phase: row.phase,
    frozenMs: row.frozen_ms,
  };
}

function toOutline(row: Row): BatchOutline {
  return {
    prev: row.prev,
    size: row.size,
    phase: row.phase,
    frozenMs: row.frozen_ms,
    archivedMs: row.archived_ms ?? undefined,
  };
}

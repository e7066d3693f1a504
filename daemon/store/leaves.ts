// The log as leaves in index order: lines as they stand, and the signed checkpoint that covers each of them.
import type { Sqlite } from './database.ts';

/** One leaf: its index in the tree and the exact bytes of its line, without newline. */
export interface Leaf {
  readonly index: number;
  /** Empty when its content has expired. */
  readonly line: Uint8Array;
}

/** Which leaves to list: indexes [from, to), and equal type and state where given. */
export interface LeafFilter {
  readonly from: number;
  readonly to: number;
  /** Record type without the "io.stateseal." prefix. */
  readonly type: string | undefined;
  /** State id or state name. */
  readonly state: string | undefined;
}

/** A checkpoint as it was signed: the note's exact text. */
export interface SignedCheckpoint {
  readonly size: number;
  readonly note: string;
}

/** 'open': no batch holds the leaf yet. 'frozen': its batch is on the way and has no signed checkpoint yet. */
export type Seal = SignedCheckpoint | 'open' | 'frozen';

export interface Leaves {
  /** Leaf index of the record with this id. */
  indexOf(id: string): number | undefined;
  /** In index order, at most `limit`. */
  list(filter: LeafFilter, limit: number): readonly Leaf[];
  /** The first signed checkpoint that covers the leaf: it never changes once it is there. */
  sealOf(index: number): Seal;
  newestCheckpoint(): SignedCheckpoint | undefined;
  /** Signed checkpoints of sizes below `before`, newest first. */
  checkpoints(before: number, limit: number): readonly SignedCheckpoint[];
}

export function createLeaves(database: Sqlite): Leaves {
  const idToIndex = database.prepare<[string], number>('SELECT leaf_index FROM record_index WHERE id = ?').pluck();
  const list = createListing(database);
  // Without the bodies of batches, which can be megabytes.
  const covering = database.prepare<[number, number], { readonly size: number; readonly note: string | null }>(
    'SELECT size, checkpoint AS note FROM batch WHERE prev <= ? AND size > ? ORDER BY prev DESC LIMIT 1',
  );
  const signed = database.prepare<[number, number], SignedCheckpoint>(
    'SELECT size, checkpoint AS note FROM batch WHERE checkpoint IS NOT NULL AND size < ? ORDER BY prev DESC LIMIT ?',
  );
  const checkpoints = (before: number, limit: number): readonly SignedCheckpoint[] => signed.all(before, limit);
  return {
    indexOf: (id) => idToIndex.get(id),
    list,
    sealOf(index) {
      const row = covering.get(index, index);
      if (row === undefined) return 'open';
      return row.note === null ? 'frozen' : { size: row.size, note: row.note };
    },
    newestCheckpoint: () => checkpoints(Number.MAX_SAFE_INTEGER, 1)[0],
    checkpoints,
  };
}

/** Which index SQLite walks depends on what is asked, so each form has its own SQL. */
function createListing(database: Sqlite): Leaves['list'] {
  const columns = 'entry.leaf_index AS "index", line';
  const range = 'leaf_index >= @from AND leaf_index < @to';
  const ofState = 'state_id IN (SELECT id FROM state WHERE id = @state OR name = @state)';
  type Asked = LeafFilter & { readonly limit: number };
  const indexed = (where: string) =>
    database.prepare<[Asked], Leaf>(
      `SELECT ${columns} FROM (SELECT leaf_index FROM record_index WHERE ${where} AND ${range} ORDER BY leaf_index LIMIT @limit)
       JOIN entry USING (leaf_index) ORDER BY leaf_index`,
    );
  const all = database.prepare<[Asked], Leaf>(
    `SELECT ${columns} FROM entry WHERE ${range} ORDER BY leaf_index LIMIT @limit`,
  );
  const byType = indexed('type = @type');
  const byState = indexed(ofState);
  const byBoth = indexed(`type = @type AND ${ofState}`);
  return (filter, limit) => {
    const asked = { ...filter, limit };
    if (filter.state === undefined) return (filter.type === undefined ? all : byType).all(asked);
    return (filter.type === undefined ? byState : byBoth).all(asked);
  };
}

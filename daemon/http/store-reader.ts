// The LogReader over the recorder's SQLite file, through a connection of its own that can only read.
import { openDatabaseReadOnly, guarded, type Sqlite } from '../store/database.ts';
import { createEntries } from '../store/entries.ts';
import { inclusionProof } from '../merkle/proof.ts';
import type { EntryFilter, LogEntry, LogReader, Seal, SignedCheckpoint } from './log-reader.ts';

export interface StoreReader extends LogReader {
  close(): void;
}

/** Opens the database of a running or stopped recorder. Throws StoreError or ConfigError, as do the reader's methods. */
export function openStoreReader(databasePath: string): StoreReader {
  const database = openDatabaseReadOnly(databasePath);
  const entries = createEntries(database);
  const reading = <T>(work: () => T): T => guarded('read the log', work);
  const idToIndex = database.prepare<[string], number>('SELECT leaf_index FROM record_index WHERE id = ?').pluck();
  const listed = createListing(database);
  const seals = createSeals(database);
  return {
    size: () => reading(() => entries.size()),
    entry: (index) => reading(() => toLogEntry(entries.read(index))),
    indexOf: (id) => reading(() => idToIndex.get(id)),
    entries: (filter) => guardedRows(listed(filter)),
    sealOf: (index) => reading(() => seals.of(index)),
    newestCheckpoint: () => reading(() => seals.newest()),
    inclusionProof: (index, size) => reading(() => inclusionProof(index, size, entries.nodes())),
    close: () => void database.close(),
  };
}

function toLogEntry(
  entry: { readonly leafIndex: number; readonly line: Uint8Array } | undefined,
): LogEntry | undefined {
  return entry && { index: entry.leafIndex, line: entry.line };
}

/** Reads page by page in index order; which index SQLite walks depends on what is asked, so each form has its own SQL. */
function createListing(database: Sqlite): (filter: EntryFilter) => IterableIterator<LogEntry> {
  const columns = 'entry.leaf_index AS "index", line';
  const range = 'leaf_index >= @from AND leaf_index < @to';
  const ofState = 'state_id IN (SELECT id FROM state WHERE id = @state OR name = @state)';
  const indexed = (where: string): string =>
    `SELECT ${columns} FROM (SELECT leaf_index FROM record_index WHERE ${where} AND ${range} ORDER BY leaf_index)
     JOIN entry USING (leaf_index) ORDER BY leaf_index`;
  const all = database.prepare<[EntryFilter], LogEntry>(
    `SELECT ${columns} FROM entry WHERE ${range} ORDER BY leaf_index`,
  );
  const byType = database.prepare<[EntryFilter], LogEntry>(indexed('type = @type'));
  const byState = database.prepare<[EntryFilter], LogEntry>(indexed(ofState));
  const byBoth = database.prepare<[EntryFilter], LogEntry>(indexed(`type = @type AND ${ofState}`));
  return (filter) => {
    if (filter.state === undefined) return (filter.type === undefined ? all : byType).iterate(filter);
    return (filter.type === undefined ? byState : byBoth).iterate(filter);
  };
}

function* guardedRows(rows: IterableIterator<LogEntry>): Generator<LogEntry> {
  try {
    for (;;) {
      const step = guarded('read the log', () => rows.next());
      if (step.done === true) return;
      yield step.value;
    }
  } finally {
    // A caller that stops early frees the statement, else the connection stays busy.
    rows.return?.();
  }
}

/** Batches without their bodies, which can be megabytes. */
function createSeals(database: Sqlite): { of(index: number): Seal; newest(): SignedCheckpoint | undefined } {
  interface Row {
    readonly size: number;
    readonly note: string | null;
  }
  const covering = database.prepare<[number, number], Row>(
    'SELECT size, checkpoint AS note FROM batch WHERE prev <= ? AND size > ? ORDER BY prev DESC LIMIT 1',
  );
  const newest = database.prepare<[], SignedCheckpoint>(
    'SELECT size, checkpoint AS note FROM batch WHERE checkpoint IS NOT NULL ORDER BY prev DESC LIMIT 1',
  );
  return {
    of: (index) => {
      const row = covering.get(index, index);
      if (row === undefined) return 'open';
      return row.note === null ? 'frozen' : { size: row.size, note: row.note };
    },
    newest: () => newest.get(),
  };
}

// The log as the HTTP API needs it: a port, declared beside its user. The adapter over SQLite is store-reader.ts;
// a reader over an archive can take its place. Nothing here knows of requests.

/** One leaf: its index in the tree and the exact bytes of its line, without newline. */
export interface LogEntry {
  readonly index: number;
  readonly line: Uint8Array;
}

/** Which leaves to list: indexes [from, to), and equal type and state where given. */
export interface EntryFilter {
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

/**
 * Contract:
 * - Every method is synchronous and only reads; what it returns was durable when it was read.
 * - `entries` yields in index order, one at a time; a caller may stop early.
 * - `sealOf` answers the first signed checkpoint that covers the leaf. It never changes once it is there.
 * - `inclusionProof` is RFC 6962 §2.1.1 for `index` < `size` <= size().
 * - Failures are StoreError or IntegrityError.
 */
export interface LogReader {
  /** Leaves in the log now, sealed or not. */
  size(): number;
  entry(index: number): LogEntry | undefined;
  /** Leaf index of the record with this id. */
  indexOf(id: string): number | undefined;
  entries(filter: EntryFilter): Iterable<LogEntry>;
  sealOf(index: number): Seal;
  newestCheckpoint(): SignedCheckpoint | undefined;
  inclusionProof(index: number, size: number): readonly Uint8Array[];
}

// The log's lines, their leaf hashes and the hashes of full tiles. Append-only: no statement here updates or deletes.
import type { Sqlite } from './database.ts';
import { leafHash, nodeHash, type Hash } from '../merkle/hash.ts';
import { readerFromTiles, type NodeReader } from '../merkle/proof.ts';

const TILE_WIDTH = 256;

export interface Entry {
  readonly leafIndex: number;
  /** Empty when the content had expired before it could be restored: the leaf hash is all that is left. */
  readonly line: Buffer;
  readonly leafHash: Buffer;
}

export interface Entries {
  size(): number;
  /** Appends lines in order and returns the index of the first. Runs inside the caller's transaction. */
  append(lines: readonly string[]): number;
  /** The same for lines that exist already; their hashes are the caller's word. */
  adopt(entries: readonly { readonly line: Uint8Array; readonly leafHash: Hash }[]): void;
  read(leafIndex: number): Entry | undefined;
  /** Lines [from, to), oldest first, one at a time. */
  range(from: number, to: number): IterableIterator<Entry>;
  leafHashes(from: number, to: number): Buffer[];
  /** Hashes of the leaf tile or node tile `position` of tile level `level` (0 = leaves), as far as they exist. */
  tile(level: number, position: number): Buffer;
  nodes(): NodeReader;
}

export function createEntries(database: Sqlite): Entries {
  const countAll = database.prepare<[], { n: number | null }>('SELECT max(leaf_index) AS n FROM entry');
  const readOne = database.prepare<[number], Row>('SELECT * FROM entry WHERE leaf_index = ?');
  const readRange = database.prepare<[number, number], Row>(
    'SELECT * FROM entry WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index',
  );
  const hashes = database
    .prepare<[number, number]>(
      'SELECT leaf_hash FROM entry WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index',
    )
    .pluck();
  const nodes = database
    .prepare<[number, number, number]>(
      'SELECT hash FROM node WHERE level = ? AND position >= ? AND position < ? ORDER BY position',
    )
    .pluck();

  const size = (): number => (countAll.get()?.n ?? -1) + 1;
  const leafHashes = (from: number, to: number): Buffer[] => hashes.all(from, to) as Buffer[];
  const tileHashes = (level: number, position: number): Buffer[] => {
    const from = position * TILE_WIDTH;
    if (level === 0) return leafHashes(from, from + TILE_WIDTH);
    return nodes.all(level * 8, from, from + TILE_WIDTH) as Buffer[];
  };
  const tile = (level: number, position: number): Buffer => Buffer.concat(tileHashes(level, position));
  const adopt = createAdopt(database, size, tileHashes);

  return {
    size,
    append(lines) {
      const first = size();
      adopt(lines.map(toHashed));
      return first;
    },
    adopt,
    read: (leafIndex) => toEntry(readOne.get(leafIndex)),
    *range(from, to) {
      for (const row of readRange.iterate(from, to)) {
        yield { leafIndex: row.leaf_index, line: row.line, leafHash: row.leaf_hash };
      }
    },
    leafHashes,
    tile,
    nodes: () => readerFromTiles(tile),
  };
}

interface Row {
  readonly leaf_index: number;
  readonly line: Buffer;
  readonly leaf_hash: Buffer;
}

function toHashed(text: string): { readonly line: Buffer; readonly leafHash: Hash } {
  const line = Buffer.from(text);
  return { line, leafHash: leafHash(line) };
}

function toEntry(row: Row | undefined): Entry | undefined {
  return row && { leafIndex: row.leaf_index, line: row.line, leafHash: row.leaf_hash };
}

function createAdopt(
  database: Sqlite,
  size: () => number,
  tileHashes: (level: number, position: number) => Buffer[],
): Entries['adopt'] {
  const insert = database.prepare('INSERT INTO entry (leaf_index, line, leaf_hash) VALUES (?, ?, ?)');
  const insertNode = database.prepare('INSERT INTO node (level, position, hash) VALUES (?, ?, ?)');

  const completeTiles = (leafCount: number): void => {
    let level = 0;
    let count = leafCount;
    while (count > 0 && count % TILE_WIDTH === 0) {
      const position = count / TILE_WIDTH - 1;
      insertNode.run((level + 1) * 8, position, perfectRoot(tileHashes(level, position)));
      count /= TILE_WIDTH;
      level += 1;
    }
  };

  return (entries) => {
    const first = size();
    entries.forEach(({ line, leafHash: hash }, offset) => {
      insert.run(first + offset, line, hash);
      completeTiles(first + offset + 1);
    });
  };
}

/** Root of a full tile: 256 hashes. */
function perfectRoot(hashes: readonly Hash[]): Hash {
  let row: Hash[] = [...hashes];
  while (row.length > 1) {
    row = Array.from({ length: row.length / 2 }, (_, pair) => nodeHash(at(row, 2 * pair), at(row, 2 * pair + 1)));
  }
  return at(row, 0);
}

function at(row: readonly Hash[], index: number): Hash {
  const hash = row[index];
  if (hash === undefined) throw new RangeError(`expected a hash at ${index}, got none`);
  return hash;
}

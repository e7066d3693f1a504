// A log of plain lines in a real database, as the recorder lays it out, and a Merkle tree of its own (RFC 6962 §2.1), so
// that what the server answers is checked against a second computation.
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabase, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';

export function sampleLine(index: number, type = 'state.changed', state = 'network'): string {
  return JSON.stringify({
    data: { state: { id: `id-${state}`, name: state } },
    id: sampleId(index),
    source: 'dir:a/terraform.tfstate',
    specversion: '1.0',
    type: `io.stateseal.${type}`,
  });
}

export function sampleId(index: number): string {
  return `01970000-0000-7000-8000-${String(index).padStart(12, '0')}`;
}

export interface LeafLog {
  readonly folder: string;
  readonly database: Sqlite;
  /** Of sampleLine's form; anything else is in the log and in no index. */
  append(lines: readonly string[]): void;
  /** Puts other bytes where a line stands, as somebody with the file would. */
  alter(index: number, bytes: Uint8Array): void;
  /** Puts everything up to `size` into one batch. */
  freeze(size: number): void;
  /** Signs the newest batch with any text. */
  sign(note: string): void;
  close(): void;
}

export function openLeafLog(lines: readonly string[]): LeafLog {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-http-'));
  const database = openDatabase(join(folder, 'log.sqlite'));
  const batches = createBatches(database);
  for (const name of ['network', 'dns']) {
    database
      .prepare("INSERT INTO state VALUES (?, ?, ?, '', 'clear', '', '', '', '', '', 'state', 0, 0, '', '', '')")
      .run(`id-${name}`, name, `dir:${name}`);
  }
  const log: LeafLog = {
    folder,
    database,
    append: (added) => appendLines(database, added),
    alter: (index, bytes) => {
      database.prepare('UPDATE entry SET line = ? WHERE leaf_index = ?').run(bytes, index);
    },
    freeze(size) {
      const empty = Buffer.alloc(0);
      const rest = { root: empty, body: empty, bodySha256: '', manifest: '', phase: 'frozen', frozenMs: 0 } as const;
      batches.insert({ prev: batches.frozenSize(), size, checkpoint: undefined, ...rest });
    },
    sign: (note) => batches.setCheckpoint(batches.newest()?.prev ?? 0, note),
    close() {
      database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  log.append(lines);
  return log;
}

function appendLines(database: Sqlite, lines: readonly string[]): void {
  const insert = database.prepare("INSERT INTO record_index VALUES (?, ?, ?, ?, '', '', 0, 0)");
  database.transaction(() => {
    const first = createEntries(database).append(lines);
    for (const [offset, text] of lines.entries()) {
      const { id, type, data } = JSON.parse(text) as { id?: string; type?: string; data?: { state?: { id: string } } };
      if (id === undefined) continue;
      insert.run(first + offset, id, type?.replace('io.stateseal.', ''), data?.state?.id ?? '');
    }
  })();
}

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return digest(Buffer.from([0]), only);
  const split = splitAt(leaves.length);
  return digest(Buffer.from([1]), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** RFC 9162 §2.1.3.2, written from the specification: the root that a proof leads to. */
export function rootOfProof(line: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Uint8Array {
  let [node, last] = [index, size - 1];
  let hash = digest(Buffer.from([0]), line);
  for (const sibling of proof) {
    if (node % 2 === 1 || node === last) {
      hash = digest(Buffer.from([1]), sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node >> 1, last >> 1];
    } else {
      hash = digest(Buffer.from([1]), hash, sibling);
    }
    [node, last] = [node >> 1, last >> 1];
  }
  if (last !== 0) throw new Error('the proof is too short');
  return hash;
}

function splitAt(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

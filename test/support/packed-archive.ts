// A read-only archive in one file: hundreds of thousands of objects for the price of one. Behind the port it gives exact
// bytes, from disk, and keeps 20 bytes per object in memory, so that what a reader of it needs is the reader's own.
import { closeSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import type { Archive, ObjectVersion, ObjectLock } from '../../daemon/archive/archive.ts';
import { missingVersion, tooLarge } from '../../daemon/archive/key.ts';
import { batchKey, checkpointKey, parseObjectKey, sealKey } from '../../daemon/merkle/object-key.ts';

const KINDS = ['batch', 'checkpoint', 'seal'] as const;
type Kind = (typeof KINDS)[number];
const KEYS: Readonly<Record<Kind, (prev: number) => string>> = {
  batch: batchKey,
  checkpoint: checkpointKey,
  seal: sealKey,
};
const LAST_MODIFIED = '2026-01-01T00:00:00.000Z';

/** Objects in ascending order of `prev`, each kind once per batch. */
export interface PackedWriter {
  add(prev: number, bodies: Readonly<Record<Kind, Uint8Array>>): void;
  close(): void;
}

export function createPackedArchive(path: string): PackedWriter {
  const file = openSync(path, 'w');
  const rows: number[] = [];
  let offset = 0;
  return {
    add(prev, bodies) {
      rows.push(prev);
      for (const kind of KINDS) {
        writeSync(file, bodies[kind]);
        rows.push(offset, bodies[kind].length);
        offset += bodies[kind].length;
      }
    },
    close() {
      closeSync(file);
      writeFileSync(`${path}.index`, Buffer.from(Float64Array.from(rows).buffer));
    },
  };
}

const ROW_NUMBERS = 1 + 2 * KINDS.length;

export interface PackedArchive extends Archive {
  /** Every object once, for a baseline over the same bytes. */
  bodies(): Generator<{ readonly kind: Kind; readonly body: Uint8Array }>;
}

/** `isWriteOnce` as a store would say: then locks are asked for, too. */
export function openPackedArchive(path: string, folder: string, isWriteOnce: boolean): PackedArchive {
  const file = openSync(path, 'r');
  const index = readFileSync(`${path}.index`);
  const rows = new Float64Array(index.buffer, index.byteOffset, index.length / Float64Array.BYTES_PER_ELEMENT);
  const count = rows.length / ROW_NUMBERS;
  const prevOf = (row: number): number => rows[row * ROW_NUMBERS] ?? Infinity;
  const placeOf = (row: number, kind: Kind): readonly [offset: number, size: number] => {
    const at = row * ROW_NUMBERS + 1 + 2 * KINDS.indexOf(kind);
    return [rows[at] ?? 0, rows[at + 1] ?? 0];
  };
  const find = (key: string): readonly [offset: number, size: number] => {
    const object = parseObjectKey(key.slice(folder.length));
    if (object.kind === 'unknown' || object.kind === 'blob') throw missingVersion(key);
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (prevOf(middle) < object.prev) low = middle + 1;
      else high = middle;
    }
    if (prevOf(low) !== object.prev || object.attempt !== 1) throw missingVersion(key);
    return placeOf(low, object.kind);
  };
  const read = ([offset, size]: readonly [number, number]): Uint8Array => {
    const body = new Uint8Array(size);
    readSync(file, body, 0, size, offset);
    return body;
  };
  const toVersion = (key: string, sizeBytes: number): ObjectVersion => ({
    key,
    versionId: 'v',
    sizeBytes,
    lastModified: LAST_MODIFIED,
    isLatest: true,
    isDeleteMarker: false,
  });
  // The digest is the store's to tell, as AWS does with a HEAD; nobody here asks for it.
  const toObjectLock = (key: string, sizeBytes: number): ObjectLock => {
    const lock = { mode: 'COMPLIANCE' as const, retainUntil: '2036-01-01T00:00:00.000Z' };
    return { key, versionId: 'v', sizeBytes, lastModified: LAST_MODIFIED, ...lock };
  };
  return {
    location: `packed:${path}`,
    isWriteOnce,
    clockSkewMs: 0,
    put: () => Promise.reject(new Error('a packed archive is read-only')),
    versions: (key) => Promise.resolve([toVersion(key, find(key)[1])]),
    async get(key, _versionId, maxBytes = Infinity) {
      await Promise.resolve();
      const place = find(key);
      if (place[1] > maxBytes) throw tooLarge(key, maxBytes);
      return read(place);
    },
    async *list(prefix) {
      for (const kind of KINDS) {
        const [first, last] = [`${folder}${KEYS[kind](0)}`, `${folder}${kind}/`];
        if (!first.startsWith(prefix) && !prefix.startsWith(last)) continue;
        for (let row = 0; row < count; row += 1) {
          const key = `${folder}${KEYS[kind](prevOf(row))}`;
          if (row % 1000 === 0) await Promise.resolve();
          if (key.startsWith(prefix)) yield toVersion(key, placeOf(row, kind)[1]);
        }
      }
    },
    async readLock(key) {
      await Promise.resolve();
      return toObjectLock(key, find(key)[1]);
    },
    close: () => Promise.resolve(closeSync(file)),
    *bodies() {
      for (let row = 0; row < count; row += 1) {
        for (const kind of KINDS) yield { kind, body: read(placeOf(row, kind)) };
      }
    },
  };
}

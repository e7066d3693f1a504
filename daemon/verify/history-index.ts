// What the history says at each batch boundary: the root, and the digest of the manifest. Two hashes and two numbers per
// batch in flat memory, because a log has a hundred thousand batches and more. Pure.
import { HASH_BYTES, type Hash } from '../merkle/hash.ts';

export interface HistoryIndex {
  /** In ascending order of `prev` and `size`. */
  add(prev: number, size: number, root: Hash, textDigest: string): void;
  /** Root of the tree at a batch boundary. */
  rootAt(size: number): Hash | undefined;
  /** SHA-256 of the manifest's text, one character per byte. */
  sealAt(prev: number): string | undefined;
  /** Whether a batch holds the leaf: where a seal is missing, none does. */
  readonly covers: (leafIndex: number) => boolean;
}

const FIRST_ROOM = 256;

export function createHistoryIndex(): HistoryIndex {
  let count = 0;
  let prevs = new Float64Array(FIRST_ROOM);
  let sizes = new Float64Array(FIRST_ROOM);
  let hashes = new Uint8Array(FIRST_ROOM * 2 * HASH_BYTES);
  const grow = (): void => {
    const room = prevs.length * 2;
    prevs = copied(new Float64Array(room), prevs);
    sizes = copied(new Float64Array(room), sizes);
    hashes = copied(new Uint8Array(room * 2 * HASH_BYTES), hashes);
  };
  const hashAt = (row: number): Uint8Array => hashes.subarray(row * HASH_BYTES, (row + 1) * HASH_BYTES);
  return {
    add(prev, size, root, textDigest) {
      if (count === prevs.length) grow();
      prevs[count] = prev;
      sizes[count] = size;
      hashAt(2 * count).set(root);
      hashAt(2 * count + 1).set(Buffer.from(textDigest, 'latin1'));
      count += 1;
    },
    rootAt(size) {
      const row = find(sizes, count, size);
      return row === undefined ? undefined : hashAt(2 * row);
    },
    sealAt(prev) {
      const row = find(prevs, count, prev);
      return row === undefined ? undefined : Buffer.from(hashAt(2 * row + 1)).toString('latin1');
    },
    covers: (leafIndex) => {
      const row = lowerBound(sizes, count, leafIndex + 1);
      return row < count && (prevs[row] ?? Infinity) <= leafIndex;
    },
  };
}

function copied<T extends Float64Array | Uint8Array>(target: T, source: T): T {
  target.set(source);
  return target;
}

function find(values: Float64Array, count: number, wanted: number): number | undefined {
  const row = lowerBound(values, count, wanted);
  return row < count && values[row] === wanted ? row : undefined;
}

/** The first row, among `count` that ascend, whose value is not below `wanted`. */
function lowerBound(values: Float64Array, count: number, wanted: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] ?? Infinity) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

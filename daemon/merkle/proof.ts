// Inclusion and consistency proofs: made from any source of node hashes, checked with nothing but the proof.
// Sources: RFC 6962 §2.1.1–2.1.2 (making), RFC 9162 §2.1.3.2 and §2.1.4.2 (checking). Knows no format, no store.
import { EMPTY_ROOT, equalHashes, HASH_BYTES, isHash, nodeHash, type Hash } from './hash.ts';
import { assertSize, edgeOf, foldRoots, perfectSubtrees, rootOfLeaves, type Edge } from './tree.ts';

/** The hash of the perfect subtree of 2^level leaves from leaf index × 2^level on. Asked only for what exists. */
export type NodeReader = (level: number, index: number) => Hash;

/**
 * The concatenated hashes of tile `tileIndex` of tile level `level8` (0 = leaf hashes, 1 = subtrees of 256 leaves, …),
 * as far as they exist: a partial tile is shorter.
 */
export type TileReader = (level8: number, tileIndex: number) => Uint8Array;

/** Hashes of an inclusion proof, the leaf's sibling first. Throws RangeError unless 0 ≤ leafIndex < size. */
export function inclusionProof(leafIndex: number, size: number, read: NodeReader): Hash[] {
  assertSize(size);
  assertSize(leafIndex);
  if (leafIndex >= size) throw new RangeError(`expected an index below the size ${size}, got ${leafIndex}`);
  const proof: Hash[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitOf(end - begin);
    if (leafIndex < middle) {
      proof.push(rangeRoot(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeRoot(begin, middle, read));
      begin = middle;
    }
  }
  return proof.reverse();
}

/** Hashes of a consistency proof; empty when oldSize is 0 or newSize. Throws RangeError unless oldSize ≤ newSize. */
export function consistencyProof(oldSize: number, newSize: number, read: NodeReader): Hash[] {
  assertSize(oldSize);
  assertSize(newSize);
  if (oldSize > newSize) throw new RangeError(`expected an old size up to ${newSize}, got ${oldSize}`);
  if (oldSize === 0 || oldSize === newSize) return [];
  const proof: Hash[] = [];
  let begin = 0;
  let end = newSize;
  while (oldSize < end) {
    const middle = begin + splitOf(end - begin);
    if (oldSize <= middle) {
      proof.push(rangeRoot(middle, end, read));
      end = middle;
    } else {
      proof.push(rangeRoot(begin, middle, read));
      begin = middle;
    }
  }
  // When the old tree is one perfect subtree from leaf 0, the checker has its root already: it is the old root.
  if (begin > 0) proof.push(rangeRoot(begin, end, read));
  return proof.reverse();
}

/** The root of the first `size` leaves. */
export function rootAt(size: number, read: NodeReader): Hash {
  return foldRoots(readEdge(size, read).hashes);
}

/** The edge of the first `size` leaves. */
export function readEdge(size: number, read: NodeReader): Edge {
  return { size, hashes: edgeOf(size).map(({ level, index }) => read(level, index)) };
}

/** Throws RangeError when a tile is too short for a node that was asked for. */
export function readerFromTiles(readTile: TileReader): NodeReader {
  const cache = createTileCache(readTile);
  return (level, index) => {
    const width = 2 ** (level % 8);
    const first = index * width;
    const offset = first % 256;
    const tile = cache(Math.floor(level / 8), Math.floor(first / 256), (offset + width) * HASH_BYTES);
    return rootOfLeaves(hashesOf(tile.subarray(offset * HASH_BYTES, (offset + width) * HASH_BYTES)));
  };
}

/** True when the proof shows the leaf at `leafIndex` of the tree (size, root). Never throws: proofs are hostile. */
export function verifyInclusion(
  leaf: Hash,
  leafIndex: number,
  size: number,
  proof: readonly Uint8Array[],
  root: Hash,
): boolean {
  if (!isCount(leafIndex) || !isCount(size) || leafIndex >= size) return false;
  if (!isHash(leaf) || !proof.every(isHash)) return false;
  let path: Path = { left: leafIndex, last: size - 1 };
  let hash = leaf;
  for (const sibling of proof) {
    if (path.last === 0) return false;
    const step = climb(path);
    hash = step.isRight ? nodeHash(sibling, hash) : nodeHash(hash, sibling);
    path = step.path;
  }
  return path.last === 0 && equalHashes(hash, root);
}

/** True when the proof shows that (oldSize, oldRoot) is a prefix of (newSize, newRoot). Never throws. */
export function verifyConsistency(
  oldSize: number,
  oldRoot: Hash,
  newSize: number,
  newRoot: Hash,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(oldSize) || !isCount(newSize) || oldSize > newSize) return false;
  if (![oldRoot, newRoot, ...proof].every(isHash)) return false;
  if (newSize === 0 && !equalHashes(newRoot, EMPTY_ROOT)) return false;
  if (oldSize === newSize) return proof.length === 0 && equalHashes(oldRoot, newRoot);
  if (oldSize === 0) return proof.length === 0 && equalHashes(oldRoot, EMPTY_ROOT);
  const roots = climbBoth(oldSize, newSize, isPowerOfTwo(oldSize) ? [oldRoot, ...proof] : proof);
  return roots !== undefined && equalHashes(roots.old, oldRoot) && equalHashes(roots.new, newRoot);
}

/** Position of a node, and of the last node, at one level of a tree. */
interface Path {
  readonly left: number;
  readonly last: number;
}

/** One proof hash upwards; levels where the node is last and has no sibling are skipped (RFC 9162 §2.1.3.2, step 4). */
function climb({ left, last }: Path): { readonly isRight: boolean; readonly path: Path } {
  const isRight = left % 2 === 1 || left === last;
  while (isRight && left % 2 === 0 && left !== 0) {
    left = half(left);
    last = half(last);
  }
  return { isRight, path: { left: half(left), last: half(last) } };
}

/** Both roots as the hashes imply them, or undefined when their number does not fit the sizes. */
function climbBoth(
  oldSize: number,
  newSize: number,
  hashes: readonly Hash[],
): { readonly old: Hash; readonly new: Hash } | undefined {
  const [seed, ...rest] = hashes;
  if (seed === undefined) return undefined;
  let path: Path = { left: oldSize - 1, last: newSize - 1 };
  while (path.left % 2 === 1) path = { left: half(path.left), last: half(path.last) };
  let roots = { old: seed, new: seed };
  for (const hash of rest) {
    if (path.last === 0) return undefined;
    const step = climb(path);
    roots = step.isRight
      ? { old: nodeHash(hash, roots.old), new: nodeHash(hash, roots.new) }
      : { old: roots.old, new: nodeHash(roots.new, hash) };
    path = step.path;
  }
  return path.last === 0 ? roots : undefined;
}

function rangeRoot(begin: number, end: number, read: NodeReader): Hash {
  return foldRoots(perfectSubtrees(begin, end).map(({ level, index }) => read(level, index)));
}

/** The largest power of two below `count` (RFC 6962 §2.1); logarithms round wrongly near 2^53. */
function splitOf(count: number): number {
  let width = 1;
  while (width * 2 < count) width *= 2;
  return width;
}

function isPowerOfTwo(count: number): boolean {
  return splitOf(count) * 2 === count || count === 1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function half(value: number): number {
  return Math.floor(value / 2);
}

/** 32 tiles of 8 KiB: more than one proof in a tree of 2^53 leaves touches. */
const maxCachedTiles = 32;

/** Tiles only ever grow at their end, so a cached one that is long enough is right, and a short one is read again. */
function createTileCache(readTile: TileReader): (level8: number, tileIndex: number, minBytes: number) => Uint8Array {
  const tiles = new Map<string, Uint8Array>();
  return (level8, tileIndex, minBytes) => {
    const key = `${level8}/${tileIndex}`;
    const cached = tiles.get(key);
    const tile = cached !== undefined && cached.length >= minBytes ? cached : readTile(level8, tileIndex);
    if (tile.length < minBytes) {
      throw new RangeError(`expected ${minBytes} bytes in tile ${tileIndex} of level ${level8}, got ${tile.length}`);
    }
    tiles.delete(key);
    tiles.set(key, tile);
    const [oldest] = tiles.keys();
    if (tiles.size > maxCachedTiles && oldest !== undefined) tiles.delete(oldest);
    return tile;
  };
}

/** The 32-byte hashes of a row, as views. */
function hashesOf(row: Uint8Array): Hash[] {
  return Array.from({ length: Math.floor(row.length / HASH_BYTES) }, (_, position) =>
    row.subarray(position * HASH_BYTES, (position + 1) * HASH_BYTES),
  );
}

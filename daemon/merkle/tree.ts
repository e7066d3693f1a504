// The shape of an RFC 6962 tree and its right edge (compact range): all that is needed to append and to take a root.
// Indexes go up to 2^53 − 1, so halves and powers are arithmetic: 32-bit operators would wrap.
import { EMPTY_ROOT, nodeHash, type Hash } from './hash.ts';

/** A perfect subtree: 2^level leaves from leaf index × 2^level on. */
export interface NodePosition {
  readonly level: number;
  readonly index: number;
}

/** Roots of the perfect subtrees a tree of `size` leaves falls into, largest first: one per set bit of `size`. */
export interface Edge {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

/** Told of every perfect subtree an append completes, at levels 8, 16, 24, …: the hashes above the leaf tiles. */
export type NodeSink = (level: number, index: number, hash: Hash) => void;

export const EMPTY_EDGE: Edge = { size: 0, hashes: [] };

/** Where the hashes of the edge of `size` leaves stand in the tree, largest first. */
export function edgeOf(size: number): NodePosition[] {
  return perfectSubtrees(0, size);
}

/** Splits [begin, end) into perfect subtrees, largest first; `begin` is a multiple of the first one's width. */
export function perfectSubtrees(begin: number, end: number): NodePosition[] {
  assertSize(end);
  const positions: NodePosition[] = [];
  let from = begin;
  let rest = end - begin;
  // One level above what the logarithm says, which rounds either way near 2^53.
  for (let level = Math.min(52, Math.floor(Math.log2(rest)) + 1); level >= 0; level--) {
    const width = 2 ** level;
    if (rest < width) continue;
    positions.push({ level, index: from / width });
    from += width;
    rest -= width;
  }
  return positions;
}

/** The root over perfect subtrees, largest first; the empty root when there are none. */
export function foldRoots(hashes: readonly Hash[]): Hash {
  return hashes.length === 0 ? EMPTY_ROOT : hashes.reduceRight((right, left) => nodeHash(left, right));
}

/** The root of the tree of `edge.size` leaves. Throws RangeError when the number of hashes does not fit the size. */
export function rootOfEdge(edge: Edge): Hash {
  assertEdge(edge);
  return foldRoots(edge.hashes);
}

/** The edge after appending the leaf hashes in order; `edge` itself stays as it is. */
export function appendLeaves(edge: Edge, leafHashes: Iterable<Hash>, onNode?: NodeSink): Edge {
  assertEdge(edge);
  const stack = [...edge.hashes];
  let size = edge.size;
  for (const leaf of leafHashes) {
    appendLeaf(stack, size, leaf, onNode);
    size += 1;
  }
  assertSize(size);
  return { size, hashes: stack };
}

/** The root of the tree with exactly these leaf hashes. */
export function rootOfLeaves(leafHashes: Iterable<Hash>): Hash {
  return rootOfEdge(appendLeaves(EMPTY_EDGE, leafHashes));
}

/** Number of set bits of `size`: how many hashes its edge has. */
export function edgeLength(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Throws RangeError unless `size` is an integer from 0 to 2^53 − 1. */
export function assertSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0)
    throw new RangeError('expected a tree size from 0 to 2^53-1, got another');
}

function assertEdge(edge: Edge): void {
  assertSize(edge.size);
  const expected = edgeLength(edge.size);
  if (edge.hashes.length !== expected) {
    throw new RangeError(`expected ${expected} edge hashes, got ${edge.hashes.length}`);
  }
}

/** Appending is a binary counter: every trailing one of the index is a subtree that the new leaf completes. */
function appendLeaf(stack: Hash[], leafIndex: number, leaf: Hash, onNode?: NodeSink): void {
  let hash = leaf;
  let index = leafIndex;
  let level = 0;
  while (index % 2 === 1) {
    hash = nodeHash(popHash(stack), hash);
    index = (index - 1) / 2;
    level += 1;
    if (level % 8 === 0) onNode?.(level, index, hash);
  }
  stack.push(hash);
}

function popHash(stack: Hash[]): Hash {
  const hash = stack.pop();
  if (hash === undefined) throw new RangeError('expected one more edge hash, got none');
  return hash;
}

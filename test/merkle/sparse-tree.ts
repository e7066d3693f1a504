// Trees of any size up to 2^53 − 1 leaves, all alike but a few: small enough to compute, no two places alike where it counts.
import { leafHash, nodeHash, type Hash } from '../../daemon/merkle/hash.ts';
import type { NodeReader } from '../../daemon/merkle/proof.ts';

export interface SparseTree {
  readonly read: NodeReader;
  leaf(index: number): Hash;
  /** MTH as RFC 6962 §2.1 defines it, by recursion: the oracle for roots. */
  root(size: number): Hash;
}

/** `special` leaves hash to something of their own; every other leaf is empty. */
export function createSparseTree(special: readonly number[]): SparseTree {
  const marks = [...new Set(special)].sort((a, b) => a - b);
  const alike: Hash[] = [leafHash(Buffer.alloc(0))];
  for (let level = 1; level < 54; level++) alike.push(nodeHash(at(alike, level - 1), at(alike, level - 1)));
  const hasMark = (begin: number, end: number): boolean => marks.some((mark) => mark >= begin && mark < end);
  const leaf = (index: number): Hash =>
    hasMark(index, index + 1) ? leafHash(Buffer.from(`leaf ${index}`)) : at(alike, 0);

  const read: NodeReader = (level, index) => {
    const width = 2 ** level;
    if (!hasMark(index * width, (index + 1) * width)) return at(alike, level);
    if (level === 0) return leaf(index);
    return nodeHash(read(level - 1, 2 * index), read(level - 1, 2 * index + 1));
  };

  const range = (begin: number, end: number): Hash => {
    const count = end - begin;
    const level = alike.findIndex((_, power) => 2 ** power === count);
    if (level >= 0 && !hasMark(begin, end)) return at(alike, level);
    if (count === 1) return leaf(begin);
    const split = alike.findLastIndex((_, power) => 2 ** power < count);
    return nodeHash(range(begin, begin + 2 ** split), range(begin + 2 ** split, end));
  };
  return { read, leaf, root: (size) => range(0, size) };
}

export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
}

// Proofs for every small tree and for trees up to 2^53 − 1 leaves, against the definition by recursion.
import { expect } from 'chai';
import fc from 'fast-check';
import { EMPTY_ROOT, leafHash, nodeHash, type Hash } from '../../daemon/merkle/hash.ts';
import {
  consistencyProof,
  inclusionProof,
  readerFromTiles,
  rootAt,
  verifyConsistency,
  verifyInclusion,
  type NodeReader,
} from '../../daemon/merkle/proof.ts';
import { at, createSparseTree } from './sparse-tree.ts';
import { flippedBits, hex, treeVectors, unhex } from './vectors.ts';

const maxSize = 300;
const leaves = Array.from({ length: maxSize }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)));
const rows = [leaves];
for (let row = leaves; row.length > 1; rows.push(row)) {
  row = Array.from({ length: Math.floor(row.length / 2) }, (_, pair) =>
    nodeHash(at(row, 2 * pair), at(row, 2 * pair + 1)),
  );
}
const read: NodeReader = (level, index) => at(at(rows, level), index);
const roots = Array.from({ length: maxSize + 1 }, (_, size) => mth(0, size));

/** MTH by RFC 6962's own recursion, perfect halves from the table. */
function mth(begin: number, end: number): Hash {
  const count = end - begin;
  if (count === 0) return EMPTY_ROOT;
  if (count === 1) return at(leaves, begin);
  let split = 1;
  while (split * 2 < count) split *= 2;
  return nodeHash(read(Math.log2(split), begin / split), mth(begin + split, end));
}

/** A size with as many bits as chance will have it, so that small and huge ones are equally likely. */
const anySize = fc
  .tuple(fc.integer({ min: 1, max: 53 }), fc.maxSafeNat())
  .map(([bits, value]) => 1 + (value % (2 ** bits - 1)));

describe('merkle/proof', () => {
  it('gives the known proofs', () => {
    const known: NodeReader = (level, index) =>
      level === 0
        ? unhex(at(treeVectors.leaf_hashes, index))
        : nodeHash(known(level - 1, 2 * index), known(level - 1, 2 * index + 1));
    for (const { index, size, proof } of treeVectors.inclusion) {
      expect(inclusionProof(index, size, known).map(hex)).to.deep.equal(proof);
      const leaf = unhex(at(treeVectors.leaf_hashes, index));
      expect(verifyInclusion(leaf, index, size, proof.map(unhex), unhex(at(treeVectors.roots, size)))).to.equal(true);
    }
    for (const { from: old, to: size, proof } of treeVectors.consistency) {
      expect(consistencyProof(old, size, known).map(hex)).to.deep.equal(proof);
      const [oldRoot, newRoot] = [unhex(at(treeVectors.roots, old)), unhex(at(treeVectors.roots, size))];
      expect(verifyConsistency(old, oldRoot, size, newRoot, proof.map(unhex))).to.equal(true);
    }
    expect(treeVectors.inclusion.length + treeVectors.consistency.length).to.be.greaterThan(60);
  });

  it('proves every leaf of every tree up to 300 leaves', () => {
    for (let size = 1; size <= maxSize; size++) {
      const root = at(roots, size);
      for (let index = 0; index < size; index++) {
        const proof = inclusionProof(index, size, read);
        if (!verifyInclusion(at(leaves, index), index, size, proof, root)) expect.fail(`leaf ${index} of ${size}`);
      }
    }
  });

  it('proves every prefix of every tree up to 300 leaves', () => {
    for (let size = 0; size <= maxSize; size++) {
      for (let old = 0; old <= size; old++) {
        const proof = consistencyProof(old, size, read);
        if (!verifyConsistency(old, at(roots, old), size, at(roots, size), proof)) expect.fail(`${old} of ${size}`);
      }
    }
  });

  it('proves leaves and prefixes of trees of any size up to 2^53 − 1', () => {
    fc.assert(
      fc.property(anySize, fc.maxSafeNat(), fc.maxSafeNat(), (size, one, two) => {
        const [index, old] = [one % size, two % (size + 1)];
        const tree = createSparseTree([0, index - 1, index, index + 1, old - 1, old, size - 1]);
        const root = tree.root(size);
        expect(hex(rootAt(size, tree.read))).to.equal(hex(root));
        const proof = inclusionProof(index, size, tree.read);
        expect(verifyInclusion(tree.leaf(index), index, size, proof, root)).to.equal(true);
        expect(verifyInclusion(leafHash(Buffer.from('other')), index, size, proof, root)).to.equal(false);
        if (index > 0) expect(verifyInclusion(tree.leaf(index), index - 1, size, proof, root)).to.equal(false);
        const oldRoot = old === 0 ? EMPTY_ROOT : tree.root(old);
        const extension = consistencyProof(old, size, tree.read);
        expect(verifyConsistency(old, oldRoot, size, root, extension)).to.equal(true);
      }),
      { numRuns: 150 },
    );
  });

  it('rejects an inclusion proof with any bit flipped anywhere', () => {
    for (const [index, size] of [
      [0, 1],
      [4, 5],
      [2, 7],
      [150, 300],
      [299, 300],
    ] as const) {
      const proof = inclusionProof(index, size, read);
      const [leaf, root] = [at(leaves, index), at(roots, size)];
      proof.forEach((hash, position) => {
        for (const bad of flippedBits(hash)) {
          expect(verifyInclusion(leaf, index, size, proof.with(position, bad), root)).to.equal(false);
        }
      });
      for (const bad of flippedBits(leaf)) expect(verifyInclusion(bad, index, size, proof, root)).to.equal(false);
      for (const bad of flippedBits(root)) expect(verifyInclusion(leaf, index, size, proof, bad)).to.equal(false);
    }
  });

  it('rejects a consistency proof with any bit flipped anywhere', () => {
    for (const [old, size] of [
      [1, 2],
      [3, 7],
      [4, 7],
      [128, 300],
      [255, 300],
    ] as const) {
      const proof = consistencyProof(old, size, read);
      const [oldRoot, newRoot] = [at(roots, old), at(roots, size)];
      proof.forEach((hash, position) => {
        for (const bad of flippedBits(hash)) {
          expect(verifyConsistency(old, oldRoot, size, newRoot, proof.with(position, bad))).to.equal(false);
        }
      });
      for (const bad of flippedBits(oldRoot)) {
        expect(verifyConsistency(old, bad, size, newRoot, proof)).to.equal(false);
      }
      for (const bad of flippedBits(newRoot)) {
        expect(verifyConsistency(old, oldRoot, size, bad, proof)).to.equal(false);
      }
    }
  });

  it('rejects proofs with a hash too many, too few, or of another length', () => {
    for (let size = 1; size <= 40; size++) {
      for (let index = 0; index < size; index++) {
        const [leaf, root, proof] = [at(leaves, index), at(roots, size), inclusionProof(index, size, read)];
        for (const bad of misshapen(proof)) expect(verifyInclusion(leaf, index, size, bad, root)).to.equal(false);
        const [oldRoot, extension] = [at(roots, index), consistencyProof(index, size, read)];
        for (const bad of misshapen(extension)) {
          expect(verifyConsistency(index, oldRoot, size, root, bad)).to.equal(false);
        }
      }
    }
  });

  it('rejects impossible numbers without throwing', () => {
    const [leaf, root] = [at(leaves, 0), at(roots, 1)];
    for (const [index, size] of [
      [1, 1],
      [-1, 1],
      [0, 0],
      [0.5, 1],
      [NaN, 1],
      [0, 2 ** 53],
      [0, Infinity],
    ] as const) {
      expect(verifyInclusion(leaf, index, size, [], root)).to.equal(false);
    }
    for (const size of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
      expect(verifyConsistency(1, root, size, root, [])).to.equal(false);
      expect(verifyConsistency(size, root, 1, root, [])).to.equal(false);
      expect(verifyConsistency(size, root, size, root, [])).to.equal(false);
    }
  });

  it('takes only the empty root for size 0, and only equal roots for equal sizes', () => {
    const [one, two] = [at(roots, 1), at(roots, 2)];
    expect(verifyConsistency(0, EMPTY_ROOT, 2, two, [])).to.equal(true);
    expect(verifyConsistency(0, one, 2, two, [])).to.equal(false);
    expect(verifyConsistency(0, EMPTY_ROOT, 2, two, [one])).to.equal(false);
    expect(verifyConsistency(0, one, 0, one, [])).to.equal(false);
    expect(verifyConsistency(2, two, 2, one, [])).to.equal(false);
    expect(verifyConsistency(2, two, 1, one, [])).to.equal(false);
  });

  it('refuses to make a proof of what is not in the tree', () => {
    expect(() => inclusionProof(5, 5, read)).to.throw(RangeError);
    expect(() => inclusionProof(-1, 5, read)).to.throw(RangeError);
    expect(() => consistencyProof(6, 5, read)).to.throw(RangeError);
    expect(() => rootAt(2 ** 53, read)).to.throw(RangeError);
  });
});

describe('merkle/proof readerFromTiles', () => {
  /** Tiles as a store of `size` leaves has them. */
  const tilesOf =
    (node: NodeReader, size: number) =>
    (level8: number, tileIndex: number): Uint8Array => {
      const count = Math.min(256, Math.floor(size / 256 ** level8) - tileIndex * 256);
      return Buffer.concat(Array.from({ length: count }, (_, offset) => node(level8 * 8, tileIndex * 256 + offset)));
    };

  it('derives every node of a tree of 300 leaves', () => {
    const derived = readerFromTiles(tilesOf(read, maxSize));
    rows.forEach((row, level) => {
      row.forEach((hash, index) => expect(hex(derived(level, index))).to.equal(hex(hash)));
    });
  });

  it('serves roots and proofs of large trees', () => {
    fc.assert(
      fc.property(anySize, fc.maxSafeNat(), (size, value) => {
        const index = value % size;
        const tree = createSparseTree([index, size - 1]);
        const derived = readerFromTiles(tilesOf(tree.read, size));
        expect(inclusionProof(index, size, derived).map(hex)).to.deep.equal(
          inclusionProof(index, size, tree.read).map(hex),
        );
      }),
      { numRuns: 8 },
    );
  });

  it('reads a tile once, and again when it has grown', () => {
    let size = 3;
    const reads: string[] = [];
    const derived = readerFromTiles((level8, tileIndex) => {
      reads.push(`${level8}/${tileIndex}`);
      return tilesOf(read, size)(level8, tileIndex);
    });
    rootAt(3, derived);
    rootAt(2, derived);
    expect(reads).to.deep.equal(['0/0']);
    size = 7;
    expect(hex(rootAt(7, derived))).to.equal(hex(at(roots, 7)));
    expect(reads).to.deep.equal(['0/0', '0/0']);
    expect(() => derived(0, 7)).to.throw(RangeError);
  });

  it('keeps few tiles', () => {
    let reads = 0;
    const derived = readerFromTiles(() => {
      reads += 1;
      return Buffer.alloc(8192);
    });
    for (let pass = 0; pass < 2; pass++) for (let tile = 0; tile < 100; tile++) derived(0, tile * 256);
    expect(reads).to.equal(200);
  });
});

/** The proof with one hash more, fewer, doubled, cut, or joined. */
function misshapen(proof: readonly Hash[]): Hash[][] {
  const [first, ...rest] = proof;
  const extra = at(leaves, 0);
  if (first === undefined) return [[extra]];
  return [
    rest,
    proof.slice(0, -1),
    [...proof, extra],
    [extra, ...proof],
    [first.subarray(1), ...rest],
    [Buffer.concat(proof)],
  ].filter((bad) => bad.length !== proof.length || bad[0]?.length !== 32);
}

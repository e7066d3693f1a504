// Appending and roots, against the known answers and the definition by recursion.
import { expect } from 'chai';
import fc from 'fast-check';
import { leafHash, nodeHash, type Hash } from '../../daemon/merkle/hash.ts';
import {
  appendLeaves,
  EMPTY_EDGE,
  edgeLength,
  edgeOf,
  rootOfEdge,
  rootOfLeaves,
  type Edge,
} from '../../daemon/merkle/tree.ts';
import { readEdge, rootAt } from '../../daemon/merkle/proof.ts';
import { at, createSparseTree } from './sparse-tree.ts';
import { hex, treeVectors, unhex } from './vectors.ts';

const leaves = Array.from({ length: 1100 }, (_, index) => leafHash(Buffer.from(`leaf ${index}`)));

describe('merkle/tree', () => {
  it('gives the known roots, leaf by leaf', () => {
    const hashes = treeVectors.leaf_hashes.map(unhex);
    const roots = treeVectors.roots.map((_, size) => hex(rootOfLeaves(hashes.slice(0, size))));
    expect(roots).to.deep.equal(treeVectors.roots);
  });

  it('gives the same edge however the leaves are split', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 90 }), { maxLength: 12 }), (cuts) => {
        let edge: Edge = EMPTY_EDGE;
        for (const count of cuts) edge = appendLeaves(edge, leaves.slice(edge.size, edge.size + count));
        const once = appendLeaves(EMPTY_EDGE, leaves.slice(0, edge.size));
        expect(edge.hashes.map(hex)).to.deep.equal(once.hashes.map(hex));
        expect(edge.hashes).to.have.length(edgeLength(edge.size));
      }),
    );
  });

  it('leaves the edge it was given untouched', () => {
    const edge = appendLeaves(EMPTY_EDGE, leaves.slice(0, 7));
    const before = edge.hashes.map(hex);
    appendLeaves(edge, leaves.slice(7, 9));
    expect(edge.hashes.map(hex)).to.deep.equal(before);
  });

  it('emits every completed subtree of 256 leaves, once, in order', () => {
    const nodes: [number, number, Hash][] = [];
    const half = appendLeaves(EMPTY_EDGE, leaves.slice(0, 300), (...node) => nodes.push(node));
    appendLeaves(half, leaves.slice(300), (...node) => nodes.push(node));
    expect(nodes.map(([level, index]) => [level, index])).to.deep.equal([
      [8, 0],
      [8, 1],
      [8, 2],
      [8, 3],
    ]);
    for (const [, index, hash] of nodes) {
      expect(hex(hash)).to.equal(hex(rootOfLeaves(leaves.slice(index * 256, (index + 1) * 256))));
    }
  });

  it('emits level 16 when the 65,536th leaf completes it', () => {
    const size = 65_535;
    const tree = createSparseTree([3, 65_535]);
    const nodes: string[] = [];
    const edge = appendLeaves(readEdge(size, tree.read), [tree.leaf(size)], (level, index, hash) =>
      nodes.push(`${level}/${index}/${hex(hash)}`),
    );
    expect(nodes).to.deep.equal([`8/255/${hex(tree.read(8, 255))}`, `16/0/${hex(tree.read(16, 0))}`]);
    expect(hex(rootOfEdge(edge))).to.equal(hex(tree.root(65_536)));
  });

  it('covers a tree exactly by its edge, at any size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        let end = 0;
        for (const { level, index } of edgeOf(size)) {
          expect(index * 2 ** level).to.equal(end);
          end += 2 ** level;
        }
        expect(end).to.equal(size);
        expect(edgeOf(size)).to.have.length(edgeLength(size));
      }),
    );
  });

  it('appends beyond 2^32 and up to 2^53 − 1', () => {
    for (const size of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32 + 5, 2 ** 40 - 1, 2 ** 53 - 2]) {
      const tree = createSparseTree([0, 5, size - 1, size]);
      const edge = appendLeaves(readEdge(size, tree.read), [tree.leaf(size)]);
      expect(hex(rootOfEdge(edge))).to.equal(hex(tree.root(size + 1)));
      expect(hex(rootAt(size + 1, tree.read))).to.equal(hex(tree.root(size + 1)));
    }
  });

  it('refuses an edge that does not fit its size, and sizes that are none', () => {
    const hash = at(leaves, 0);
    expect(() => rootOfEdge({ size: 3, hashes: [hash] })).to.throw(RangeError);
    expect(() => appendLeaves({ size: 0, hashes: [hash] }, [])).to.throw(RangeError);
    expect(() => appendLeaves({ size: 2 ** 53 - 1, hashes: Array(53).fill(hash) as Hash[] }, [hash])).to.throw(
      RangeError,
    );
    for (const size of [-1, 1.5, NaN, Infinity, 2 ** 53]) expect(() => edgeOf(size)).to.throw(RangeError);
    expect(hex(rootOfEdge({ size: 2, hashes: [nodeHash(hash, hash)] }))).to.equal(hex(nodeHash(hash, hash)));
  });
});

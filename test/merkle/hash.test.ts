// The three hashes against the known answers and two other implementations.
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { EMPTY_ROOT, equalHashes, leafHash, nodeHash, sha256 } from '../../daemon/merkle/hash.ts';
import { hex, treeVectors, unhex } from './vectors.ts';

describe('merkle/hash', () => {
  it('matches the known leaf hashes and the empty root', () => {
    expect(treeVectors.inputs_hex.map((input) => hex(leafHash(unhex(input))))).to.deep.equal(treeVectors.leaf_hashes);
    expect(hex(EMPTY_ROOT)).to.equal(treeVectors.roots[0]);
  });

  it('agrees with two other implementations at any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (data) => {
        const prefixed = Buffer.concat([Uint8Array.of(0), data]);
        expect(hex(leafHash(data))).to.equal(createHash('sha256').update(prefixed).digest('hex'));
        expect(hex(sha256(data))).to.equal(hex(nobleSha256(data)));
      }),
    );
  });

  it('keeps a node hash when the next one is taken', () => {
    const [a, b] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
    const first = nodeHash(a, b);
    const before = hex(first);
    nodeHash(b, a);
    expect(hex(first)).to.equal(before);
    expect(before).to.equal(hex(nobleSha256(Buffer.concat([Uint8Array.of(1), a, b]))));
  });

  it('refuses children of another length, which would be ambiguous', () => {
    const hash = sha256(Uint8Array.of(1));
    expect(() => nodeHash(Buffer.concat([hash, hash]), Buffer.alloc(0))).to.throw(RangeError);
    expect(() => nodeHash(hash, hash.subarray(1))).to.throw(RangeError);
  });

  it('compares contents and length', () => {
    expect(equalHashes(EMPTY_ROOT, Buffer.from(EMPTY_ROOT))).to.equal(true);
    expect(equalHashes(EMPTY_ROOT, EMPTY_ROOT.subarray(1))).to.equal(false);
    expect(equalHashes(EMPTY_ROOT, sha256(Uint8Array.of(0)))).to.equal(false);
  });
});

// Checkpoints: the known answer byte for byte, and every way not to be one.
import { expect } from 'chai';
import fc from 'fast-check';
import { formatCheckpoint, openCheckpoint, parseCheckpoint } from '../../daemon/merkle/checkpoint.ts';
import { createCosignatureVerifier } from '../../daemon/merkle/cosignature.ts';
import { EMPTY_ROOT, leafHash } from '../../daemon/merkle/hash.ts';
import { createVerifier, signNote } from '../../daemon/merkle/note.ts';
import { rootOfLeaves } from '../../daemon/merkle/tree.ts';
import { checkpointVectors as known, codeOf, flippedBits, hex, unhex, vectorSigner } from './vectors.ts';

const root = unhex(known.root_hex);
const text = formatCheckpoint({ origin: known.origin, size: 3, root });

describe('merkle/checkpoint', () => {
  it('gives the known checkpoint from its leaves, byte for byte', () => {
    const leaves = known.leaves.map((line) => leafHash(Buffer.from(line)));
    expect(leaves.map(hex)).to.deep.equal(known.leaf_hashes_hex);
    expect(hex(rootOfLeaves(leaves))).to.equal(known.root_hex);
    const body = formatCheckpoint({ origin: known.origin, size: leaves.length, root: rootOfLeaves(leaves) });
    expect(signNote(body, [vectorSigner()])).to.equal(known.checkpoint);
  });

  it('opens the known checkpoint', () => {
    const { checkpoint } = openCheckpoint(Buffer.from(known.checkpoint), [createVerifier(known.vkey)], known.origin);
    expect([checkpoint.origin, checkpoint.size, hex(checkpoint.root)]).to.deep.equal([known.origin, 3, known.root_hex]);
  });

  it('rejects a checkpoint of another log under the same key', () => {
    const other = signNote(formatCheckpoint({ origin: 'other', size: 3, root }), [vectorSigner()]);
    const open = () => openCheckpoint(Buffer.from(other), [createVerifier(known.vkey)], known.origin);
    expect(codeOf(open)).to.equal('checkpoint-origin-mismatch');
  });

  it('does not take a witness for the log', () => {
    const open = () =>
      openCheckpoint(Buffer.from(known.checkpoint), [createCosignatureVerifier(known.witness_vkey)], known.origin);
    expect(codeOf(open)).to.equal('note-key-unknown');
  });

  it('rejects every flipped bit, signed; unsigned, no two texts give one checkpoint', () => {
    for (const bad of flippedBits(Buffer.from(known.checkpoint))) {
      expect(codeOf(() => openCheckpoint(bad, [createVerifier(known.vkey)], known.origin))).not.to.equal('none');
    }
    for (const bad of flippedBits(Buffer.from(text))) {
      const flipped = bad.toString('latin1');
      if (codeOf(() => parseCheckpoint(flipped)) === 'none')
        expect(formatCheckpoint(parseCheckpoint(flipped))).to.equal(flipped);
    }
  });

  it('gives every checkpoint back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.uint8Array({ minLength: 32, maxLength: 32 }), (size, bytes) => {
        const checkpoint = { origin: 'a b', size, root: size === 0 ? EMPTY_ROOT : bytes };
        const back = parseCheckpoint(formatCheckpoint(checkpoint));
        expect([back.origin, back.size, hex(back.root)]).to.deep.equal(['a b', size, hex(checkpoint.root)]);
      }),
    );
  });

  it('rejects malformed checkpoints', () => {
    const rootText = root.toString('base64');
    const corpus = [
      '',
      '\n',
      '\n\n\n',
      `\n3\n${rootText}\n`,
      `log\n3\n${rootText}`,
      `log\n3\n${rootText}\n\n`,
      `log\n3\n${rootText}\nextension\n`,
      `log\n3\n${rootText} \n`,
      `log\r\n3\r\n${rootText}\r\n`,
      `log\n03\n${rootText}\n`,
      `log\n-3\n${rootText}\n`,
      `log\n+3\n${rootText}\n`,
      `log\n3.0\n${rootText}\n`,
      `log\n\n${rootText}\n`,
      `log\n9007199254740992\n${rootText}\n`,
      `log\n3\n\n`,
      `log\n3\n${rootText.slice(0, -1)}\n`,
      `log\n3\n${rootText.replace('k=', 'l=')}\n`,
      `log\n3\n${root.toString('base64url')}\n`,
      `log\n3\n${root.subarray(1).toString('base64')}\n`,
      `log\n3\n${Buffer.concat([root, root]).toString('base64')}\n`,
      `log\n0\n${rootText}\n`,
    ];
    for (const bad of corpus)
      expect(
        codeOf(() => parseCheckpoint(bad)),
        JSON.stringify(bad),
      ).to.equal('checkpoint-malformed');
  });

  it('refuses to format what it could not parse', () => {
    for (const origin of ['', 'a\nb', 'a\0', '\ud800']) {
      expect(() => formatCheckpoint({ origin, size: 3, root })).to.throw(RangeError);
    }
    expect(() => formatCheckpoint({ origin: 'a', size: -1, root })).to.throw(RangeError);
    expect(() => formatCheckpoint({ origin: 'a', size: 3, root: root.subarray(1) })).to.throw(RangeError);
    expect(() => formatCheckpoint({ origin: 'a', size: 0, root })).to.throw(RangeError);
  });
});

// tlog-proof files: the known answer byte for byte, verified, and refused when changed.
import { expect } from 'chai';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { formatProofFile, parseProofFile, verifyProofFile, type ProofFile } from '../../daemon/merkle/proof-file.ts';
import { inclusionProof } from '../../daemon/merkle/proof.ts';
import { at } from './sparse-tree.ts';
import { checkpointVectors as known, codeOf, flippedBits, hex, unhex } from './vectors.ts';

const text = known.tlog_proof_of_index_1;
const leaf = unhex(at(known.leaf_hashes_hex, 1));
const verifiers = [createVerifier(known.vkey)];
const parse = (file: string | Uint8Array): ProofFile => parseProofFile(Buffer.from(file));
const verify = (file: string | Uint8Array) => verifyProofFile(parse(file), leaf, verifiers, known.origin);

describe('merkle/proof-file', () => {
  it('gives the known file, byte for byte', () => {
    const hashes = inclusionProof(1, 3, (_level, index) => unhex(at(known.leaf_hashes_hex, index)));
    expect(formatProofFile({ leafIndex: 1, hashes, checkpoint: known.cosigned_checkpoint })).to.equal(text);
  });

  it('reads and verifies it', () => {
    const file = parse(text);
    expect(file.leafIndex).to.equal(1);
    expect(file.checkpoint).to.equal(known.cosigned_checkpoint);
    expect(formatProofFile(file)).to.equal(text);
    expect(verify(text).size).to.equal(3);
  });

  it('carries extra data', () => {
    const file = formatProofFile({ ...parse(text), extra: Buffer.from('more') });
    expect(file.split('\n')[1]).to.equal('extra bW9yZQ==');
    expect(hex(parse(file).extra ?? Buffer.alloc(0))).to.equal(hex(Buffer.from('more')));
    expect(formatProofFile({ ...parse(text), extra: Buffer.alloc(0) })).to.equal(text);
    expect(verify(file).size).to.equal(3);
  });

  it('verifies under no flipped bit, but for the signature of an unknown witness', () => {
    const witnessAt = text.lastIndexOf('— ');
    const passed: number[] = [];
    let bit = 0;
    for (const bad of flippedBits(Buffer.from(text))) {
      if (codeOf(() => verify(bad)) === 'none') passed.push(Math.floor(bit / 8));
      bit += 1;
    }
    expect(Math.min(...passed)).to.be.at.least(Buffer.byteLength(text.slice(0, witnessAt)));
  });

  it('rejects another leaf, another log, another key', () => {
    const file = parse(text);
    const other = unhex(at(known.leaf_hashes_hex, 0));
    expect(codeOf(() => verifyProofFile(file, other, verifiers, known.origin))).to.equal('proof-leaf-mismatch');
    expect(codeOf(() => verifyProofFile(file, leaf, verifiers, 'other'))).to.equal('checkpoint-origin-mismatch');
    expect(codeOf(() => verifyProofFile(file, leaf, [], known.origin))).to.equal('note-key-unknown');
  });

  it('rejects malformed files', () => {
    const [head, index, one, two] = text.split('\n');
    const tail = `\n${known.cosigned_checkpoint}`;
    const lines = (...parts: (string | undefined)[]): string => `${parts.join('\n')}\n${tail}`;
    expect(lines(head, index, one, two)).to.equal(text);
    const corpus = [
      '',
      '\n',
      'c2sp.org/tlog-proof@v1',
      lines('c2sp.org/tlog-proof@v2', index, one, two),
      lines(`${head} `, index, one, two),
      lines(head, one, two),
      lines(head, 'index 01', one, two),
      lines(head, 'index', one, two),
      lines(head, 'index  1', one, two),
      lines(head, 'index 9007199254740992', one, two),
      lines(head, index, 'extra bW9yZQ==', one, two),
      lines(head, 'extra ', index, one, two),
      lines(head, 'extra bW9yZQ', index, one, two),
      lines(head, 'extra bW9yZQ==', 'extra bW9yZQ==', index, one, two),
      lines(head, index, one?.slice(0, -1), two),
      lines(head, index, `${one} `, two),
      lines(head, index, ...Array<string | undefined>(64).fill(one)),
      text.replaceAll('\n', '\r\n'),
      text.slice(0, text.indexOf('\n\n') + 1),
      text.slice(0, text.indexOf('\n\n') + 2),
      'x'.repeat(3 * 1024 ** 2),
    ];
    for (const bad of corpus)
      expect(
        codeOf(() => parse(bad)),
        bad.slice(0, 200),
      ).to.equal('proof-file-malformed');
    expect(codeOf(() => parse(Buffer.from([0xff])))).to.equal('proof-file-malformed');
  });
});

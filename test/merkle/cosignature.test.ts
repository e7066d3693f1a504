// Witness cosignatures: the known answer byte for byte, and no flipped bit.
import { expect } from 'chai';
import {
  createCosignatureVerifier,
  createCosigner,
  formatCosignature,
  formatCosignedMessage,
  parseCosignature,
} from '../../daemon/merkle/cosignature.ts';
import { createVerifier, formatNote, openNote, parseNote } from '../../daemon/merkle/note.ts';
import { checkpointVectors as known, codeOf, flippedBits, unhex } from './vectors.ts';

const witness = createCosigner('witness.example.org/w1', unhex(known.witness_seed_hex));
const verifier = createCosignatureVerifier(known.witness_vkey);
const note = parseNote(Buffer.from(known.checkpoint));

describe('merkle/cosignature', () => {
  it('gives the known cosigned checkpoint, byte for byte', () => {
    expect(witness.vkey).to.equal(known.witness_vkey);
    const signatures = [...note.signatures, witness.cosign(note.text, known.witness_time)];
    expect(formatNote({ text: note.text, signatures })).to.equal(known.cosigned_checkpoint);
  });

  it('opens it with the witness, the log, or both, and tells the time', () => {
    const bytes = Buffer.from(known.cosigned_checkpoint);
    expect(openNote(bytes, [verifier, createVerifier(known.vkey)]).unverifiedCount).to.equal(0);
    const [signature] = openNote(bytes, [verifier]).verified;
    expect(parseCosignature(signature?.signature ?? Buffer.alloc(0))?.timeSeconds).to.equal(known.witness_time);
  });

  it('signs this message', () => {
    expect(Buffer.from(formatCosignedMessage('x\n', 12)).toString()).to.equal('cosignature/v1\ntime 12\nx\n');
  });

  it('rejects every flipped bit of time and signature, and of the text', () => {
    const { signature } = witness.cosign(note.text, known.witness_time);
    expect(verifier.verify(note.text, signature)).to.equal(true);
    for (const bad of flippedBits(signature)) expect(verifier.verify(note.text, bad)).to.equal(false);
    for (const bad of flippedBits(Buffer.from(note.text))) {
      expect(verifier.verify(bad.toString('latin1'), signature)).to.equal(false);
    }
  });

  it('rejects other lengths and times no clock shows', () => {
    const bytes = Buffer.from(formatCosignature({ timeSeconds: 2 ** 53 - 1, signature: Buffer.alloc(64) }));
    expect(parseCosignature(bytes)?.timeSeconds).to.equal(2 ** 53 - 1);
    bytes.writeBigUInt64BE(2n ** 53n);
    expect(parseCosignature(bytes)).to.equal(undefined);
    expect(verifier.verify(note.text, bytes)).to.equal(false);
    for (const length of [0, 7, 64, 71, 73]) {
      expect(verifier.verify(note.text, Buffer.alloc(length))).to.equal(false);
    }
    for (const time of [-1, 0.5, 2 ** 53]) expect(() => witness.cosign(note.text, time)).to.throw(RangeError);
  });

  it('takes keys of its own type only', () => {
    expect(codeOf(() => createCosignatureVerifier(known.vkey))).to.equal('vkey-malformed');
  });
});

// Signed notes: which keys count, what makes a note malformed, and that no flipped bit passes.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  createEd25519Signer,
  createVerifier,
  formatNote,
  maxNoteBytes,
  openNote,
  parseNote,
  signNote,
  type Verifier,
} from '../../daemon/merkle/note.ts';
import { checkpointVectors as known, codeOf, flippedBits, vectorSigner } from './vectors.ts';

const verifier = createVerifier(known.vkey);
const text = known.checkpoint.slice(0, known.checkpoint.lastIndexOf('\n\n') + 1);
const stranger = createEd25519Signer('stranger.example.org', Buffer.alloc(32, 9));
const namesake = createEd25519Signer(known.origin, Buffer.alloc(32, 8));

const open = (note: string | Uint8Array, verifiers: readonly Verifier[] = [verifier]) =>
  openNote(Buffer.from(note), verifiers);

describe('merkle/note', () => {
  it('signs the known note, byte for byte', () => {
    expect(signNote(text, [vectorSigner()])).to.equal(known.checkpoint);
    expect(vectorSigner().vkey).to.equal(known.vkey);
  });

  it('opens the known note', () => {
    const opened = open(known.checkpoint);
    expect(opened.text).to.equal(text);
    expect(opened.verified.map(({ name, keyId }) => [name, keyId])).to.deep.equal([[known.origin, known.key_id_hex]]);
    expect(opened.unverifiedCount).to.equal(0);
  });

  it('ignores keys that share only the name, or nothing, with a known one', () => {
    const opened = open(signNote(text, [stranger, vectorSigner(), namesake]));
    expect(opened.verified).to.have.length(1);
    expect(opened.unverifiedCount).to.equal(2);
    expect(codeOf(() => open(signNote(text, [stranger, namesake])))).to.equal('note-key-unknown');
    expect(codeOf(() => open(known.checkpoint, []))).to.equal('note-key-unknown');
  });

  it('accepts two keys on one note, and lists both', () => {
    const opened = open(signNote(text, [vectorSigner(), namesake]), [verifier, createVerifier(namesake.vkey)]);
    expect(opened.verified.map(({ keyId }) => keyId)).to.deep.equal([known.key_id_hex, namesake.keyId]);
  });

  it('rejects a bad signature of a known key beside good ones', () => {
    const good = { name: verifier.name, keyId: verifier.keyId, signature: vectorSigner().sign(text) };
    const bad = { ...good, signature: vectorSigner().sign(`${text}x\n`) };
    const short = { ...good, signature: good.signature.subarray(0, 63) };
    for (const signatures of [[good, bad], [bad, good], [bad], [short, good]]) {
      expect(codeOf(() => open(formatNote({ text, signatures })))).to.equal('note-signature-invalid');
    }
    expect(open(formatNote({ text, signatures: [good, good] })).verified).to.have.length(2);
  });

  it('rejects every flipped bit of a note with one signature', () => {
    const codes = new Set<string>();
    for (const bad of flippedBits(Buffer.from(known.checkpoint))) codes.add(codeOf(() => open(bad)));
    expect([...codes].sort()).to.deep.equal(['note-key-unknown', 'note-malformed', 'note-signature-invalid']);
  });

  it('never gives another text when bits of an unknown signature flip', () => {
    const note = Buffer.from(signNote(text, [vectorSigner(), stranger]));
    const own = Buffer.byteLength(known.checkpoint);
    let ignored = 0;
    for (const bad of flippedBits(note.subarray(own))) {
      const flipped = Buffer.concat([note.subarray(0, own), bad]);
      const code = codeOf(() => {
        const opened = open(flipped);
        expect(opened.text).to.equal(text);
        expect(opened.unverifiedCount).to.equal(1);
        ignored += 1;
      });
      expect(code).to.be.oneOf(['none', 'note-malformed']);
    }
    expect(ignored).to.be.greaterThan(300);
  });

  it('splits at the last blank line', () => {
    for (const body of ['a\n\nb\n', '\n', '\n\n', 'a\n\n— x y\n', 'a\n\n\n']) {
      const note = signNote(body, [vectorSigner()]);
      expect(parseNote(Buffer.from(note)).text).to.equal(body);
      expect(open(note).text).to.equal(body);
    }
  });

  it('gives every note text back', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 6 }), (lines) => {
        const body = `\ufeff${lines.join('\n')}\n`.replace(/[\0-\x09\x0b-\x1f]/g, '');
        expect(open(signNote(body, [vectorSigner(), stranger])).text).to.equal(body);
      }),
      { numRuns: 40 },
    );
  });

  it('rejects malformed notes', () => {
    const line = known.checkpoint.slice(text.length + 1);
    const encoded = line.trimEnd().split(' ').at(-1) ?? '';
    const name = known.origin;
    const corpus = [
      '',
      '\n',
      '\n\n',
      text,
      `${text}\n`,
      `${text}${line}`,
      line,
      `\n${line}`,
      known.checkpoint.slice(0, -1),
      `${known.checkpoint}\n`,
      `${known.checkpoint} `,
      `${known.checkpoint}extra\n`,
      known.checkpoint.replaceAll('\n', '\r\n'),
      known.checkpoint.replace('— ', '- '),
      known.checkpoint.replace('— ', '—'),
      known.checkpoint.replace('— ', ' — '),
      `${text}\n—  ${encoded}\n`,
      `${text}\n— ${name}\n`,
      `${text}\n— ${name} \n`,
      `${text}\n— ${name}  ${encoded}\n`,
      `${text}\n— ${name} ${encoded} \n`,
      `${text}\n— ${name} ${encoded} x\n`,
      `${text}\n— na+me ${encoded}\n`,
      `${text}\n— na\u00a0me ${encoded}\n`,
      `${text}\n— ${'n'.repeat(256)} ${encoded}\n`,
      `${text}\n— ${name} ${encoded.replace(/=*$/, '')}\n`,
      `${text}\n— ${name} R1/QKw==\n`,
      `${text}\n— ${name} ${encoded.slice(0, 4)}!${encoded.slice(5)}\n`,
      `a\tb\n\n${line}`,
      `a\0b\n\n${line}`,
    ];
    for (const note of corpus) {
      expect(
        codeOf(() => open(note)),
        JSON.stringify(note),
      ).to.equal('note-malformed');
    }
    const invalid = Buffer.from(known.checkpoint);
    invalid.writeUInt8(0xff, 3);
    expect(codeOf(() => open(invalid))).to.equal('note-malformed');
  });

  it('bounds size and number of signatures', () => {
    const many = (count: number): string =>
      signNote(text, [vectorSigner(), ...Array<typeof stranger>(count).fill(stranger)]);
    expect(open(many(99)).unverifiedCount).to.equal(99);
    expect(codeOf(() => many(100))).to.equal('note-malformed');
    const line = many(1).slice(known.checkpoint.length);
    expect(codeOf(() => open(`${known.checkpoint}${line.repeat(100)}`))).to.equal('note-malformed');
    const long = signNote(`${'x'.repeat(maxNoteBytes)}\n`, [vectorSigner()]);
    expect(codeOf(() => open(long))).to.equal('note-malformed');
    expect(openNote(Buffer.from(long), [verifier], 2 * maxNoteBytes).verified).to.have.length(1);
  });

  it('refuses to sign what it could not open', () => {
    for (const body of ['', 'a', 'a\r\n', 'a\n\0\n', '\ud800\n']) {
      expect(codeOf(() => signNote(body, [vectorSigner()]))).to.equal('note-malformed');
    }
    expect(codeOf(() => signNote(text, []))).to.equal('note-malformed');
    expect(codeOf(() => createEd25519Signer('a b', Buffer.alloc(32)))).to.equal('key-name-invalid');
    expect(() => createEd25519Signer('a', Buffer.alloc(31))).to.throw(RangeError);
    expect(codeOf(() => createVerifier(known.witness_vkey))).to.equal('vkey-malformed');
  });
});

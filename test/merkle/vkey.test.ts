// Verifier keys: the known answers, and no other spelling of them.
import { expect } from 'chai';
import fc from 'fast-check';
import { assertKeyName, createVkey, formatVkey, isKeyName, keyIdOf, parseVkey } from '../../daemon/merkle/vkey.ts';
import { checkpointVectors as known, codeOf, flippedBits, unhex } from './vectors.ts';

const publicKey = unhex(known.log_public_key_hex);

describe('merkle/vkey', () => {
  it('gives the known key id and vkey', () => {
    expect(keyIdOf(known.origin, 'ed25519', publicKey)).to.equal(known.key_id_hex);
    expect(formatVkey(createVkey(known.origin, 'ed25519', publicKey))).to.equal(known.vkey);
  });

  it('reads both known vkeys back', () => {
    for (const text of [known.vkey, known.witness_vkey]) expect(formatVkey(parseVkey(text))).to.equal(text);
    expect(parseVkey(known.vkey).algorithm).to.equal('ed25519');
    expect(parseVkey(known.witness_vkey).algorithm).to.equal('cosignature-v1');
  });

  it('reads any vkey back, also with "+" in its base64', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string({ unit: 'grapheme' }), (key, name) => {
        if (!isKeyName(name)) {
          expect(codeOf(() => assertKeyName(name))).to.equal('key-name-invalid');
          return;
        }
        const text = formatVkey(createVkey(name, 'ed25519', key));
        expect(formatVkey(parseVkey(text))).to.equal(text);
      }),
    );
  });

  it('rejects any flipped bit', () => {
    for (const bad of flippedBits(Buffer.from(known.vkey))) {
      expect(codeOf(() => parseVkey(bad.toString('utf8')))).to.equal('vkey-malformed');
    }
  });

  it('rejects malformed vkeys', () => {
    const [name, id, material] = known.vkey.split(/\+(?=[0-9a-f]{8}\+|A)/);
    const other = (type: number, key: Buffer): string => {
      const bytes = Buffer.concat([Uint8Array.of(type), key]);
      return `${name}+${id}+${bytes.toString('base64')}`;
    };
    expect(`${name}+${id}+${material}`).to.equal(known.vkey);
    const corpus = [
      '',
      '+',
      '++',
      `+${id}+${material}`,
      `${name}+${id}`,
      `${name}+${id}+`,
      `${name}+${id?.toUpperCase()}+${material}`,
      `${name}+${id?.slice(1)}+${material}`,
      `${name}+00000000+${material}`,
      `${name}x+${id}+${material}`,
      `${known.vkey}\n`,
      ` ${known.vkey}`,
      `${known.vkey}=`,
      other(1, publicKey.subarray(1)),
      other(1, Buffer.concat([publicKey, publicKey])),
      other(2, publicKey),
      other(0xff, publicKey),
      'x'.repeat(1_000_000),
    ];
    for (const text of corpus)
      expect(
        codeOf(() => parseVkey(text)),
        text.slice(0, 90),
      ).to.equal('vkey-malformed');
  });

  it('rules on key names', () => {
    for (const name of ['a', 'example.org/log', 'é', 'x'.repeat(255), '—'])
      expect(isKeyName(name), name).to.equal(true);
    const bad = [
      '',
      ' ',
      'a b',
      'a+b',
      'a\n',
      'a\tb',
      'a\u00a0b',
      'a\u0085b',
      'a\u2028b',
      'a\u3000b',
      'a\0b',
      '\ud800',
    ];
    for (const name of [...bad, 'x'.repeat(256), 'é'.repeat(128)]) expect(isKeyName(name), name).to.equal(false);
    expect(() => createVkey('a', 'ed25519', publicKey.subarray(1))).to.throw(RangeError);
  });
});

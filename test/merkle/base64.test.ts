// One text per value: everything but the canonical spelling is refused.
import { expect } from 'chai';
import fc from 'fast-check';
import { decodeBase64, decodeBase64url, encodeBase64, encodeBase64url } from '../../daemon/merkle/base64.ts';
import { hex } from './vectors.ts';

describe('merkle/base64', () => {
  it('gives every byte string back', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(hex(decodeBase64(encodeBase64(bytes)) ?? Buffer.from('none'))).to.equal(hex(bytes));
        expect(hex(decodeBase64url(encodeBase64url(bytes)) ?? Buffer.from('none'))).to.equal(hex(bytes));
      }),
    );
  });

  it('has exactly one text per value: no other text decodes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'AQgw+/-_=BZ \n'), maxLength: 9 }), (text) => {
        const [standard, url] = [decodeBase64(text), decodeBase64url(text)];
        if (standard !== undefined) expect(encodeBase64(standard)).to.equal(text);
        if (url !== undefined) expect(encodeBase64url(url)).to.equal(text);
        if (/[-_ \n]/.test(text) || text.length % 4 !== 0) expect(standard).to.equal(undefined);
        if (/[+/= \n]/.test(text)) expect(url).to.equal(undefined);
      }),
    );
  });

  it('rejects what Node alone would take', () => {
    for (const text of [
      'AA',
      'AA=',
      'AB==',
      'AAB=',
      'AA==\n',
      ' AA==',
      'AA== ',
      'A-A_',
      'AA==AA==',
      '=',
      '====',
      'AAA',
      'A',
      'é',
    ]) {
      expect(decodeBase64(text), text).to.equal(undefined);
    }
    for (const text of ['AA==', 'AB', 'AAB', 'A+A/', 'A', 'AA ', 'AA\n']) {
      expect(decodeBase64url(text), text).to.equal(undefined);
    }
    expect(decodeBase64('')).to.have.length(0);
    expect(decodeBase64('+/+/')).to.have.length(3);
    expect(decodeBase64url('-_-_')).to.have.length(3);
  });
});

// The shared parts of the line-based formats.
import { expect } from 'chai';
import { ParseError } from '../../daemon/errors.ts';
import {
  createLineCursor,
  decodeUtf8,
  formatDecimal,
  isNoteText,
  parseDecimal,
  parseHash,
} from '../../daemon/merkle/text.ts';

const cursorOf = (text: string) =>
  createLineCursor(text, (expected) => new ParseError('test-malformed', expected, { hint: 'none' }));

describe('merkle/text', () => {
  it('reads canonical decimals only', () => {
    expect(['0', '7', '10', '9007199254740991'].map(parseDecimal)).to.deep.equal([0, 7, 10, 9007199254740991]);
    for (const text of [
      '',
      '00',
      '01',
      '-1',
      '+1',
      '1.0',
      '1e3',
      ' 1',
      '1 ',
      '1\n',
      '0x1',
      '٣',
      '9007199254740992',
      '99999999999999999',
    ]) {
      expect(parseDecimal(text), text).to.equal(undefined);
    }
    for (const value of [-1, 0.5, 2 ** 53, NaN]) expect(() => formatDecimal(value)).to.throw(RangeError);
  });

  it('decodes UTF-8 without loss or not at all', () => {
    expect(decodeUtf8(Buffer.from('\ufeffé—\u{1f512}'))).to.equal('\ufeffé—\u{1f512}');
    for (const bytes of ['ff', 'c080', 'eda080', 'e28094ff', 'f4908080', 'e280']) {
      expect(decodeUtf8(Buffer.from(bytes, 'hex')), bytes).to.equal(undefined);
    }
  });

  it('knows a note text', () => {
    expect(isNoteText('a\n\u007f\u0085\n')).to.equal(true);
    for (const text of ['', 'a', 'a\r\n', 'a\0\n', '\t\n', '\ud800\n']) expect(isNoteText(text)).to.equal(false);
  });

  it('reads a hash of 32 bytes only', () => {
    expect(parseHash(Buffer.alloc(32).toString('base64'))).to.have.length(32);
    for (const bytes of [0, 31, 33]) expect(parseHash(Buffer.alloc(bytes).toString('base64'))).to.equal(undefined);
  });

  it('names the line that was not as expected, and never what it said', () => {
    const cursor = cursorOf('size 1\nsecret\n');
    expect(cursor.isAt('size')).to.equal(true);
    expect(cursor.decimal('size')).to.equal(1);
    expect(() => cursor.decimal('size')).to.throw('"size …" at line 2');
    expect(() => cursor.next('more')).to.throw('more at line 3');
    expect(() => cursorOf('no newline').next('a line')).to.throw(ParseError);
  });
});

// The writer: one spelling per value, whatever way it was built.
import { expect } from 'chai';
import fc from 'fast-check';
import { formatJson } from '../../daemon/json/format.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import { anyJson, anyNumberToken, reversed } from './json-values.ts';

describe('formatJson', () => {
  it('is stable: what it wrote is read and written again as the same bytes', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = formatJson(value);
        expect(formatJson(parseJson(Buffer.from(text)))).to.equal(text);
        expect(parseJson(Buffer.from(text))).to.deep.equal(value);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        expect(formatJson(reversed(value))).to.equal(formatJson(value));
      }),
    );
  });

  it('does not depend on the order of keys in the parsed text', () => {
    const backwards = parseJson(Buffer.from('{"b":[1.0],"a":{"9":1,"10":2}}'));
    const forwards = parseJson(Buffer.from('{"a":{"10":2,"9":1},"b":[1.0]}'));
    expect(formatJson(backwards)).to.equal('{"a":{"10":2,"9":1},"b":[1.0]}').and.equal(formatJson(forwards));
  });

  it('writes numbers as they were written', () => {
    fc.assert(
      fc.property(fc.array(anyNumberToken), (tokens) => {
        const text = `[${tokens.join()}]`;
        expect(formatJson(parseJson(Buffer.from(text)))).to.equal(text);
      }),
    );
  });

  it('sorts by utf-16 code unit, not by code point or number', () => {
    expect(formatJson({ '\uffff': 1, '😀': 2, b: 3, B: 4, '10': 5, '9': 6, '': 7 })).to.equal(
      '{"":7,"10":5,"9":6,"B":4,"b":3,"😀":2,"\uffff":1}',
    );
  });

  it('escapes control characters and lone surrogates, and nothing that needs none', () => {
    expect(formatJson('\n\t\u0000\u001f\u007f\u0080\u009f"\\/\u00a0é\u2028😀')).to.equal(
      '"\\u000a\\u0009\\u0000\\u001f\\u007f\\u0080\\u009f\\"\\\\/\u00a0é\u2028😀"',
    );
    expect(formatJson('a\ud800b\udc00\ud83d\ude00\ud83d')).to.equal('"a\\ud800b\\udc00😀\\ud83d"');
    expect(formatJson({ '\ud800\n': '"' })).to.equal('{"\\ud800\\u000a":"\\""}');
  });

  it('gives well-formed text that utf-8 carries unchanged', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = formatJson(value);
        expect(text.isWellFormed()).to.equal(true);
        expect(Buffer.from(text).toString('utf8')).to.equal(text);
        expect(text).to.not.match(/\p{Cc}/u);
      }),
    );
  });

  it('writes the empty ones, zeros and exact text', () => {
    const proto = parseJson(Buffer.from('{"__proto__":[{},[],-0]}'));
    expect(formatJson(proto)).to.equal('{"__proto__":[{},[],-0]}');
    expect(formatJson([-0, 1e21, 0.5, new NumberText('1.50'), null, true, false])).to.equal(
      '[0,1e+21,0.5,1.50,null,true,false]',
    );
  });

  it('throws for what is not json', () => {
    for (const value of [undefined, NaN, Infinity, [undefined], { a: undefined }, { a: [NaN] }, 1n]) {
      expect(() => formatJson(value as unknown as Json)).to.throw(TypeError, 'expected json');
    }
  });
});

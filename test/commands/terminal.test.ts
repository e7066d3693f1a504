import { expect } from 'chai';
import fc from 'fast-check';
import { createPalette, cutRight, escapeJsonText, escapeText, padRight, textWidth } from '../../daemon/terminal.ts';
import { DANGEROUS } from './test-context.ts';

describe('terminal', () => {
  it('makes visible what moves the cursor, reorders or hides text', () => {
    expect(escapeText('a\u001b[2Jb')).to.equal('a\\u{1b}[2Jb');
    expect(escapeText('x\u202e\u2066y')).to.equal('x\\u{202e}\\u{2066}y');
    expect(escapeText('a\u200bb\ufeffc\u00a0d\u2028')).to.equal('a\\u{200b}b\\u{feff}c\\u{a0}d\\u{2028}');
    expect(escapeText('\n\r\t\u009b\u{e0041}\ud800')).to.equal('\\u{a}\\u{d}\\u{9}\\u{9b}\\u{e0041}\\u{d800}');
  });

  it('leaves readable text of any language alone', () => {
    for (const text of ['plain ["eu-west-1"]', 'naïve Ünïcode', '変更', 'עברית', '😀', 'é']) {
      expect(escapeText(text)).to.equal(text);
    }
  });

  it('cuts stacks of combining marks', () => {
    expect(escapeText(`a${'\u0301'.repeat(9)}`)).to.equal(`a${'\u0301'.repeat(4)}${'\\u{301}'.repeat(5)}`);
  });

  it('never lets anything dangerous through, in text or in JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeText(text)).to.not.match(DANGEROUS);
        const json = escapeJsonText(JSON.stringify({ [text]: text }));
        expect(json).to.not.match(DANGEROUS);
        expect(JSON.parse(json)).to.eql({ [text]: text });
      }),
    );
  });

  it('measures, pads and cuts by columns', () => {
    expect([textWidth('abc'), textWidth('変更'), textWidth('e\u0301'), textWidth('😀')]).to.eql([3, 4, 1, 2]);
    expect(padRight('変', 4)).to.equal('変  ');
    expect([cutRight('abcdef', 4), cutRight('abcd', 4), cutRight('変更変', 4)]).to.eql(['abc…', 'abcd', '変…']);
  });

  it('colours only when asked', () => {
    expect(createPalette(false).added('+')).to.equal('+');
    expect(createPalette(true).added('+')).to.equal('\u001b[32m+\u001b[0m');
  });
});

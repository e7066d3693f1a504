import { expect } from 'chai';
import fc from 'fast-check';
import { matchesAddress, matchesGlob } from '../../daemon/store/queries-glob.ts';

describe('matchesGlob', () => {
  it('says what SQLite and a regular expression say', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '[', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (glob, subject) => {
        const source = glob.replace(/[.[]/g, '\\$&').replaceAll('*', '.*').replaceAll('?', '.');
        expect(matchesGlob(glob, subject)).to.equal(new RegExp(`^${source}$`, 's').test(subject));
      }),
      { numRuns: 500 },
    );
  });

  it('does not blow up on many stars', () => {
    expect(matchesGlob(`${'*a'.repeat(50)}b`, 'a'.repeat(5000))).to.equal(false);
  });

  it('lets an address without index mean all its instances', () => {
    expect(matchesAddress('aws_x.y', 'aws_x.y["k"]')).to.equal(true);
    expect(matchesAddress('module.m', 'module.m.aws_x.y')).to.equal(true);
    expect(matchesAddress('module.m', 'module.mm.aws_x.y')).to.equal(false);
    expect(matchesAddress('aws_x.y[0]', 'aws_x.y[1]')).to.equal(false);
  });
});

// Numbers by value: every spelling of one number is one canonical form.
import { expect } from 'chai';
import fc from 'fast-check';
import { canonicalNumber, equalNumbers } from '../../daemon/json/number.ts';
import { NumberText } from '../../daemon/json/value.ts';
import { anyNumberToken } from './json-values.ts';

const form = (number: string | number | NumberText): string => {
  const { significand, exponent } = canonicalNumber(number);
  return `${significand}e${exponent}`;
};

/** Exact value as a fraction over a power of ten, by big integers. */
function exact(token: string): { readonly units: bigint; readonly scale: number } {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  return { units: BigInt(`${whole}${fraction}`), scale: Number(exponent) - fraction.length };
}

function areEqual(left: string, right: string): boolean {
  const a = exact(left);
  const b = exact(right);
  const least = Math.min(a.scale, b.scale);
  return a.units * 10n ** BigInt(a.scale - least) === b.units * 10n ** BigInt(b.scale - least);
}

describe('canonicalNumber', () => {
  const KNOWN: readonly (readonly [string | number, string])[] = [
    ['1.0', '1e0'],
    ['1', '1e0'],
    ['10e-1', '1e0'],
    [1, '1e0'],
    ['0.001e3', '1e0'],
    ['-100', '-1e2'],
    ['1E+2', '1e2'],
    ['0', '0e0'],
    ['-0', '0e0'],
    ['-0.000e99999999999999999999', '0e0'],
    [-0, '0e0'],
    ['0.50', '5e-1'],
    [1e21, '1e21'],
    ['12345678901234567890.25', '1234567890123456789025e-2'],
    ['1e400', '1e400'],
    ['1e0000000000000000000000002', '1e2'],
    ['10e999999999999999', '1e1000000000000000'],
    ['1e99999999999999999999', '1e99999999999999999999'],
    [5e-324, '5e-324'],
  ];
  for (const [number, expected] of KNOWN) {
    it(`writes ${Object.is(number, -0) ? '-0' : number} as ${expected}`, () => expect(form(number)).to.equal(expected));
  }

  it('agrees with exact arithmetic', () => {
    fc.assert(
      fc.property(anyNumberToken, anyNumberToken, (a, b) => {
        expect(equalNumbers(a, new NumberText(b))).to.equal(areEqual(a, b));
        expect(equalNumbers(a, form(a))).to.equal(true);
        expect(form(form(a))).to.equal(form(a));
      }),
      { numRuns: 1000 },
    );
  });

  it('moves the point without changing the number', () => {
    fc.assert(
      fc.property(
        fc.bigInt().filter((digits) => digits !== 0n),
        fc.integer({ min: 0, max: 30 }),
        fc.integer({ min: -99, max: 99 }),
        (digits, zeros, exponent) => {
          expect(equalNumbers(`${digits}e${exponent}`, `${digits}${'0'.repeat(zeros)}e${exponent - zeros}`)).to.equal(
            true,
          );
        },
      ),
    );
  });

  it('stays within the length of hostile text', () => {
    const digits = '9'.repeat(1e6);
    expect(canonicalNumber(`1e-${digits}`)).to.deep.equal({ significand: '1', exponent: `-${digits}` });
    expect(canonicalNumber(`0.${'0'.repeat(1e6)}1`)).to.deep.equal({ significand: '1', exponent: '-1000001' });
    expect(canonicalNumber(`1${'0'.repeat(1e6)}`)).to.deep.equal({ significand: '1', exponent: '1000000' });
  });

  it('refuses what is no json number', () => {
    for (const text of ['', ' 1', '+1', '01', '1.', '.5', '0x1', '1e', 'Infinity', '1_000', '1\n', NaN, Infinity]) {
      expect(() => canonicalNumber(text))
        .to.throw()
        .with.property('code', 'json-number');
    }
  });
});

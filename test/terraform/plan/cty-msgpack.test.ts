// Values of a saved plan, byte by byte: what cty writes comes out as it is, everything else is refused.
import { encode, ExtData } from '@msgpack/msgpack';
import { expect } from 'chai';
import { ParseError } from '../../../daemon/errors.ts';
import { NumberText } from '../../../daemon/json/value.ts';
import { decodeCty } from '../../../daemon/terraform/plan/cty-msgpack.ts';

const plain = (value: unknown) => decodeCty(encode(value, { useBigInt64: true }), 'plain');
const type = (text: string): Uint8Array => new TextEncoder().encode(text);

function refusal(...bytes: readonly number[]): string {
  try {
    decodeCty(Uint8Array.from(bytes), 'plain');
  } catch (error) {
    if (error instanceof ParseError) return error.code;
    throw error;
  }
  return 'none';
}

describe('values of a saved plan', () => {
  it('keep every integer, float and text', () => {
    for (const value of [
      0,
      1,
      -1,
      127,
      128,
      -32,
      -33,
      255,
      256,
      65536,
      -65537,
      2 ** 53 - 1,
      0.5,
      1e300,
      '',
      'ünï 🔑',
    ]) {
      expect(plain(value).value, String(value)).to.equal(value);
    }
    expect(plain(2n ** 64n - 1n).value).to.deep.equal(new NumberText('18446744073709551615'));
    expect(plain(-(2n ** 63n)).value).to.deep.equal(new NumberText('-9223372036854775808'));
    for (const length of [31, 32, 255, 256, 65535, 65536])
      expect(plain('é'.repeat(length)).value).to.have.lengthOf(length);
    for (const length of [15, 16, 65536]) expect(plain(Array(length).fill(true)).value).to.have.lengthOf(length);
  });

  it('keep a byte order mark, and a key that would be a prototype', () => {
    for (const length of [1, 500]) expect(plain(`\ufeff${'x'.repeat(length)}`).value).to.have.lengthOf(length + 1);
    const odd = plain(
      Object.fromEntries([
        ['__proto__', [1]],
        ['constructor', 2],
      ]),
    ).value;
    expect(Object.entries(odd ?? {})).to.deep.equal([
      ['__proto__', [1]],
      ['constructor', 2],
    ]);
  });

  it('are known, unknown, or unknown in part', () => {
    const unknown = new ExtData(0, new Uint8Array(1));
    const refined = new ExtData(12, encode(new Map([[1, false]])));
    expect(plain(unknown)).to.deep.equal({ value: undefined, unknown: true });
    expect(plain({ a: refined, b: [unknown, 1], c: 2 })).to.deep.equal({
      value: { b: [null, 1], c: 2 },
      unknown: { a: true, b: [true, false] },
    });
    expect(plain([type('"string"'), unknown])).to.deep.equal({ value: undefined, unknown: true });
  });

  it('take numbers from text where the type beside them says so', () => {
    const dynamic = [type('["object",{"n":"number","s":"string"}]'), { n: '0.1', s: '0.1' }];
    expect(plain(dynamic).value).to.deep.equal({ n: 0.1, s: '0.1' });
  });

  it('are refused: lengths beyond the end, more than one value, foreign kinds, text that is none, too deep', () => {
    const bad: readonly (readonly number[])[] = [
      [],
      [0xc1],
      [0x01, 0x02],
      [0xa5, 0x61],
      [0xdb, 0xff, 0xff, 0xff, 0xff],
      [0xdd, 0xff, 0xff, 0xff, 0xff, 0xc0],
      [0xdf, 0xff, 0xff, 0xff, 0xff, 0xa1, 0x61, 0xc0],
      [0xc6, 0xff, 0xff, 0xff, 0xff],
      [0xc9, 0xff, 0xff, 0xff, 0xff, 0x00],
      [0xd4, 0x05, 0x00],
      [0xc4, 0x01, 0x00],
      [0x81, 0x01, 0x01],
      [0xa2, 0xc3, 0x28],
      [0x81, 0xa1, 0xff, 0xc0],
      [...Array<number>(100_000).fill(0x91), 0xc0],
    ];
    for (const bytes of bad) expect(refusal(...bytes), bytes.slice(0, 8).join(' ')).to.equal('plan-malformed');
  });
});

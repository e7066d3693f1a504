// The bytes of tags and commitments. Vectors were computed with Python's hmac and hashlib alone; they never change.
import { createHmac, hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import { hmacOnce, KeyedHash } from '../../daemon/redaction/hmac.ts';
import {
  Committer,
  commitmentOf,
  fileCommitment,
  pathKey,
  stateKey,
  Tagger,
  tagOf,
} from '../../daemon/redaction/keys.ts';
import { plainNumber, typedInput, typedText } from '../../daemon/redaction/typed-input.ts';
import { keys } from './support.ts';

const STATE_ID = '0190c0de-state';
const ADDRESS = 'aws_db_instance.main["a/b"]';
const PATH = '/password';

/** Value, typed input, commitment, tag. */
const VECTORS: readonly (readonly [Json, string, string, string])[] = [
  ['hunter2', 'shunter2', 'eVfpuM216Zp90mbZhfHfKQyINXi50BesxBX_bOZE5us', 'R9aaafNOZPX53T1geaeAOUjq90FmIKQe0Qvwsh6LJ8I'],
  ['', 's', 'sqMwxjPsS8Q451Gb79x015pEe_SDygl4rJvbzEB71rA', 'z1FKDIBoFFo1vItBAuz6bAui3U3rnsXFFBkTd0pn0zw'],
  [
    'Zo\u00eb',
    'sZo\u00eb',
    '5q0qRnnShX2BNsa-MKLDjuej_er70X8OzIebWmbQ220',
    'Adjsu0-t4ba84qkwuF0m-4tIgJKcPaE-ESUwsubC720',
  ],
  [1, 'n1e0', 'wHZiMtdSJqsfthN0ViNsw7VK9lVlOA0cKCUGOG3gnu8', 'POG4DBcdrYxYH13p9sMp1wFG9LhQz1w2EhY_CLqehr8'],
  [-1200, 'n-12e2', 'iilenjjTKxC7SC5OltdP6ZRrM9K0Nj5WVzP6CDAkIb4', '4SEDtnEg_CppiKf9oClo2XnPRtsgLaC8jfUiORrMiXw'],
  [
    new NumberText('12345678901234567890.25'),
    'n1234567890123456789025e-2',
    'oBrnhFiUi9F-206w-BCPmuay6zqbzu8GMz6RPYEg_KI',
    'BZjzNfUq9nnxFeWYCEdHPjSCsMUoq1NZX2Y4F9p0Z48',
  ],
  [0, 'n0e0', 'bsLoRLshcaBN5wKLAw9RMhKtPZiP6PC2W3YCBM-mTcw', 'A0kABj7AlbimxbiMbeuwLO0ezgPX4JrB0b5H0oPC8Pg'],
  [true, 'b1', 'B2_boZZLhcPSW0Qlz2lbtkW5QTa9XALjPxSUihqwzko', 'ht5yrjNKPWaiTH4mAONNF3YHFkTWMBtttOkTveaHxwc'],
  [false, 'b0', 'kAEMmRra6SeexhUgRr6js34b999otNgh_717KG3bhu0', 'ZlmuXtcO5hro-xkERO4G-Tgex4Lr-BDGXd4iWzrMhrE'],
  [null, 'z', 'Gh9a8G96OzTF2PH9Mj0SGTumrt9aSRXLGK0BGUgcuAs', 'xgDfhpOdZ8UA0yChnTniLC362OC7PtiR50fmDCNWngA'],
  [
    { a: [1, 'x', null, true] },
    'j{"a":[1e0,"x",null,true]}',
    '967_msaWnO82NVZOf01vO8hQudFyNibGGFol5TmY4eg',
    'ZPh4IwnXIcYGwMLcOMor5GcvXtxWoPx6_GaLfZdUcpI',
  ],
];

describe('redaction/keys', () => {
  const state = stateKey(keys.epoch.key, STATE_ID);

  it('derives the frozen keys', () => {
    expect(Buffer.from(state).toString('hex')).to.equal(
      '43c0936360447591714229dc314025ec966b94b5e62e114f1ac67009ca44d2cf',
    );
    expect(Buffer.from(pathKey(state, ADDRESS, PATH)).toString('hex')).to.equal(
      'c4170a3564f2a55ecfaf2efefd5457ff288dcc2895ddf8c7dda5aeb2b7aa5e6c',
    );
  });

  for (const [value, input, commitment, tag] of VECTORS) {
    it(`gives the frozen bytes for ${input}`, () => {
      expect(typedText(value)).to.equal(input);
      expect(Buffer.from(typedInput(value)).toString()).to.equal(input);
      expect(commitmentOf(state, ADDRESS, PATH, value)).to.equal(commitment);
      expect(new Committer(state).commit(ADDRESS, PATH, value)).to.equal(commitment);
      expect(tagOf(keys.equalityKey, typedInput(value))).to.equal(tag);
    });
  }

  it('gives the frozen commitment of a file', () => {
    const bytes = Buffer.from('bytes\x00\xff', 'latin1');
    expect(fileCommitment(state, bytes)).to.equal('dFHg5tJYBYIfl77Co1ut-78-mtIRSDG96qUOaW2xOms');
  });

  it('makes the tag of a container of the tags of its parts', () => {
    const tagger = new Tagger(keys.equalityKey);
    const expected = 'P2UJid-WsZDcXqtn_czYYLdHaGxcgGcJ9sLusH9KLJY';
    expect(tagger.value({ a: [1, 'x'] })).to.equal(expected);
    const hidden = tagger.value('x');
    expect(tagger.value({ a: [1, null] }, '/p', (path) => (path === '/p/a/1' ? hidden : undefined))).to.equal(expected);
    expect(tagger.value({ a: null }, '', (path) => (path === '/a' ? tagger.value([1, 'x']) : undefined))).to.equal(
      expected,
    );
    expect(tagger.value('hunter2')).to.equal(VECTORS[0]?.[3]);
  });

  it('agrees on a text in any normal form, and on a number in any spelling', () => {
    expect(commitmentOf(state, 'a', '/p', 'Zoe\u0308')).to.equal(commitmentOf(state, 'a', '/p', 'Zo\u00eb'));
    expect(typedText({ 'e\u0308': ['e\u0308'] })).to.equal(typedText({ '\u00eb': ['\u00eb'] }));
    const spellings = ['1.0', '10e-1', '0.1e1', '1E0', '1.000'].map((text) => typedText(new NumberText(text)));
    expect(new Set([...spellings, typedText(1)]).size).to.equal(1);
    expect(typedText([new NumberText('1.0')])).to.equal(typedText([1]));
  });

  it('keeps both members where only NFC would make their keys equal', () => {
    const value = JSON.parse('{"e\u0308": 1, "\u00eb": 2}') as Json;
    expect(typedText(value)).to.contain('1e0').and.to.contain('2e0');
  });

  it('tells types, fields and paths apart', () => {
    const inputs = ['1', 1, true, null, [1], { '1': 1 }, 'n1e0', 'b1', 'z'].map((value) => typedText(value));
    expect(new Set(inputs).size).to.equal(inputs.length);
    expect(commitmentOf(state, 'ab', 'c', 'x')).to.not.equal(commitmentOf(state, 'a', 'bc', 'x'));
    expect(commitmentOf(state, 'a', '/p', 'x')).to.not.equal(commitmentOf(state, 'a', '/q', 'x'));
    const other = stateKey(keys.epoch.key, 'another');
    expect(commitmentOf(other, 'a', '/p', 'x')).to.not.equal(commitmentOf(state, 'a', '/p', 'x'));
  });

  it('computes in bulk what the plain definitions give, for any text', () => {
    const tagger = new Tagger(keys.equalityKey);
    const committer = new Committer(state);
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme', maxLength: 300 }));
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (address, path, json) => {
        const value = json as Json;
        expect(committer.commit(address, path, value)).to.equal(commitmentOf(state, address, path, value));
        if (typeof value !== 'object') expect(tagger.value(value)).to.equal(tagOf(keys.equalityKey, typedInput(value)));
      }),
    );
  });

  it('computes in bulk what the plain definitions give, for huge texts', () => {
    const huge = '\u20ac'.repeat(20_000);
    const committer = new Committer(state);
    for (const [address, path, value] of [
      [huge, '/p', 'x'],
      ['a', huge, 'x'],
      ['a', '/p', huge],
    ] as const) {
      expect(committer.commit(address, path, value)).to.equal(commitmentOf(state, address, path, value));
    }
    expect(new Tagger(keys.equalityKey).value(huge)).to.equal(tagOf(keys.equalityKey, typedInput(huge)));
  });
});

describe('redaction/hmac', () => {
  it('agrees with the platform for every length around block and scratch sizes', () => {
    const key = keys.equalityKey;
    const hash = new KeyedHash(key, Buffer.from('prefix'));
    for (const length of [0, 1, 54, 55, 56, 57, 63, 64, 65, 127, 128, 5460, 5461, 5462, 16_384, 40_000]) {
      const message = 'x'.repeat(length);
      const expected = createHmac('sha256', key).update('prefix').update(message).digest('base64url');
      expect(hash.text(message)).to.equal(expected);
      expect(hash.bytes(Buffer.from(message))).to.equal(expected);
      const plain = createHmac('sha256', key).update(message).digest('base64url');
      expect(hmacOnce(Buffer.from(key).toString('latin1'), message)).to.equal(plain);
    }
  });

  it('derives keys as the platform does, and refuses a short key', () => {
    const fields = Buffer.concat([
      Buffer.from([0, 0, 0, 21]),
      Buffer.from('stateseal state-key 1'),
      Buffer.from([0, 0, 0, 1]),
      Buffer.from('x'),
    ]);
    const expected = Buffer.from(hkdfSync('sha256', keys.epoch.key, '', fields, 32)).toString('hex');
    expect(Buffer.from(stateKey(keys.epoch.key, 'x')).toString('hex')).to.equal(expected);
    expect(() => new KeyedHash(new Uint8Array(31))).to.throw(RangeError, 'expected a key of 32 bytes, got 31');
  });
});

describe('redaction/typed-input', () => {
  it('writes numbers as a person would', () => {
    const cases: readonly [string, string][] = [
      ['12345678', '12345678'],
      ['1.2345678e7', '12345678'],
      ['0.5', '0.5'],
      ['-0.00125', '-0.00125'],
      ['12345678901234567890.25', '12345678901234567890.25'],
      ['1e3', '1000'],
      ['1e999', '1e999'],
    ];
    for (const [text, expected] of cases) expect(plainNumber(new NumberText(text))).to.equal(expected);
  });
});

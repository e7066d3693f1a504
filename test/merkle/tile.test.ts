// Tile paths, widths and bundles, with the numbers of the tlog-tiles specification.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  decodeEntryBundle,
  encodeEntryBundle,
  formatTilePath,
  parseTilePath,
  partialWidth,
  tileWidth,
} from '../../daemon/merkle/tile.ts';
import { codeOf, hex } from './vectors.ts';

describe('merkle/tile paths', () => {
  it('names the tiles of the specification', () => {
    const path = (level: number, index: number, width = 256): string =>
      formatTilePath({ kind: 'hashes', level, index, width });
    expect(path(0, 0)).to.equal('tile/0/000');
    expect(path(0, 1234067)).to.equal('tile/0/x001/x234/067');
    expect(path(1, 1000, 17)).to.equal('tile/1/x001/000.p/17');
    expect(path(63, 999, 1)).to.equal('tile/63/999.p/1');
    expect(formatTilePath({ kind: 'entries', level: 0, index: 273, width: 112 })).to.equal('tile/entries/273.p/112');
  });

  it('reads every path back', () => {
    const anyTile = fc.record({
      kind: fc.constantFrom('hashes' as const, 'entries' as const),
      level: fc.integer({ min: 0, max: 63 }),
      index: fc.oneof(fc.nat({ max: 2000 }), fc.maxSafeNat()),
      width: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(anyTile, (tile) => {
        const expected = tile.kind === 'entries' ? { ...tile, level: 0 } : tile;
        expect(parseTilePath(formatTilePath(expected))).to.deep.equal(expected);
      }),
    );
  });

  it('rejects every other path', () => {
    // prettier-ignore
    const corpus = [
      '', 'tile', 'tile/', 'tile/0', 'tile/0/', '/tile/0/000', 'tile/0/000/', 'tile/0/0', 'tile/0/00', 'tile/0/0000',
      'tile/00/000', 'tile/01/000', 'tile/64/000', 'tile/-1/000', 'tile/100/000', 'tile/0/x000/000', 'tile/0/x000/001',
      'tile/0/x001', 'tile/0/001/000', 'tile/0/X001/000', 'tile/0/x001/x000', 'tile/0/000.p/0', 'tile/0/000.p/256',
      'tile/0/000.p/01', 'tile/0/000.p/', 'tile/0/000.p', 'tile/0/000.p/1/', 'tile/0/000.p/-1', 'tile/0/000\n',
      'tile/entries', 'tile/entries/', 'tile/data/000', 'tile/0/../000', 'tile/0/%30%30%30', 'tile/0/٠٠٠',
      'tile/0/x009/x007/x199/x254/x740/992', 'tile/0/x999/x999/x999/x999/x999/999', `tile/0/${'x000/'.repeat(9999)}000`,
    ];
    for (const path of corpus)
      expect(
        codeOf(() => parseTilePath(path)),
        path.slice(0, 60),
      ).to.equal('tile-path-invalid');
  });

  it('refuses to name what is no tile', () => {
    const tile = { kind: 'hashes', level: 0, index: 0, width: 256 } as const;
    for (const bad of [
      { level: 64 },
      { level: -1 },
      { level: 0.5 },
      { width: 0 },
      { width: 257 },
      { index: -1 },
      { index: 2 ** 53 },
    ]) {
      expect(() => formatTilePath({ ...tile, ...bad })).to.throw(RangeError);
    }
    expect(() => formatTilePath({ ...tile, kind: 'entries', level: 1 })).to.throw(RangeError);
  });
});

describe('merkle/tile widths', () => {
  it('gives the widths of the specification', () => {
    expect([0, 1, 2, 3].map((level) => partialWidth(level, 70_000))).to.deep.equal([112, 17, 1, 0]);
    expect([0, 1].map((level) => partialWidth(level, 256))).to.deep.equal([0, 1]);
    expect([272, 273, 274].map((index) => tileWidth(0, index, 70_000))).to.deep.equal([256, 112, 0]);
    expect([0, 1, 2].map((index) => tileWidth(1, index, 70_000))).to.deep.equal([256, 17, 0]);
    expect(tileWidth(0, 0, 0)).to.equal(0);
  });

  it('counts every leaf once at any size', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (size) => {
        const total = Array.from(
          { length: 8 },
          (_, level) => BigInt(partialWidth(level, size)) * 256n ** BigInt(level),
        );
        expect(total.reduce((sum, part) => sum + part, 0n)).to.equal(BigInt(size));
      }),
    );
  });
});

describe('merkle/tile entry bundles', () => {
  const anyEntries = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 20 });

  it('gives the entries back', () => {
    fc.assert(
      fc.property(anyEntries, (entries) => {
        expect(decodeEntryBundle(encodeEntryBundle(entries)).map(hex)).to.deep.equal(entries.map(hex));
      }),
    );
    expect(hex(encodeEntryBundle([Buffer.from('ab'), Buffer.alloc(0)]))).to.equal('000261620000');
  });

  it('takes entries up to 65,535 bytes and bundles up to 256 entries', () => {
    const longest = Buffer.alloc(65_535, 1);
    expect(decodeEntryBundle(encodeEntryBundle([longest, longest]))[1]).to.have.length(65_535);
    expect(() => encodeEntryBundle([Buffer.alloc(65_536)])).to.throw(RangeError);
    const many = Array.from({ length: 257 }, () => Buffer.alloc(1));
    expect(() => encodeEntryBundle(many)).to.throw(RangeError);
    const full = encodeEntryBundle(many.slice(1));
    expect(decodeEntryBundle(full)).to.have.length(256);
    expect(codeOf(() => decodeEntryBundle(Buffer.concat([full, full])))).to.equal('entry-bundle-malformed');
  });

  it('rejects a bundle cut at any byte that is not a boundary', () => {
    const bundle = encodeEntryBundle([Buffer.from('abc'), Buffer.from('de')]);
    for (let end = 0; end < bundle.length; end++) {
      const code = codeOf(() => decodeEntryBundle(bundle.subarray(0, end)));
      expect(code, String(end)).to.equal(end === 5 ? 'none' : 'entry-bundle-malformed');
    }
  });
});

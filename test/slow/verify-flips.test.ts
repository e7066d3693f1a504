// Every bit of a 20-record archive, and 2,000 random ones of a larger archive, each named by the verifier.
import { expect } from 'chai';
import { flipBits, twentyRecords } from '../support/flip-bits.ts';
import { buildSampleArchive, cut, sampleLines, wholeLife } from '../support/sample-archive.ts';

const allBits = [0, 1, 2, 3, 4, 5, 6, 7];

describe('verify: all flipped bits', () => {
  it('names every single bit of a 20-record archive', async () => {
    const flips = await flipBits(twentyRecords(), () => allBits);
    expect(flips.count).to.be.greaterThan(40_000);
    expect(flips.silent).to.deep.equal([]);
  });

  it('names 2,000 random bits of a larger archive', async () => {
    const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);
    console.log(`      seed ${seed}`);
    const random = createRandom(seed);
    const parts = cut(sampleLines(wholeLife(1000)), [200, 1, 299, 400, 100]);
    const blob = Buffer.alloc(20_000, 'redacted body ');
    const sample = buildSampleArchive(parts.map((lines) => ({ lines, blobs: [blob] })));
    const totalBytes = [...sample.objects.values()].reduce((sum, body) => sum + body.length, 0);
    const chance = 2_100 / totalBytes;
    const flips = await flipBits(sample, () => (random() < chance ? [Math.floor(random() * 8)] : []));
    expect(flips.count).to.be.greaterThan(1_900);
    expect(flips.silent).to.deep.equal([]);
  });
});

/** mulberry32: small, seeded, good enough to pick places. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

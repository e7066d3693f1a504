// Single flipped bits in a 20-record archive: each is an integrity failure or a named anomaly. A share of all bits here,
// all of them in test/slow/verify-flips.test.ts.
import { expect } from 'chai';
import { flipBits, twentyRecords } from '../support/flip-bits.ts';

describe('verify: flipped bits', () => {
  it('names one bit of every eighth byte of a 20-record archive', async () => {
    const flips = await flipBits(twentyRecords(), (byteIndex) => (byteIndex % 8 === 0 ? [(byteIndex / 8) % 8] : []));
    expect(flips.count).to.be.greaterThan(600);
    expect(flips.silent).to.deep.equal([]);
  });

  it('calls every flip in a batch, a blob or a seal below the newest one a failure', async () => {
    const flips = await flipBits(twentyRecords(), (byteIndex, key) =>
      byteIndex % 8 === 3 && /^(?:batch|blob)|^seal\/0{16}/.test(key) ? [7 - (byteIndex % 8)] : [],
    );
    expect(flips.count).to.be.greaterThan(100);
    expect(flips.withoutFailure).to.deep.equal([]);
  });
});

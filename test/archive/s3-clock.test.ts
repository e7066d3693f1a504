// The store's clock from Date headers of whole seconds, and the locks that are dated by it.
import { expect } from 'chai';
import fc from 'fast-check';
import { StoreClock } from '../../daemon/s3/s3-clock.ts';

const secondMs = Date.UTC(2026, 5, 1);
const header = (ms: number) => new Date(ms).toUTCString();

describe('store clock', () => {
  it('knows nothing before an answer, nor from a header that is no time', () => {
    const clock = new StoreClock();
    clock.observe(undefined, secondMs, secondMs);
    clock.observe('soon', secondMs, secondMs);
    expect([clock.skewMs, clock.hasAnswer]).to.deep.equal([0, false]);
  });

  it('mistakes neither whole seconds nor a slow answer for a wrong clock', () => {
    const skew = (sentMs: number, receivedMs: number) => {
      const clock = new StoreClock();
      clock.observe(header(secondMs), secondMs + sentMs, secondMs + receivedMs);
      return clock.skewMs;
    };
    expect(skew(0, 10)).to.equal(0);
    expect(skew(990, 999)).to.equal(0);
    expect(skew(-30_000, 30_000)).to.equal(0);
    expect(skew(-60_000, -59_000)).to.equal(59_000);
    expect(skew(60_999, 62_000)).to.equal(-60_000);
  });

  it('finds any skew to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 500 }), (skewMs, travelMs) => {
        const clock = new StoreClock();
        clock.observe(header(secondMs + skewMs), secondMs, secondMs + travelMs);
        expect(Math.abs(clock.skewMs - skewMs)).to.be.at.most(1000 + travelMs);
      }),
    );
  });

  it('dates a lock past the end of the write, in whole seconds, by the store', () => {
    const clock = new StoreClock();
    clock.observe(header(secondMs + 3_600_000), secondMs, secondMs + 100);
    const until = clock.retainUntil(secondMs + 100, 30, 60_000);
    expect(until.getUTCMilliseconds()).to.equal(0);
    const lockedMs = until.getTime() - (secondMs + 3_600_000);
    expect(lockedMs).to.be.within(30 * 86_400_000 + 60_000, 30 * 86_400_000 + 63_000);
  });
});

// The pool of random bytes: sizes, no byte handed out twice, no request sees another's.
import { expect } from 'chai';
import { createRandom } from '../../daemon/recorder/random.ts';

describe('createRandom', () => {
  it('gives as many bytes as asked for, across many refills, and never the same ten twice', () => {
    const random = createRandom();
    const seen = new Set(Array.from({ length: 5000 }, () => Buffer.from(random(10)).toString('hex')));
    expect(seen.size).to.equal(5000);
    expect([...seen].every((text) => text.length === 20)).to.equal(true);
  });

  it('keeps what it gave: later requests change nothing in it', () => {
    const random = createRandom();
    const first = random(16);
    const copy = Uint8Array.from(first);
    for (let index = 0; index < 1000; index += 1) random(16);
    expect(first).to.deep.equal(copy);
  });

  it('refuses more than its pool', () => {
    const random = createRandom();
    expect(random(4096)).to.have.length(4096);
    expect(() => random(4097)).to.throw(RangeError, 'expected at most 4096 bytes, got 4097');
  });
});

// Lists in another order than planned: what is a set still, what is not, and what telling that may cost.
import { expect } from 'chai';
import type { Json } from '../../daemon/json/value.ts';
import type { Side } from '../../daemon/verdict/same-value.ts';
import { compare, hide, OTHER, shown, values } from '../support/verdict-sides.ts';

describe('a planned list', () => {
  const ORDER = ['/v other-order'];
  const port = (number: number, of: Json = 'x'): Json => ({ number, of });

  it('may come in another order, its own elements each once', () => {
    expect(values([1, 2, 3], [3, 1, 2])).to.deep.equal(ORDER);
    expect(values([1, 2, 3], [3, 1, 2], { strict: true })).to.have.length(3);
    expect(values([1, 1, 2], [1, 2, 2])).to.deep.equal(['/v/1 other-value']);
    expect(values([1, 2], [2, 3])).to.deep.equal(['/v/0 other-value', '/v/1 other-value']);
    expect(values([port(1), port(2)], [port(2), port(1)])).to.deep.equal(ORDER);
    expect(
      values(
        [
          [1, 2],
          [3, 4],
        ],
        [
          [4, 3],
          [1, 2],
        ],
      ),
    ).to.deep.equal(ORDER);
    expect(compare(pair('x', 'y'), pair('y', 'x'))).to.deep.equal(ORDER);
    expect(compare(pair('x', 'y'), pair('y', 'z'))).to.have.length(2);
  });

  it('of unknown elements: each takes what is left, those that became equal are one', () => {
    expect(values([port(1, null), port(2)], [port(2), port(1, 'any')], { unknown: ['/v/0/of'] })).to.deep.equal(ORDER);
    expect(values([port(1, null), port(2)], [port(2), port(3)], { unknown: ['/v/0/of'] })).to.have.length(2);
    expect(values([null, 'a'], ['a', 'b'], { unknown: ['/v/0'] })).to.deep.equal(ORDER);
    expect(values([null, null, 'a'], ['a', 'b'], { unknown: ['/v/0', '/v/1'] })).to.deep.equal(ORDER);
    expect(values([null, 'b', 'a'], ['a'], { unknown: ['/v/0'] })).not.to.deep.equal(ORDER);
    expect(values(['c', 'b', 'a'], ['a', 'b'])).not.to.deep.equal(ORDER);
    expect(values([null, 'a'], ['a', 'b', 'c'], { unknown: ['/v/0'] })).not.to.deep.equal(ORDER);
  });

  it('one that fits several does not take the only one of another', () => {
    const planned = [
      { a: null, b: 1, c: 2 },
      { a: 5, b: null, c: 2 },
    ];
    const actual = [
      { a: 5, b: 1, c: 2 },
      { a: 7, b: 1, c: 2 },
    ];
    const reversed = [
      { a: 5, b: 3, c: 2 },
      { a: 5, b: 1, c: 2 },
    ];
    const unknown = ['/v/0/a', '/v/1/b'];
    expect(values(planned, actual, { unknown })).to.deep.equal(ORDER);
    expect(values(planned, reversed, { unknown })).to.deep.equal(ORDER);
    expect(
      values(
        planned,
        [
          { a: 7, b: 1, c: 2 },
          { a: 8, b: 1, c: 2 },
        ],
        { unknown },
      ),
    ).to.have.length(1);
  });

  it('costs no more than it may: deep, wide and long ones', () => {
    const nest = (depth: number, width: number, last: number): Json =>
      depth === 0 ? last : Array.from({ length: width }, (_, i) => nest(depth - 1, width, i === width - 1 ? last : 0));
    expect(values(nest(400, 1, 1), nest(400, 1, 2))).to.have.length(1);
    const many = Array.from({ length: 200_000 }, () => 1);
    expect(
      values(
        many,
        many.map(() => 2),
      ),
    ).to.have.length(200_000);
    const effort = { left: 20_000 };
    expect(values(nest(10, 2, 1), nest(10, 2, 2), { effort })).to.deep.equal(['/v not-comparable']);
    // Without effort left, what is in order is still compared, and what differs in length still another.
    expect(values([1, 2, 3], [1, 2, 3], { effort })).to.deep.equal([]);
    expect(values([1, 2], [1, 2, 3], { effort })).to.deep.equal(['/v/2 other-value']);
    expect(values(1, 2, { effort })).to.deep.equal(OTHER);
  });

  function pair(a: string, b: string): Side {
    return shown({ v: [null, null] }, hide('/v/0', a), hide('/v/1', b));
  }
});

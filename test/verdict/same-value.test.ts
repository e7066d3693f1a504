// What counts as the planned value, case by case, each way round: what a provider may make of it, and what nobody may.
import { expect } from 'chai';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import type { HiddenValue } from '../../daemon/record/observation.ts';
import { commitmentOf } from '../../daemon/redaction/keys.ts';
import type { Side } from '../../daemon/verdict/same-value.ts';
import { testKeys } from '../support/log-harness.ts';
import { compare, hide, OTHER, secret, secrets, shown, values } from '../support/verdict-sides.ts';

describe('a planned value', () => {
  it('that was unknown may be anything, hidden or shown, and nothing beside it', () => {
    for (const actual of [shown({ v: 1 }), shown({ v: { deep: [1] } }), secret('x'), shown({}), shown({ v: null })]) {
      expect(compare(shown({ v: null }), actual, { unknown: ['/v'] })).to.deep.equal([]);
    }
    expect(compare(shown({}), shown({ v: 1, w: 'any' }), { unknown: [''] })).to.deep.equal([]);
    expect(compare(shown(undefined), shown({ v: 1 }), { unknown: [''] })).to.deep.equal([]);
    expect(compare(shown({ v: null, w: 1 }), shown({ v: 1, w: 2 }), { unknown: ['/v'] })).to.deep.equal([
      '/w other-value',
    ]);
    expect(values([null, 1], ['any', 1], { unknown: ['/v/0'] })).to.deep.equal([]);
    expect(values([null, 1], ['any', 2], { unknown: ['/v/0'] })).to.deep.equal(['/v/1 other-value']);
    expect(compare(shown({ 'a/b': 0 }), shown({ 'a/b': 1 }), { unknown: ['/a~1b'] })).to.deep.equal([]);
    expect(compare(shown({ vv: 0 }), shown({ vv: 1 }), { unknown: ['/v'] })).to.deep.equal(['/vv other-value']);
  });

  it('that is hidden compares by tag, on both sides only', () => {
    expect(secrets('x', 'x')).to.deep.equal([]);
    expect(secrets('x', 'y')).to.deep.equal(OTHER);
    expect(secrets({ a: 1 }, { a: 1 })).to.deep.equal([]);
    expect(compare(secret('x'), shown({ v: 'x' }))).to.deep.equal(['/v not-comparable']);
    expect(compare(shown({ v: 'x' }), secret('x'))).to.deep.equal(['/v not-comparable']);
    // Nothing where something hidden was planned is another value, whatever it was.
    expect(compare(secret('x'), shown({ v: null }))).to.deep.equal(OTHER);
    expect(compare(secret('x'), shown({}))).to.deep.equal(OTHER);
    expect(compare(shown({ v: null }), secret('x'))).to.deep.equal(['/v default-set']);
    expect(compare(shown({ v: null }), secret('x'), { strict: true })).to.deep.equal(OTHER);
    expect(compare(shown({}), secret('x'))).to.deep.equal(OTHER);
  });

  it('that was rebuilt from the log compares by commitment, under one key and at one place', () => {
    const bare = (value: Json, changes: Partial<HiddenValue> = {}): Side =>
      shown({ v: null }, { ...hide('/v', value), tag: '', ...changes });
    expect(compare(bare('x'), secret('x'))).to.deep.equal([]);
    expect(compare(secret('x'), bare('x'))).to.deep.equal([]);
    expect(compare(bare('x'), bare('x'))).to.deep.equal([]);
    expect(compare(bare('x'), secret('y'))).to.deep.equal(OTHER);
    expect(compare(bare('x', { kid: 'e0' }), secret('x'))).to.deep.equal(['/v not-comparable']);
    expect(compare(bare('x', { kid: 'e0' }), bare('y'))).to.deep.equal(['/v not-comparable']);
    const at = (path: string, value: Json): HiddenValue => ({ ...hide(path, value), tag: '' });
    const list = (a: Json, b: Json): Side => shown({ v: [null, null] }, at('/v/0', a), at('/v/1', b));
    expect(compare(list('x', 'y'), list('x', 'y'))).to.deep.equal([]);
    // Elsewhere the commitment is another one: the order cannot be told.
    expect(compare(list('x', 'y'), list('y', 'x'))).to.deep.equal(['/v/0 other-value', '/v/1 other-value']);
    expect(commitmentOf(testKeys.epoch.key, 'a', '/0', 'x')).not.to.equal(
      commitmentOf(testKeys.epoch.key, 'a', '/1', 'x'),
    );
  });

  it('may be a number written as text, in the number alone', () => {
    const big = new NumberText('18446744073709551616');
    for (const strict of [true, false]) {
      expect(values('0.1', 0.1, { strict })).to.deep.equal([]);
      expect(values('18446744073709551616', big, { strict })).to.deep.equal([]);
      expect(values('1e1', 10, { strict })).to.deep.equal([]);
      expect(secrets('0.1', 0.1, { strict })).to.deep.equal([]);
      expect(secrets('18446744073709551616', big, { strict })).to.deep.equal([]);
    }
    expect(values('0.1', 0.2)).to.deep.equal(OTHER);
    expect(values('18446744073709551617', big)).to.deep.equal(OTHER);
    expect(values('0x10', 16)).to.deep.equal(OTHER);
    expect(values('', 0, { strict: true })).to.deep.equal(OTHER);
    expect(secrets('0.1', 0.2)).to.deep.equal(OTHER);
    expect(secrets('18446744073709551617', big)).to.deep.equal(OTHER);
    // A planned number does not become a text, and two texts are no numbers: 1.10 is not version 1.1.
    expect(values(1, '1')).to.deep.equal(OTHER);
    expect(values('1.10', '1.1')).to.deep.equal(OTHER);
    expect(secrets('1.10', '1.1')).to.deep.equal(OTHER);
    expect(secrets('1.0', '1')).to.deep.equal(OTHER);
    expect(values(1, new NumberText('1.0'))).to.deep.equal([]);
  });

  it('may be JSON of equal meaning, and no other', () => {
    const [a, b] = ['{"a":1,"b":[1,2]}', '{ "b": [1, 2], "a": 1.0 }'];
    expect(values(a, b)).to.deep.equal(['/v other-json']);
    expect(secrets(a, b)).to.deep.equal(['/v other-spelling']);
    expect(values('[1,2]', '[1, 2]')).to.deep.equal(['/v other-json']);
    for (const other of [
      '{"a":1,"b":[2,1]}',
      '{"a":1}',
      '{"a":1,"b":[1,2],"c":3}',
      '{"a":1,"a":1,"b":[1,2]}',
      '{"a":1',
    ]) {
      expect(values(a, other), other).to.deep.equal(OTHER);
      expect(secrets(a, other), other).to.deep.equal(OTHER);
    }
    expect(values('{"a":"x y"}', '{"a":"x  z"}')).to.deep.equal(OTHER);
    expect(values(a, b, { strict: true })).to.deep.equal(OTHER);
    expect(secrets(a, b, { strict: true })).to.deep.equal(OTHER);
    expect(secrets('{"a":1}', { a: 1 }, { strict: true })).to.deep.equal(OTHER);
  });

  it('may have other white space', () => {
    expect(values('a\n  b', 'a b ')).to.deep.equal(['/v other-space']);
    expect(secrets('a\n  b', 'a b')).to.deep.equal(['/v other-spelling']);
    expect(secrets('a\n  b', ' a b ')).to.deep.equal(['/v other-spelling']);
    expect(values('a b', 'ab')).to.deep.equal(OTHER);
    expect(secrets('a  b', 'ab')).to.deep.equal(OTHER);
    expect(values('a  b', 'a b', { strict: true })).to.deep.equal(OTHER);
    expect(secrets('a  b', 'a b', { strict: true })).to.deep.equal(OTHER);
  });

  it('may be nothing and empty', () => {
    for (const empty of ['', [], {}, false, 0] as const) {
      expect(values(null, empty), JSON.stringify(empty)).to.deep.equal(['/v null-or-empty']);
      expect(values(empty, null), JSON.stringify(empty)).to.deep.equal(['/v null-or-empty']);
      expect(values(empty, null, { strict: true }), JSON.stringify(empty)).to.deep.equal(OTHER);
      expect(values(empty, null, { before: shown({ v: 'kept' }) }), JSON.stringify(empty)).to.deep.equal([
        '/v null-or-empty',
      ]);
      expect(values(empty, 'x'), JSON.stringify(empty)).to.deep.equal(OTHER);
      expect(values('x', empty), JSON.stringify(empty)).to.deep.equal(OTHER);
    }
    expect(compare(shown({}), shown({ v: null }), { strict: true })).to.deep.equal([]);
    expect(values(false, true)).to.deep.equal(OTHER);
    expect(values(true, null)).to.deep.equal(OTHER);
  });

  it('planned as null may come with a default: when the object is made, or kept when it is written', () => {
    expect(values(null, 'd')).to.deep.equal(['/v default-set']);
    expect(values(null, { deep: 1 })).to.deep.equal(['/v default-set']);
    expect(values(null, 'd', { untouched: true })).to.deep.equal(OTHER);
    expect(values(null, 'd', { strict: true })).to.deep.equal(OTHER);
    expect(values(null, 'd', { before: shown({ v: 'd' }) })).to.deep.equal(['/v default-set']);
    expect(values(null, 'd', { before: shown({ v: 'e' }) })).to.deep.equal(OTHER);
    expect(values(null, 'd', { before: shown({ v: null }) })).to.deep.equal(OTHER);
    expect(values(null, 'd', { before: shown({ v: 'd' }), strict: true })).to.deep.equal(['/v not-done']);
  });

  it('is not more than was planned: an element or a key beside it is no default', () => {
    expect(values([{ port: 443 }], [{ port: 443 }, { port: 22 }])).to.deep.equal(['/v/1 other-value']);
    expect(values([], [{ port: 22 }])).to.deep.equal(['/v/0 other-value']);
    expect(values({ a: 1 }, { a: 1, b: 2 })).to.deep.equal(['/v/b other-value']);
    const hidden = shown({ v: ['a', null] }, hide('/v/1', 'x'));
    expect(compare(shown({ v: ['a'] }), hidden)).to.deep.equal(['/v/1 other-value']);
    expect(values([1, 2], [1])).to.deep.equal(['/v/1 other-value']);
    expect(values({ a: 1, b: 2 }, { a: 1 })).to.deep.equal(['/v/b other-value']);
  });

  it('is not done where there stands what stood there', () => {
    const before = shown({ v: 'old', l: [1] });
    expect(values('new', 'old', { before })).to.deep.equal(['/v not-done']);
    expect(values('new', 'third', { before })).to.deep.equal(OTHER);
    expect(values('new', 'old')).to.deep.equal(OTHER);
    expect(compare(shown({ l: [1, 2] }), shown({ l: [1] }), { before })).to.deep.equal(['/l not-done']);
    expect(compare(secret('new'), secret('old'), { before: secret('old') })).to.deep.equal(['/v not-done']);
    expect(compare(secret('new'), secret('third'), { before: secret('old') })).to.deep.equal(OTHER);
    expect(compare(secret('new'), shown({ v: null }), { before: secret('old') })).to.deep.equal(OTHER);
  });
});

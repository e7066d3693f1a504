// Marks must cover the secret wherever the state really keeps it; when in doubt they cover more.
import { expect } from 'chai';
import fc from 'fast-check';
import { readPointer } from '../../daemon/json/pointer.ts';
import type { Json } from '../../daemon/json/value.ts';
import { instanceOf } from './fixtures.ts';

const attribute = (value: string): object => ({ type: 'get_attr', value });
const index = (value: unknown, type: unknown = typeof value): object => ({ type: 'index', value: { value, type } });
const resolve = (attributes: object, ...marks: readonly unknown[]): unknown =>
  instanceOf({ attributes, sensitive_attributes: marks }).sensitivePaths;

describe('sensitive paths', () => {
  it('step through attributes, lists and maps', () => {
    const attributes = { list: [{ a: 1 }, { a: 2 }], map: { 'k.1': { p: 'x' } }, top: null };
    expect(resolve(attributes, [attribute('list'), index(1), attribute('a')])).to.deep.equal([['list', 1, 'a']]);
    expect(resolve(attributes, [attribute('map'), index('k.1'), attribute('p')])).to.deep.equal([['map', 'k.1', 'p']]);
    expect(resolve(attributes, [attribute('top')])).to.deep.equal([['top']]);
  });

  it('step into the wrapper of a dynamic value', () => {
    const type = ['object', { pw: 'string', l: ['list', 'string'] }];
    const attributes = {
      input: { value: { pw: 's', l: ['a'] }, type },
      nested: [{ d: { value: ['x'], type: ['tuple', ['string']] } }],
    };
    expect(resolve(attributes, [attribute('input'), attribute('pw')])).to.deep.equal([['input', 'value', 'pw']]);
    expect(resolve(attributes, [attribute('input'), attribute('l'), index(0)])).to.deep.equal([
      ['input', 'value', 'l', 0],
    ]);
    expect(resolve(attributes, [attribute('nested'), index(0), attribute('d'), index(0)])).to.deep.equal([
      ['nested', 0, 'd', 'value', 0],
    ]);
    expect(resolve(attributes, [attribute('input')])).to.deep.equal([['input']]);
  });

  it('cover the whole wrapper where a step fits it and what it wraps', () => {
    const attributes = {
      input: { value: { type: 's', value: 't' }, type: ['object', { type: 'string', value: 'string' }] },
    };
    expect(resolve(attributes, [attribute('input'), attribute('type')])).to.deep.equal([['input']]);
    expect(resolve(attributes, [attribute('input'), attribute('value')])).to.deep.equal([['input']]);
    const record = { rule: [{ type: 'TXT', value: 's' }] };
    expect(resolve(record, [attribute('rule'), index(0), attribute('value')])).to.deep.equal([['rule', 0, 'value']]);
  });

  it('cover the whole set for a place in a set', () => {
    const attributes = { set: ['a', 'b'], rules: [{ s: { x: 1 } }] };
    for (const key of ['a', 5, -1, true, null, { x: 1 }, 0.5]) {
      expect(resolve(attributes, [attribute('set'), index(key)]), JSON.stringify(key)).to.deep.equal([['set']]);
      expect(resolve(attributes, [attribute('rules'), index(key), attribute('s')])).to.deep.equal([['rules']]);
    }
  });

  it('cover the whole top attribute where a step does not fit', () => {
    const attributes = { auth: null, map: { a: { b: 1 } }, text: 'x', dyn: { value: null, type: 'dynamic' } };
    expect(resolve(attributes, [attribute('auth'), attribute('password')])).to.deep.equal([['auth']]);
    expect(resolve(attributes, [attribute('map'), index('a'), attribute('c')])).to.deep.equal([['map']]);
    expect(resolve(attributes, [attribute('map'), index(0)])).to.deep.equal([['map']]);
    expect(resolve(attributes, [attribute('text'), index(0)])).to.deep.equal([['text']]);
    expect(resolve(attributes, [attribute('dyn'), attribute('pw')])).to.deep.equal([['dyn']]);
    expect(resolve(attributes, [attribute('map'), { type: 'splat' }])).to.deep.equal([['map']]);
    expect(resolve(attributes, [attribute('map'), attribute('constructor')])).to.deep.equal([['map']]);
  });

  it('cover all attributes for a path that names none, and nothing for an attribute that is absent', () => {
    expect(resolve({ a: 1 }, [])).to.deep.equal([[]]);
    expect(resolve({ a: 1 }, [index(0)])).to.deep.equal([[]]);
    expect(resolve({ a: 1 }, [{ type: 'new' }])).to.deep.equal([[]]);
    expect(resolve({ a: 1 }, [attribute('b')], [attribute('constructor')])).to.deep.equal([]);
  });

  it('are sorted and unique whatever order they were written in', () => {
    const marks = [
      [attribute('b')],
      [attribute('a'), index('y')],
      [attribute('a')],
      [attribute('b')],
      [attribute('a'), index('x')],
    ];
    const attributes = { a: { x: 1, y: 2 }, b: 3 };
    fc.assert(
      fc.property(fc.shuffledSubarray(marks, { minLength: marks.length }), (shuffled) => {
        expect(resolve(attributes, ...shuffled)).to.deep.equal([['a'], ['a', 'x'], ['a', 'y'], ['b']]);
      }),
    );
  });

  it('always cover the marked value, wrapped or not', () => {
    const step = fc.constantFrom('value', 'type', 'a', 'b', '0');
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), fc.boolean(), (path, isWrapped) => {
        const value = path.reduceRight<Json>((inner, key) => ({ [key]: inner, other: 1 }), 'SECRET');
        const attributes: Json = { top: isWrapped ? { value, type: ['object', {}] } : value };
        const marks = [[attribute('top'), ...path.map((key) => attribute(key))]];
        const [found] = instanceOf({ attributes, sensitive_attributes: marks }).sensitivePaths;
        expect(JSON.stringify(readPointer(attributes, found ?? ['absent']))).to.include('SECRET');
      }),
    );
  });
});

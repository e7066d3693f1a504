// RFC 6901, with the examples of its section 5.
import { expect } from 'chai';
import fc from 'fast-check';
import { formatPointer, parsePointer, readPointer } from '../../daemon/json/pointer.ts';
import { anyKey } from './json-values.ts';

const EXAMPLE = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

describe('pointers', () => {
  it('read the examples of RFC 6901', () => {
    const expected: Record<string, unknown> = {
      '': EXAMPLE,
      '/foo': EXAMPLE.foo,
      '/foo/0': 'bar',
      '/': 0,
      '/a~1b': 1,
      '/c%d': 2,
      '/e^f': 3,
      '/g|h': 4,
      '/i\\j': 5,
      '/k"l': 6,
      '/ ': 7,
      '/m~0n': 8,
    };
    for (const [pointer, value] of Object.entries(expected)) {
      expect(readPointer(EXAMPLE, parsePointer(pointer)), pointer).to.deep.equal(value);
      expect(formatPointer(parsePointer(pointer))).to.equal(pointer);
    }
  });

  it('come back from their text', () => {
    const steps = fc.array(fc.oneof(anyKey, fc.constantFrom('~', '/', '~1', '~0', '~01', '')));
    fc.assert(
      fc.property(steps, (path) => {
        expect(parsePointer(formatPointer(path))).to.deep.equal(path);
      }),
    );
    expect(formatPointer(['a', 0, '~1/'])).to.equal('/a/0/~01~1');
  });

  it('find nothing where there is nothing', () => {
    for (const pointer of [
      '/foo/2',
      '/foo/-',
      '/foo/00',
      '/foo/+1',
      '/foo/length',
      '/bar',
      '/constructor',
      '/__proto__',
      '/foo/0/0',
      '//x',
    ]) {
      expect(readPointer(EXAMPLE, parsePointer(pointer)), pointer).to.equal(undefined);
    }
    for (const index of [-1, 0.5, NaN, Infinity, 1e21])
      expect(readPointer(EXAMPLE, ['foo', index])).to.equal(undefined);
    expect(readPointer(EXAMPLE, ['foo', 1])).to.equal('baz');
  });

  it('refuse other text', () => {
    for (const text of ['a', 'foo/bar', '/~', '/~2', '/a~']) {
      expect(() => parsePointer(text))
        .to.throw()
        .with.property('code', 'json-pointer');
    }
  });
});

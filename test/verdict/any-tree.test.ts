// Any tree against itself, and against itself with one value changed.
import { expect } from 'chai';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import { Tagger } from '../../daemon/redaction/keys.ts';
import { testKeys } from '../support/log-harness.ts';
import { createRandom } from '../support/seeded-random.ts';
import { compare, NONE, OTHER, secrets, shown } from '../support/verdict-sides.ts';

describe('any tree', () => {
  const SEED = 20_261_126;
  const random = createRandom(SEED);
  const pick = (count: number): number => Math.floor(random() * count);
  const tagger = new Tagger(testKeys.equalityKey);
  const isOther = (line: string): boolean => /(?:other-value|not-done|not-comparable)$/u.test(line);
  const leaf = (): Json => [pick(1000) + 1, `text-${pick(1000)}`, true, `[${pick(99)}]`, 0.5 + pick(9)][pick(5)] ?? 'x';

  function tree(depth: number): Json {
    const kind = depth === 0 ? 2 : pick(4);
    if (kind === 0) return Array.from({ length: 1 + pick(4) }, () => tree(depth - 1));
    if (kind > 2 || kind === 1)
      return Object.fromEntries(Array.from({ length: 1 + pick(4) }, (_, i) => [`k/${i}`, tree(depth - 1)]));
    return leaf();
  }

  /** The same tree with the leaf that is the n-th replaced, hidden values counted with the others. */
  function change(value: Json, state: { left: number }, to: Json): Json {
    if (Array.isArray(value)) return value.map((part: Json) => change(part, state, to));
    if (typeof value === 'object' && value !== null && !(value instanceof NumberText)) {
      return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, change(part, state, to)]));
    }
    state.left -= 1;
    return state.left === -1 ? to : value;
  }

  it(`is equal to itself; with one leaf changed it is not as planned (seed ${SEED})`, () => {
    for (let round = 0; round < 150; round += 1) {
      const value: Json = { root: tree(4) };
      const before = random() < 0.5 ? NONE : shown(value);
      for (const strict of [true, false]) {
        expect(compare(shown(value), shown(value), { strict, before }), JSON.stringify(value)).to.deep.equal([]);
        const count = { left: Number.MAX_SAFE_INTEGER };
        change(value, count, 0);
        const leaves = Number.MAX_SAFE_INTEGER - count.left;
        const other = change(value, { left: pick(leaves) }, `another-${round}`);
        for (const [planned, actual] of [
          [value, other],
          [other, value],
        ] as const) {
          const found = compare(shown(planned), shown(actual), { strict, before });
          expect(found.some(isOther), JSON.stringify([planned, actual])).to.equal(true);
        }
        // Hidden as a whole: the same by tag, and never for another.
        expect(secrets(value, value, { strict })).to.deep.equal([]);
        expect(secrets(value, other, { strict })).to.deep.equal(OTHER);
        expect(tagger.value(value)).not.to.equal(tagger.value(other));
      }
    }
  });
});

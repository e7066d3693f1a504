// Marks of planned changes: what one side hides both hide, what is not known yet hides nothing, and what a replacement's
// new object is not marked for is known from the old one.
import { expect } from 'chai';
import type { Json } from '../../daemon/json/value.ts';
import { instanceSides } from '../../daemon/redaction/plan-marks.ts';
import type { MarkNode } from '../../daemon/redaction/marks.ts';
import type { PlannedChange } from '../../daemon/terraform/plan/plan.ts';

const change = (given: Partial<PlannedChange>): PlannedChange => ({
  actions: ['update'],
  before: undefined,
  after: undefined,
  afterUnknown: false,
  beforeSensitive: [],
  afterSensitive: [],
  ...given,
});

const marked = (given: Partial<PlannedChange>): readonly (readonly string[])[] =>
  instanceSides(change(given), undefined).map(({ marks }) => paths(marks).sort());

function paths(node: MarkNode | undefined, at = ''): string[] {
  if (node === undefined) return [];
  if (node.by !== undefined) return [at];
  return [...node.children].flatMap(([key, child]) => paths(child, `${at}/${key}`));
}

describe('marks of a planned change', () => {
  const [before, after]: readonly Json[] = [{ tags: { a: '1', b: '2' } }, { tags: { a: '1', c: '3' } }];

  it('hide on both sides what one side marks, and nothing beside it', () => {
    expect(marked({ before, after, afterSensitive: [['tags', 'a']] })).to.deep.equal([['/tags/a'], ['/tags/a']]);
    expect(marked({ before, after, afterSensitive: [['tags', 'c']] })).to.deep.equal([[], ['/tags/c']]);
    expect(marked({ before, after, beforeSensitive: [['tags', 'b']] })).to.deep.equal([['/tags/b'], []]);
  });

  it('hide all of an attribute on both sides when a mark leads nowhere', () => {
    expect(marked({ before, after, afterSensitive: [['tags', 'gone', 'deep']] })).to.deep.equal([['/tags'], ['/tags']]);
    expect(marked({ before, after, beforeSensitive: [['tags', 'gone']] })).to.deep.equal([['/tags'], ['/tags']]);
  });

  it('hide nothing for what is not known yet, and what it is to replace', () => {
    const unknown = { afterUnknown: { tags: { b: true } }, afterSensitive: [['tags', 'b']] };
    expect(marked({ before, after, ...unknown })).to.deep.equal([['/tags/b'], []]);
  });

  it('hold for the new object of a replacement under every key', () => {
    const users = (...names: readonly string[]): Json => ({
      users: Object.fromEntries(names.map((name) => [name, { pin: '1', role: 'r' }])),
    });
    const replaced = marked({
      actions: ['delete', 'create'],
      before: users('a'),
      after: users('a', 'b'),
      beforeSensitive: [['users', 'a', 'pin']],
    });
    expect(replaced).to.deep.equal([['/users/a/pin'], ['/users/a/pin', '/users/b/pin']]);
  });
});

import { expect } from 'chai';
import fc from 'fast-check';
import { formatJson } from '../../daemon/json/format.ts';
import { NumberText, type Json } from '../../daemon/json/value.ts';
import type { HiddenValue } from '../../daemon/record/observation.ts';
import { applyChanges, diffTrees } from '../../daemon/recorder/diff.ts';

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.constantFrom(new NumberText('12345678901234567890.25'), new NumberText('1.0')),
    fc.string({ unit: 'binary', maxLength: 6 }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b/c', '~d', '', '__proto__', '0'), tie('json'), { maxKeys: 4 }),
  ),
}));

const hidden = (path: string, tag: string): HiddenValue => ({
  path,
  by: 'mark',
  tag,
  kid: 'e1',
  commitment: `c-${tag}`,
});

describe('recorder/diff', () => {
  it('gives changes that lead from the redacted before to exactly the redacted after', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const { changes } = diffTrees({ value: before, hidden: [] }, { value: after, hidden: [] });
        const applied = applyChanges(before, changes);
        expect(applied === undefined ? undefined : formatJson(applied)).to.equal(formatJson(after));
        if (formatJson(before) === formatJson(after)) expect(changes).to.deep.equal([]);
        else expect(changes).to.not.deep.equal([]);
      }),
      { numRuns: 500 },
    );
  });

  it('creates and deletes a whole tree by one change', () => {
    const tree = { value: { a: 1, s: null }, hidden: [hidden('/s', 't')] };
    expect(diffTrees(undefined, tree)).to.deep.equal({
      changes: [{ path: '', after: { a: 1, s: null } }],
      hidden: [{ path: '/s', by: 'mark', kid: 'e1', commitment: 'c-t', changed: true }],
    });
    expect(diffTrees(tree, undefined).changes).to.deep.equal([{ path: '', before: { a: 1, s: null } }]);
  });

  it('removes from the highest index first and appends in order', () => {
    const before = { value: [1, 2, 3, 4], hidden: [] };
    expect(diffTrees(before, { value: [1], hidden: [] }).changes.map(({ path }) => path)).to.deep.equal([
      '/3',
      '/2',
      '/1',
    ]);
    expect(diffTrees({ value: [1], hidden: [] }, before).changes.map(({ path }) => path)).to.deep.equal([
      '/1',
      '/2',
      '/3',
    ]);
  });

  it('compares hidden values by their tags alone', () => {
    const tree = (tag: string) => ({ value: { s: null }, hidden: [hidden('/s', tag)] });
    expect(diffTrees(tree('t'), tree('t'))).to.deep.equal({ changes: [], hidden: [] });
    const changed = diffTrees(tree('t'), tree('u'));
    expect(changed.changes).to.deep.equal([]);
    expect(changed.hidden).to.deep.equal([{ path: '/s', by: 'mark', kid: 'e1', commitment: 'c-u', changed: true }]);
  });

  it('names a hidden value that became a shown one', () => {
    const { changes, hidden: listed } = diffTrees(
      { value: { s: null }, hidden: [hidden('/s', 't')] },
      { value: { s: 'x' }, hidden: [] },
    );
    expect(changes).to.deep.equal([{ path: '/s', before: null, after: 'x' }]);
    expect(listed.map(({ path, commitment }) => ({ path, commitment }))).to.deep.equal([
      { path: '/s', commitment: 'c-t' },
    ]);
  });
});

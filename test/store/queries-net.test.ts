import { expect } from 'chai';
import fc from 'fast-check';
import { formatJson } from '../../daemon/json/format.ts';
import type { Json } from '../../daemon/json/value.ts';
import type { HiddenValue } from '../../daemon/record/observation.ts';
import { diffTrees, type RedactedTree } from '../../daemon/recorder/diff.ts';
import { flatten, mergeSteps, type NetSide, type NetValue, type StepBody } from '../../daemon/store/queries-net.ts';

const SECRET = /^secret:/;

/** A tree whose strings that begin with "secret:" are hidden; tags and commitments are equal for equal values. */
function redact(value: Json | undefined): RedactedTree | undefined {
  if (value === undefined) return undefined;
  const scalars = new Map<string, Json>();
  flatten('', value, scalars);
  const hidden = [...scalars].flatMap(([path, scalar]): HiddenValue[] =>
    typeof scalar === 'string' && SECRET.test(scalar)
      ? [{ path, by: 'mark', tag: `tag ${scalar}`, kid: 'e1', commitment: `${path} ${scalar}` }]
      : [],
  );
  const text = formatJson(value).replace(/"secret:[^"]*"/g, 'null');
  return { value: JSON.parse(text) as Json, hidden };
}

const scalar = fc.oneof(
  fc.constantFrom<Json>(null, true, 0, 1, 'a', 'b', 'secret:1', 'secret:2'),
  fc.constantFrom<Json>([], {}),
);
const { tree } = fc.letrec<{ tree: Json; node: Json }>((tie) => ({
  tree: fc.dictionary(fc.constantFrom('a', 'b', 'c/d', '~', '0'), tie('node'), { maxKeys: 4, noNullPrototype: true }),
  node: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('node'), { maxLength: 3 }), tie('tree')),
}));

/**
 * What is compared: an empty list or map counts as nothing, because a step that fills it does not tell that it was
 * there; a null counts as hidden, because a step from null to a secret reads like one between secrets.
 */
function sideText(side: NetSide): string {
  if (side.is !== 'shown') return side.is;
  if (side.value === null) return 'hidden';
  const text = formatJson(side.value);
  return text === '[]' || text === '{}' ? 'absent' : text;
}

function netTexts(values: readonly NetValue[]): Map<string, string> {
  const texts = values.map(({ path, before, after }) => [path, `${sideText(before)} -> ${sideText(after)}`] as const);
  return new Map(texts.filter(([, text]) => text !== 'absent -> absent'));
}

describe('mergeSteps', () => {
  it('says of several steps what one step from the first to the last state would say', () => {
    const versions = fc.array(fc.option(tree, { nil: undefined, freq: 4 }), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(versions, (states) => {
        const trees = states.map(redact);
        const steps = trees.slice(1).map((after, index) => diffTrees(trees[index], after));
        const merged = netTexts(mergeSteps(steps));
        const direct = netTexts(mergeSteps([diffTrees(trees[0], trees.at(-1))]));
        for (const [path, text] of direct) expect(merged.get(path), path).to.equal(text);
        // What a hidden value was before is not in a step: one that came back may only be listed as changed.
        for (const [path, text] of merged) if (!direct.has(path)) expect(text, path).to.equal('hidden -> hidden');
      }),
      { numRuns: 400 },
    );
  });

  it('leaves out what returned to what it was', () => {
    const there: StepBody = { changes: [{ path: '/a', before: 1, after: 2 }], hidden: [] };
    const back: StepBody = { changes: [{ path: '/a', before: 2, after: 1 }], hidden: [] };
    expect(mergeSteps([there, back])).to.eql([]);
    expect(mergeSteps([there, back, there])).to.have.length(1);
  });

  it('tells a secret that stayed over a replacement from one that changed', () => {
    const hidden = (commitment: string): StepBody['hidden'] => [
      { path: '/pw', by: 'mark', kid: 'e1', commitment, changed: true },
    ];
    const gone = (commitment: string): StepBody => ({
      changes: [{ path: '', before: { pw: null } }],
      hidden: hidden(commitment),
    });
    const came = (commitment: string): StepBody => ({
      changes: [{ path: '', after: { pw: null } }],
      hidden: hidden(commitment),
    });
    expect(mergeSteps([gone('one'), came('one')])).to.eql([]);
    expect(mergeSteps([gone('one'), came('two')]).map(({ path }) => path)).to.eql(['/pw']);
  });
});

// A whole change against one plan: what was done of it, what was done beside it, and what of it was left.
import { expect } from 'chai';
import type { NetAction } from '../../daemon/record/data.ts';
import type { PlannedItem } from '../../daemon/verdict/judge-instance.ts';
import { judge, net, plan, told } from '../support/judged-scene.ts';
import { hide, secret } from '../support/verdict-sides.ts';

const [one, two] = [{ v: 1 }, { v: 2 }];
const create = plan('t.a', ['create'], { after: one });
const update = plan('t.a', ['update'], { after: two });
const destroy = plan('t.a', ['delete']);

describe('a change', () => {
  it('is as planned where all was done, and nothing beside', () => {
    expect(told({ planned: [create], made: { 't.a': { after: one, did: ['create'] } } })).to.deep.equal(['as-planned']);
    expect(told({ planned: [update], made: { 't.a': { before: one, after: two, did: ['update'] } } })).to.deep.equal([
      'as-planned',
    ]);
    expect(told({ planned: [destroy], made: { 't.a': { before: one, did: ['delete'] } } })).to.deep.equal([
      'as-planned',
    ]);
    const forget = plan('t.a', ['forget']);
    expect(told({ planned: [forget], made: { 't.a': { before: one, did: ['forget'] } } })).to.deep.equal([
      'as-planned',
    ]);
    // What was to go was gone before.
    expect(told({ planned: [destroy] })).to.deep.equal(['as-planned']);
    expect(told({ planned: [] })).to.deep.equal(['as-planned']);
  });

  it('is partly applied where something was not begun, or not whole', () => {
    expect(told({ planned: [create] })).to.deep.equal(['partly-applied', 'not-done t.a']);
    expect(told({ planned: [update], made: { 't.a': { before: one, after: one } } })).to.deep.equal([
      'partly-applied',
      'not-done t.a/v',
    ]);
    expect(told({ planned: [destroy], made: { 't.a': { before: one, after: one } } })).to.deep.equal([
      'partly-applied',
      'not-done t.a',
    ]);
  });

  it('diverged where something else was done to what was planned', () => {
    const other = ['diverged', 'other-action t.a'];
    expect(told({ planned: [update], made: { 't.a': { before: one, did: ['delete'] } } })).to.deep.equal(other);
    expect(told({ planned: [destroy], made: { 't.a': { before: one, after: two, did: ['update'] } } })).to.deep.equal(
      other,
    );
    const value = ['diverged', 'other-value t.a/v'];
    expect(told({ planned: [create], made: { 't.a': { after: two, did: ['create'] } } })).to.deep.equal(value);
    expect(
      told({ planned: [update], made: { 't.a': { before: one, after: { v: 3 }, did: ['update'] } } }),
    ).to.deep.equal(value);
  });

  it('is beyond the plan where more was done', () => {
    const made = { 't.a': { after: one, did: ['create'] } } as const;
    const more = (...beside: NetAction[]) => told({ planned: [create], made, beside });
    for (const actions of [['create'], ['update'], ['delete'], ['forget'], ['taint'], ['import']] as const) {
      expect(more(net('t.b', actions)), actions[0]).to.deep.equal(['beyond-plan', 'not-in-plan t.b']);
    }
    expect(more(net('t.a', ['delete'], { deposed: 'dd' }))).to.deep.equal(['beyond-plan', 'not-in-plan t.add']);
    expect(more(net('t.c', ['move'], { previousAddress: 't.b' }))).to.deep.equal([
      'beyond-plan',
      'not-in-plan t.b',
      'not-in-plan t.c',
    ]);
    // Done otherwise is worse than done beside.
    const worse = told({
      planned: [create],
      made: { 't.a': { after: two, did: ['create'] } },
      beside: [net('t.b', ['update'])],
    });
    expect(worse).to.deep.equal(['diverged', 'other-value t.a/v', 'not-in-plan t.b']);
  });

  it('adopts what the plan had found outside', () => {
    const beside = [net('t.b', ['update'])];
    expect(told({ planned: [], beside, adopted: ['t.b'] })).to.deep.equal(['as-planned', 'adopted t.b']);
    expect(judge({ planned: [], beside, adopted: ['t.b'] }).counts).to.include({ drift: 1, notPlanned: 0 });
    expect(told({ planned: [], beside, adopted: ['t.c'] })).to.deep.equal(['beyond-plan', 'not-in-plan t.b']);
    expect(told({ planned: [], outputs: ['output.x'] })).to.deep.equal(['beyond-plan', 'not-in-plan output.x']);
  });

  it('cannot be told where a value cannot, unless another tells enough', () => {
    const hidden: PlannedItem = { ...create, after: { ...secret('x'), unknown: [] } };
    const scene = { planned: [hidden], made: { 't.a': { after: { v: 'x' }, did: ['create'] } } } as const;
    expect(told(scene)).to.deep.equal(['undetermined', 'not-comparable t.a/v']);
    expect(told({ ...scene, beside: [net('t.b', ['update'])] })[0]).to.equal('beyond-plan');
    expect(judge(scene).counts).to.include({ unknown: 1, planned: 0 });
    const both: PlannedItem = {
      ...create,
      after: { value: { v: null, w: 1 }, hidden: [hide('/v', 'x')], unknown: [] },
    };
    expect(told({ planned: [both], made: { 't.a': { after: { v: 'x', w: 2 }, did: ['create'] } } })[0]).to.equal(
      'diverged',
    );
  });

  it('says which values a provider wrote otherwise', () => {
    const planned = [plan('t.a', ['create'], { after: { v: null, w: ' x' } })];
    const made = { 't.a': { after: { v: 'default', w: 'x' }, did: ['create'] } } as const;
    const judged = judge({ planned, made });
    expect(judged.verdict).to.equal('as-planned');
    expect(judged.counts).to.include({ planned: 0, providerNormalised: 1 });
    expect(judged.reasons.map(({ code }) => code)).to.deep.equal(['default-set', 'other-space']);
    const strict = planned.map((item) => ({ ...item, isLenient: false }));
    expect(told({ planned: strict, made })).to.deep.equal(['diverged', 'other-value t.a/v', 'other-value t.a/w']);
  });
});

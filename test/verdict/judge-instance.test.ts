// Single instances and outputs: replacements, what they leave, moves, imports.
import { expect } from 'chai';
import type { Json } from '../../daemon/json/value.ts';
import { judge, net, plan, told, type Made } from '../support/judged-scene.ts';

const [one, two] = [{ v: 1 }, { v: 2 }];
const update = plan('t.a', ['update'], { after: two });

describe('a replacement', () => {
  for (const actions of [
    ['delete', 'create'],
    ['create', 'delete'],
  ] as const) {
    const planned = [plan('t.a', actions, { after: two })];
    const replaced = (made: Made) => told({ planned, made: { 't.a': made } });

    it(`is done, half done, or not begun: ${actions.join(', ')}`, () => {
      expect(replaced({ before: one, after: two, did: [...actions] })).to.deep.equal(['as-planned']);
      expect(replaced({ before: one, did: ['delete'] })).to.deep.equal(['partly-applied', 'not-done t.a']);
      expect(replaced({ before: one, after: one })).to.deep.equal(['partly-applied', 'not-done t.a']);
      const left = replaced({ before: one, after: two, did: ['create'], deposedLeft: true });
      expect(left).to.deep.equal(['partly-applied', 'not-done t.a']);
    });

    it(`makes no old object again: ${actions.join(', ')}`, () => {
      expect(replaced({ before: one, after: one, did: [...actions] })).to.deep.equal(['diverged', 'other-value t.a/v']);
      expect(replaced({ before: one, after: { v: 3 }, did: ['update'] })).to.deep.equal([
        'diverged',
        'other-value t.a/v',
      ]);
    });
  }

  it('that forgets the old object is one', () => {
    const planned = [plan('t.a', ['forget', 'create'], { after: two })];
    expect(told({ planned, made: { 't.a': { before: one, did: ['forget'] } } })[0]).to.equal('partly-applied');
    expect(told({ planned, made: { 't.a': { before: one, after: two, did: ['delete', 'create'] } } })[0]).to.equal(
      'as-planned',
    );
  });

  it('of a tainted object leaves what is missing, and excuses no other value', () => {
    const planned = [plan('t.a', ['create'], { after: { v: 1, w: 2 } })];
    const tainted = (after: Json) => told({ planned, made: { 't.a': { after, did: ['create'], tainted: true } } });
    expect(tainted({ v: 1, w: 2 })).to.deep.equal(['partly-applied', 'left-tainted t.a']);
    expect(tainted({ v: 1, w: null })).to.deep.equal(['partly-applied', 'left-tainted t.a', 'not-done t.a/w']);
    expect(tainted({ v: 1, w: 3 })[0]).to.equal('diverged');
  });

  it('of a deposed object is told from its successor', () => {
    const planned = [plan('t.a', ['delete'], { deposed: 'dd' })];
    const beside = [net('t.a', ['delete'], { deposed: 'dd' })];
    expect(told({ planned, beside })).to.deep.equal(['as-planned']);
    expect(told({ planned, beside: [net('t.a', ['delete'])] })).to.deep.equal(['beyond-plan', 'not-in-plan t.a']);
  });
});

describe('a move', () => {
  const planned = [plan('t.b', ['no-op'], { after: one, from: 't.a' })];
  const moved = { 't.b': { before: one, after: one, did: ['move'] } } as const;

  it('is as planned, seen as one or as one object gone and another come', () => {
    const seen = { ...judge({ planned, made: moved, beside: [] }) };
    expect(seen.verdict).to.equal('as-planned');
    expect(
      told({
        planned,
        beside: [net('t.b', ['move'], { previousAddress: 't.a' })],
        made: { 't.b': { before: one, after: one } },
      }),
    ).to.deep.equal(['as-planned']);
    const apart = { 't.b': { before: one, after: one, did: ['create'] } } as const;
    expect(told({ planned, made: apart, beside: [net('t.a', ['delete'])] })).to.deep.equal(['as-planned']);
    expect(told({ planned, made: apart, beside: [net('t.a', ['forget'])] })).to.deep.equal(['as-planned']);
  });

  it('covers nothing that stands at the address it left', () => {
    for (const actions of [['create'], ['update'], ['delete', 'create'], ['move'], ['import']] as const) {
      expect(told({ planned, made: moved, beside: [net('t.a', actions)] }), actions[0]).to.deep.equal([
        'beyond-plan',
        'not-in-plan t.a',
      ]);
    }
    expect(told({ planned, made: moved, beside: [net('t.a', ['delete'], { deposed: 'dd' })] })[0]).to.equal(
      'beyond-plan',
    );
  });

  it('with a change of a value, or without the planned one', () => {
    const changing = [plan('t.b', ['update'], { after: two, from: 't.a' })];
    expect(
      told({ planned: changing, made: { 't.b': { before: one, after: two, did: ['move', 'update'] } } })[0],
    ).to.equal('as-planned');
    expect(told({ planned: changing, made: { 't.b': { before: one, after: one, did: ['move'] } } })).to.deep.equal([
      'partly-applied',
      'not-done t.b/v',
    ]);
    expect(told({ planned, made: { 't.b': { before: one, after: two, did: ['move', 'update'] } } })[0]).to.equal(
      'diverged',
    );
    expect(told({ planned })[0]).to.equal('partly-applied');
    // The object is gone from both.
    expect(told({ planned, made: { 't.b': { before: one } }, beside: [net('t.a', ['delete'])] })[0]).to.equal(
      'diverged',
    );
  });
});

describe('imports and outputs', () => {
  it('an import is done when its object is there with the values', () => {
    const planned = [plan('t.a', ['no-op'], { after: one })];
    for (const did of [['create'], ['import']] as const) {
      expect(told({ planned, made: { 't.a': { after: one, did } } })).to.deep.equal(['as-planned']);
      expect(told({ planned, made: { 't.a': { after: two, did } } })[0]).to.equal('diverged');
    }
    expect(told({ planned })).to.deep.equal(['partly-applied', 'not-done t.a']);
  });

  it('an output is judged as an instance is', () => {
    const made = (after: Made) => ({ 'output.o': after });
    const planned = [plan('output.o', ['update'], { after: 'new' })];
    const outputs = ['output.o'];
    expect(told({ planned, outputs, made: made({ before: 'old', after: 'new', did: ['update'] }) })).to.deep.equal([
      'as-planned',
    ]);
    expect(told({ planned, made: made({ before: 'old', after: 'old' }) })).to.deep.equal([
      'partly-applied',
      'not-done output.o',
    ]);
    expect(told({ planned, outputs, made: made({ before: 'old', after: 'third', did: ['update'] }) })).to.deep.equal([
      'diverged',
      'other-value output.o',
    ]);
    const gone = [plan('output.o', ['delete'])];
    expect(told({ planned: gone, outputs, made: made({ before: 'old', did: ['update'] }) })).to.deep.equal([
      'as-planned',
    ]);
    expect(told({ planned: gone, made: made({ before: 'old', after: 'old' }) })[0]).to.equal('partly-applied');
    expect(told({ planned: gone, outputs, made: made({ before: 'old', after: 'x', did: ['update'] }) })[0]).to.equal(
      'diverged',
    );
    const unknown = [plan('output.o', ['update'], { after: null, unknown: [''] })];
    expect(
      told({ planned: unknown, outputs, made: made({ before: 'old', after: 'any', did: ['update'] }) }),
    ).to.deep.equal(['as-planned']);
  });

  it('each is listed and counted once, in order', () => {
    const scene = {
      planned: [update, plan('t.c', ['create'], { after: one }), plan('output.o', ['update'], { after: 'new' })],
      made: { 't.a': { before: one, after: two, did: ['update'] }, 'output.o': { after: 'new', did: ['update'] } },
      beside: [net('t.b', ['update'])],
      outputs: ['output.o'],
    } as const;
    const { instances, counts } = judge(scene);
    expect(instances.map(({ address, judgement }) => `${address} ${judgement}`)).to.deep.equal([
      'output.o planned',
      't.a planned',
      't.b not-planned',
      't.c planned',
    ]);
    expect(counts).to.deep.equal({ planned: 3, providerNormalised: 0, drift: 0, notPlanned: 1, unknown: 0, undone: 1 });
  });
});

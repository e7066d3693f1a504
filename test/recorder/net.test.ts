import { expect } from 'chai';
import type { InstanceBody } from '../../daemon/record/observation.ts';
import { countActions, netActions, type InstanceSpan } from '../../daemon/recorder/net.ts';

const body = (content: string, changes: Partial<InstanceBody> = {}): InstanceBody => ({
  type: 'aws_thing',
  provider: 'p',
  tainted: false,
  createBeforeDestroy: false,
  contentTag: content,
  idTag: 'id-1',
  attributes: { content },
  hidden: [],
  ...changes,
});

const span = (changes: Partial<InstanceSpan>): InstanceSpan => ({
  address: 'aws_thing.a',
  deposed: '',
  before: undefined,
  after: undefined,
  wasAbsent: false,
  ...changes,
});

const facts = { forgets: false, imports: false };
const actionsOf = (spans: readonly InstanceSpan[], given = facts) =>
  netActions(spans, given).map(({ actions }) => actions);

describe('recorder/net', () => {
  it('names what happened to one instance', () => {
    expect(actionsOf([span({ after: body('1') })])).to.deep.equal([['create']]);
    expect(actionsOf([span({ before: body('1') })])).to.deep.equal([['delete']]);
    expect(actionsOf([span({ before: body('1'), after: body('2') })])).to.deep.equal([['update']]);
    expect(actionsOf([span({ before: body('1'), after: body('1') })])).to.deep.equal([]);
    expect(actionsOf([span({ before: body('1'), after: body('1', { tainted: true }) })])).to.deep.equal([['taint']]);
    expect(actionsOf([span({ before: body('1', { tainted: true }), after: body('1') })])).to.deep.equal([['untaint']]);
  });

  it('takes the operation for what the content cannot say', () => {
    expect(actionsOf([span({ before: body('1') })], { forgets: true, imports: false })).to.deep.equal([['forget']]);
    expect(actionsOf([span({ after: body('1') })], { forgets: false, imports: true })).to.deep.equal([['import']]);
  });

  it('tells the two orders of a replacement', () => {
    const both = { before: body('1'), after: body('2', { idTag: 'id-2' }) };
    expect(actionsOf([span({ ...both, wasAbsent: true })])).to.deep.equal([['delete', 'create']]);
    expect(actionsOf([span({ ...both, wasAbsent: true }), span({ deposed: '0badcafe' })])).to.deep.equal([
      ['create', 'delete'],
    ]);
    expect(actionsOf([span(both)])).to.deep.equal([['delete', 'create']]);
    const first = { ...both, after: body('2', { idTag: 'id-2', createBeforeDestroy: true }) };
    expect(actionsOf([span(first)])).to.deep.equal([['create', 'delete']]);
  });

  it('takes a deposed object for what it is: the old object of its address', () => {
    const old = body('1');
    const deposed = span({ deposed: '0badcafe', after: old });
    const renewed = span({ before: old, after: body('2', { idTag: 'id-2' }), wasAbsent: true });
    expect(actionsOf([renewed, deposed])).to.deep.equal([['create']]);
    expect(actionsOf([span({ before: old, wasAbsent: true }), deposed])).to.deep.equal([]);
    const putBack = span({ before: old, after: old, wasAbsent: true });
    expect(actionsOf([putBack, span({ deposed: '0badcafe' })])).to.deep.equal([]);
    const later = span({ deposed: '0badcafe', before: old, wasAbsent: true });
    expect(actionsOf([span({ after: body('2') }), later])).to.deep.equal([['create'], ['delete']]);
    expect(actionsOf([deposed])).to.deep.equal([['create']]);
  });

  it('pairs a move by content, then by id, and only when there is one pair', () => {
    const moved = [span({ address: 'a', before: body('1') }), span({ address: 'b', after: body('1') })];
    expect(netActions(moved, facts)).to.deep.equal([
      { address: 'b', previousAddress: 'a', resourceType: 'aws_thing', actions: ['move'] },
    ]);
    const updated = [span({ address: 'a', before: body('1') }), span({ address: 'b', after: body('2') })];
    expect(actionsOf(updated)).to.deep.equal([['move', 'update']]);
    const ambiguous = [...moved, span({ address: 'c', after: body('1') })];
    expect(actionsOf(ambiguous)).to.deep.equal([['delete'], ['create'], ['create']]);
    const otherType = [moved[0] ?? span({}), span({ address: 'b', after: body('1', { type: 'aws_other' }) })];
    expect(actionsOf(otherType)).to.deep.equal([['delete'], ['create']]);
  });

  it('counts a replacement once, and a move beside its update', () => {
    const actions = netActions(
      [
        span({ address: 'a', before: body('1'), after: body('2', { idTag: 'x' }) }),
        span({ address: 'b', before: body('3', { idTag: 'y' }) }),
        span({ address: 'c', after: body('4', { idTag: 'y' }) }),
      ],
      facts,
    );
    expect(countActions(actions, 2)).to.include({ replace: 1, update: 1, move: 1, create: 0, delete: 0, output: 2 });
  });
});

// Two views of one state compared for `state diff`. Hidden values are equal or not by their commitments, which are made
// per address and per key epoch: what cannot be compared is counted, never called changed.
import type { StateView } from './state-view.ts';
import type { HiddenValue, InstanceBody, ObservedInstance, ObservedOutput } from '../record/observation.ts';
import { findMoves, type InstanceSpan } from '../recorder/net.ts';
import { instanceKey } from '../store/states.ts';
import { compareFiles, type Comparison } from './compare-states.ts';
import type { StateKnowledge } from './knowledge.ts';

type Hiding = Pick<InstanceBody, 'hidden'>;

/** Hidden values that cannot be compared are counted, of subjects that did not change otherwise, too. */
export type ViewComparison = Comparison & { readonly uncomparedCount: number };

/** The first with the second, both folded in one walk. */
export function compareViews(before: StateView, after: StateView, own: StateKnowledge): ViewComparison {
  const old = byKey(before.state.instances);
  const current = byKey(after.state.instances);
  const uncompared = new Map<string, number>();
  const put = (key: string, origin: string, isMoved: boolean): void => {
    const [was, is] = [old.get(origin), current.get(key)];
    if (was?.body === undefined || is?.body === undefined) return;
    const hide = (side: ObservedInstance, body: InstanceBody, other: Hiding): InstanceBody =>
      own.hideBody(side.address, side.deposed, body, other);
    const right = hide(is, is.body, { hidden: was.body.hidden.filter(isLasting) });
    const pair = alignTags(hide(was, was.body, right), right, isMoved);
    old.set(origin, { ...was, body: pair.before });
    current.set(key, { ...is, body: pair.after });
    if (pair.uncomparedCount > 0) uncompared.set(key, pair.uncomparedCount);
  };
  for (const key of current.keys()) put(key, key, false);
  for (const [target, origin] of findMoves(toSpans(old, current))) {
    put(instanceKey(target.address, target.deposed), instanceKey(origin.address, origin.deposed), true);
  }
  const outputs = compareOutputs(before.state.outputs, after.state.outputs, own, uncompared);
  const comparison = compareFiles({
    states: [
      { ...before.state, instances: [...old.values()], outputs: outputs.before },
      { ...after.state, instances: [...current.values()], outputs: outputs.after },
    ],
    levelBodies: (_, left, right) => [left, right],
    levelOutputs: (left, right) => [left, right],
  });
  return { ...comparison, ...withUncompared(comparison, uncompared) };
}

function byKey(instances: readonly ObservedInstance[]): Map<string, ObservedInstance> {
  return new Map(instances.map((instance) => [instanceKey(instance.address, instance.deposed), instance]));
}

function toSpans(old: ReadonlyMap<string, ObservedInstance>, current: ReadonlyMap<string, ObservedInstance>) {
  return [...new Set([...old.keys(), ...current.keys()])].map((key): InstanceSpan => {
    const [address = '', deposed = ''] = key.split('\0');
    return { address, deposed, before: old.get(key)?.body, after: current.get(key)?.body, wasAbsent: false };
  });
}

function isLasting({ by }: HiddenValue): boolean {
  return by === 'mark' || by === 'rule';
}

/** Gives equal values equal tags; so do values that nothing can be said of, which are counted. */
function alignTags<T extends Hiding>(before: T, after: T, isMoved: boolean) {
  const old = new Map(before.hidden.map((value) => [value.path, value]));
  const shared = after.hidden.filter(({ path }) => old.has(path));
  const verdicts = new Map(shared.map((value) => [value.path, compareHidden(old.get(value.path), value, isMoved)]));
  const align = (side: T, word: string): T => ({
    ...side,
    hidden: side.hidden.map((value) => {
      const isOther = (verdicts.get(value.path) ?? 'other') === 'other';
      return { ...value, tag: isOther ? word : 'same' };
    }),
  });
  const uncomparedCount = [...verdicts.values()].filter((verdict) => verdict === 'unknown').length;
  return { before: align(before, 'before'), after: align(after, 'after'), uncomparedCount };
}

function compareHidden(before: HiddenValue | undefined, after: HiddenValue, isMoved: boolean) {
  if (before === undefined) return 'other';
  // Carried over from renewed snapshot to renewed snapshot: no step has touched it.
  if (!isMoved && before.tag !== '' && before.tag === after.tag) return 'same';
  if (isMoved || before.commitment === '' || after.commitment === '' || before.kid !== after.kid) return 'unknown';
  return before.commitment === after.commitment ? 'same' : 'other';
}

function compareOutputs(
  before: readonly ObservedOutput[],
  after: readonly ObservedOutput[],
  own: StateKnowledge,
  uncompared: Map<string, number>,
) {
  const current = new Map(after.map((output) => [output.name, output]));
  const left = before.map((was) => {
    const is = current.get(was.name);
    if (is === undefined) return was;
    const right = { ...is, ...own.hideOutput(is.name, is, { hidden: was.hidden.filter(isLasting) }) };
    const pair = alignTags({ ...was, ...own.hideOutput(was.name, was, right) }, right, false);
    current.set(is.name, pair.after);
    if (pair.uncomparedCount > 0) uncompared.set(`output.${is.name}\0`, pair.uncomparedCount);
    return pair.before;
  });
  return { before: left, after: [...current.values()] };
}

/** What cannot be compared is told of subjects that changed otherwise, and counted of all. */
function withUncompared({ subjects }: Comparison, uncompared: ReadonlyMap<string, number>) {
  const told = subjects.map((subject) => {
    const uncomparedCount = uncompared.get(instanceKey(subject.name, subject.deposed)) ?? 0;
    return { ...subject, uncomparedCount };
  });
  return { subjects: told, uncomparedCount: [...uncompared.values()].reduce((sum, count) => sum + count, 0) };
}

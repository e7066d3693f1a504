// What tests ask of a change, in a form to compare. Pure.
import { expect } from 'chai';
import type { Action } from '../../daemon/record/data.ts';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';

/** The net actions of a change, by address; deposed objects as `address (deposed)`. */
export function netOf({ actions }: ChangeDetail): Record<string, readonly string[]> {
  return Object.fromEntries(
    actions.map(({ address, deposed, actions: list }) => [deposed === '' ? address : `${address} (deposed)`, list]),
  );
}

/** The facts of a change that every scenario asks for. */
export function factsOf({ summary }: ChangeDetail): { kind: string; kindBasis: string; continuity: string } {
  const { kind, kindBasis, continuity } = summary;
  return { kind, kindBasis, continuity };
}

/**
 * A command that holds its lock for a millisecond: where nobody could read that lock, the kind rests on what the command
 * left, as in `withoutLock`, and nothing is claimed to be linked.
 */
export function expectQuick(
  change: ChangeDetail,
  wanted: ReturnType<typeof factsOf>,
  withoutLock: Partial<ReturnType<typeof factsOf>>,
): void {
  const facts = factsOf(change);
  const fallback = { ...wanted, continuity: 'monotonic-only', ...withoutLock };
  expect(facts).to.deep.equal(facts.kindBasis === 'lock' ? wanted : fallback);
}

/** The shown values before and after at a pointer of one address; undefined where hidden or absent. */
export function valueOf(change: ChangeDetail, address: string, path: string): readonly [unknown, unknown] {
  const action = change.actions.find((one) => one.address === address);
  const value = action?.values.find((one) => one.path === path);
  const side = (one: { readonly is: string; readonly value?: unknown } | undefined): unknown =>
    one?.is === 'shown' ? one.value : undefined;
  return [side(value?.before), side(value?.after)];
}

/** `counts` without its zeros. */
export function countsOf({ summary }: ChangeDetail): Partial<Record<Exclude<Action, 'untaint'> | 'output', number>> {
  return Object.fromEntries(Object.entries(summary.counts).filter(([, count]) => count > 0));
}

/** What the action of each step rests on, in the order of the log. */
export function basesOf({ records }: ChangeDetail): readonly unknown[] {
  return records.flatMap(({ record }) => (record.type === 'resource.changed' ? [record.data['actionBasis']] : []));
}

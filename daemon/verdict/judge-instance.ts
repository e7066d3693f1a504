// One instance against what a plan says of it. Pure.
import type { NetAction } from '../record/data.ts';
import type { PlanAction } from '../record/plan-data.ts';
import type { Judgement, ReasonCode, VerdictReason } from '../record/verdict-data.ts';
import { valueAt } from './equal-trees.ts';
import {
  compareValues,
  isSpelling,
  type Effort,
  type PlannedSide,
  type Side,
  type ValueFinding,
} from './same-value.ts';

/** An instance or output that a plan changes. */
export interface PlannedItem {
  /** Of an instance, or `output.<name>`. */
  readonly address: string;
  readonly deposed: string;
  readonly previousAddress: string | undefined;
  readonly isOutput: boolean;
  readonly type: string;
  readonly actions: readonly PlanAction[];
  /** Its provider may answer with another spelling of what was planned. */
  readonly isLenient: boolean;
  /** What it becomes; undefined for what goes. */
  readonly after: PlannedSide | undefined;
}

/** What became of it. A side without value: it did not exist. */
export interface MadeItem {
  /** What it was to become, as it compares with the others. */
  readonly planned: PlannedSide | undefined;
  readonly before: Side;
  readonly after: Side;
  readonly isTainted: boolean;
  /** Its old object is still there, deposed. */
  readonly hasDeposedLeft: boolean;
  /** What the change did to it, if anything. */
  readonly net: NetAction | undefined;
}

export interface JudgedItem {
  readonly judgement: Judgement;
  readonly isUndone: boolean;
  readonly reasons: readonly VerdictReason[];
}

export function judgeItem(item: PlannedItem, made: MadeItem, effort: Effort): JudgedItem {
  const place = { address: item.address, ...(item.deposed === '' ? {} : { deposed: item.deposed }) };
  const result = made.planned === undefined ? judgeRemoval(made) : judgeMaking(item, made.planned, made, effort);
  return {
    judgement: result.judgement,
    isUndone: result.isUndone,
    reasons: result.findings.map(({ code, path }) => ({ code, ...place, ...(path === '' ? {} : { path }) })),
  };
}

interface Result {
  readonly judgement: Judgement;
  readonly isUndone: boolean;
  readonly findings: readonly ValueFinding[];
}

const NOTHING: Side = { value: undefined, hidden: [] };
const DONE: Result = { judgement: 'planned', isUndone: false, findings: [] };

function one(judgement: Judgement, code: ReasonCode, isUndone = judgement === 'planned'): Result {
  return { judgement, isUndone, findings: [{ path: '', code }] };
}

/** It was to go: destroyed, or forgotten. */
function judgeRemoval({ after, net }: MadeItem): Result {
  if (after.value === undefined) return DONE;
  return net === undefined ? one('planned', 'not-done') : one('not-planned', 'other-action');
}

function judgeMaking(item: PlannedItem, planned: PlannedSide, made: MadeItem, effort: Effort): Result {
  const { before, after, net } = made;
  if (after.value === undefined) {
    // Half of a replacement, or never begun.
    const isUndone = before.value === undefined || item.actions.includes('delete') || item.actions.includes('forget');
    return isUndone ? one('planned', 'not-done') : one('not-planned', 'other-action');
  }
  const isReplacement = item.actions.length > 1;
  if (isReplacement && net === undefined) return one('planned', 'not-done');
  const findings = compareValues({
    planned,
    actual: after,
    // The object that a replacement makes owes nothing to the one before it.
    before: isReplacement ? NOTHING : before,
    isLenient: item.isLenient,
    isTouched: net !== undefined,
    effort,
  });
  return judgeValue(findings, made);
}

function judgeValue(findings: readonly ValueFinding[], { after, isTainted, hasDeposedLeft }: MadeItem): Result {
  const left = isTainted ? 'left-tainted' : hasDeposedLeft ? 'not-done' : undefined;
  // A provider that fails answers with what it has: what is missing then was not done.
  const told = isTainted
    ? findings.map((finding) => (isAbsentAt(after, finding) ? undone(finding) : finding))
    : findings;
  const all = left === undefined ? told : [...told, { path: '', code: left } as const];
  const isUndone = all.some(({ code }) => code === 'not-done' || code === 'left-tainted');
  if (all.some(({ code }) => code === 'other-value')) return { judgement: 'not-planned', isUndone, findings: all };
  if (all.some(({ code }) => code === 'not-comparable')) return { judgement: 'unknown', isUndone, findings: all };
  const judgement = all.some(isSpelling) ? 'provider-normalised' : 'planned';
  return { judgement, isUndone, findings: all };
}

function undone(finding: ValueFinding): ValueFinding {
  return finding.code === 'other-value' ? { ...finding, code: 'not-done' } : finding;
}

function isAbsentAt({ value, hidden }: Side, { path }: ValueFinding): boolean {
  return hidden.every((one) => one.path !== path) && valueAt({ root: value, path }) === null;
}

// What a verdict says: the `data` member of change.judged. The same rules as for data.ts hold: on disk in kebab-case, an
// absent value is an omitted member, frozen with the first locked object. Definitions: docs/VERDICTS.md.
import type { BlobReference, CommonData, StateIdentity } from './data.ts';
import type { RunIdentity } from './run-data.ts';

export type Verdict = 'as-planned' | 'partly-applied' | 'beyond-plan' | 'diverged' | 'no-plan' | 'undetermined';

export const VERDICTS: readonly Verdict[] = [
  'as-planned',
  'partly-applied',
  'beyond-plan',
  'diverged',
  'no-plan',
  'undetermined',
];

/** Verdicts that somebody should look at. No plan is none of them: not everybody saves plans. */
export const PROBLEM_VERDICTS: ReadonlySet<string> = new Set<Verdict>(['beyond-plan', 'diverged']);

export type Judgement = 'planned' | 'provider-normalised' | 'drift' | 'not-planned' | 'unknown';

/**
 * Why, in words for machines. Of one instance or value: not-in-plan, other-action, other-value, not-done, left-tainted,
 * not-comparable, adopted (what the plan had found outside); what a provider may write otherwise: null-or-empty,
 * default-set, other-space, other-json, other-spelling (of a hidden text), other-order. Of the whole change: no-candidate, plan-opaque (a plan that tells
 * nothing may have been applied), plan-forgotten (its values are not kept any more), plan-after-change (the run applied
 * a plan that was recorded after the first write), plan-of-other-version, candidates-disagree.
 */
export type ReasonCode =
  | 'not-in-plan'
  | 'other-action'
  | 'other-value'
  | 'not-done'
  | 'left-tainted'
  | 'not-comparable'
  | 'adopted'
  | 'null-or-empty'
  | 'default-set'
  | 'other-space'
  | 'other-json'
  | 'other-spelling'
  | 'other-order'
  | 'no-candidate'
  | 'plan-opaque'
  | 'plan-forgotten'
  | 'plan-after-change'
  | 'plan-of-other-version'
  | 'candidates-disagree';

export interface VerdictReason {
  readonly code: ReasonCode;
  /** Of an instance, or `output.<name>`; omitted where it is of the whole change. */
  readonly address?: string;
  readonly deposed?: string;
  /** Pointer to the value that decides. */
  readonly path?: string;
}

export interface InstanceJudgement {
  readonly address: string;
  readonly deposed?: string;
  readonly judgement: Judgement;
  /** It was planned, and is not done, or not whole. */
  readonly undone?: true;
}

/** Instances and outputs, each counted once; `undone` are among the others. */
export interface JudgementCounts {
  readonly planned: number;
  readonly providerNormalised: number;
  readonly drift: number;
  readonly notPlanned: number;
  readonly unknown: number;
  readonly undone: number;
}

/** change.judged: whether a change was in a plan. The newest one of a change counts. */
export interface ChangeJudgedData extends CommonData {
  readonly state: StateIdentity;
  /** Id of the state.changed. */
  readonly change: string;
  readonly version: { readonly lineage: string; readonly serial: string };
  readonly verdict: Verdict;
  /** Id of the plan.recorded that it was held against, where there is one. */
  readonly plan?: string;
  /** Several that it can have come from, newest first. */
  readonly candidates?: readonly { readonly plan: string; readonly verdict: Verdict }[];
  /** The run whose plan it is; omitted where the plan lay beside the state. */
  readonly run?: RunIdentity;
  readonly counts: JudgementCounts;
  /** Sorted by address; of the newest candidate where several lead to one verdict. */
  readonly instances: readonly InstanceJudgement[];
  readonly reasons: readonly VerdictReason[];
  /** Set when the lists did not fit: `instances` and `reasons` are empty and stand in this blob instead. */
  readonly body?: BlobReference;
}

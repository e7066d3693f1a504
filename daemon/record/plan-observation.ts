// A plan with its values redacted: what the recorder, `show` and the verdict work with. Nothing rawer leaves redaction.
import type { Json } from '../json/value.ts';
import type { HiddenValue } from './observation.ts';
import type { LockedProvider, PlanAction, PlanForm, PlanMode, PlannedCheck, PlanTool } from '../terraform/plan/plan.ts';

/** One side of a change, redacted: hidden values are null and listed. */
export interface ObservedSide {
  readonly value: Json;
  readonly hidden: readonly HiddenValue[];
}

export interface ObservedPlanChange {
  readonly actions: readonly PlanAction[];
  /** Undefined: not there. */
  readonly before: ObservedSide | undefined;
  /** Undefined: not there, or wholly unknown (`unknown` holds ''). Unknown parts are left out. */
  readonly after: ObservedSide | undefined;
  /** Pointers to what is known after the apply only, sorted. A step that would show a secret is left off with all below. */
  readonly unknown: readonly string[];
}

export interface ObservedPlanInstance extends ObservedPlanChange {
  readonly address: string;
  readonly previousAddress: string | undefined;
  readonly deposed: string | undefined;
  readonly mode: 'managed' | 'data' | 'ephemeral';
  readonly type: string;
  readonly provider: string;
  readonly reason: string;
  readonly replacePaths: readonly string[];
  readonly isImporting: boolean;
  /** Null where it is hidden, undefined where it is not known before the apply. */
  readonly importId: string | null | undefined;
}

export interface ObservedPlanOutput extends ObservedPlanChange {
  readonly name: string;
  readonly isSensitive: boolean;
}

/** A variable that the caller set: never shown. */
export interface ObservedVariable {
  readonly name: string;
  readonly hidden: HiddenValue | undefined;
}

export interface ObservedCheck {
  readonly kind: PlannedCheck['kind'];
  readonly address: string;
  readonly status: PlannedCheck['status'];
  readonly objects: readonly { readonly address: string; readonly status: PlannedCheck['status'] }[];
}

export interface ObservedPlan {
  readonly form: PlanForm;
  readonly tool: PlanTool;
  readonly toolVersion: string;
  readonly mode: PlanMode;
  readonly isErrored: boolean;
  readonly isApplyable: boolean | undefined;
  readonly isComplete: boolean | undefined;
  readonly timestamp: string;
  readonly targets: readonly string[];
  readonly forcedReplacements: readonly string[];
  readonly variables: readonly ObservedVariable[];
  readonly backend: { readonly type: string; readonly workspace: string } | undefined;
  readonly prior: { readonly lineage: string; readonly serial: string } | undefined;
  readonly changes: readonly ObservedPlanInstance[];
  readonly drift: readonly ObservedPlanInstance[];
  readonly deferred: readonly { readonly reason: string; readonly instance: ObservedPlanInstance }[];
  readonly outputs: readonly ObservedPlanOutput[];
  readonly checks: readonly ObservedCheck[];
  readonly providers: readonly LockedProvider[];
}

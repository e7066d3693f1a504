// A plan with its values redacted: what the recorder, `show` and the verdict work with. Nothing rawer leaves redaction.
import type { Json } from '../json/value.ts';
import type { HiddenValue } from './observation.ts';
import type { PlanHead, PlannedPlace } from '../terraform/plan/plan.ts';
import type { PlanAction, PlanBackendData, PlannedCheckData } from './plan-data.ts';

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

export interface ObservedPlanInstance extends PlannedPlace, ObservedPlanChange {
  readonly replacePaths: readonly string[];
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

export interface ObservedPlan extends PlanHead {
  readonly variables: readonly ObservedVariable[];
  readonly backend: PlanBackendData | undefined;
  readonly changes: readonly ObservedPlanInstance[];
  readonly drift: readonly ObservedPlanInstance[];
  readonly deferred: readonly { readonly reason: string; readonly instance: ObservedPlanInstance }[];
  readonly outputs: readonly ObservedPlanOutput[];
  readonly checks: readonly PlannedCheckData[];
}

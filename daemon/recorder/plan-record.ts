// A redacted plan as the members of its records. Pure.
import type { CommonData } from '../record/data.ts';
import type {
  OutputPlannedData,
  PlanData,
  PlanRecordedData,
  PlannedVariable,
  ResourcePlannedData,
} from '../record/plan-data.ts';
import type { ObservedPlan, ObservedPlanInstance, ObservedPlanOutput } from '../record/plan-observation.ts';
import { countPlan } from '../terraform/plan/counts.ts';
import { diffTrees } from './diff.ts';

/** Without what every record has, and what whoever appends it knows. */
export function toPlanBody(plan: ObservedPlan): Omit<PlanRecordedData, keyof PlanData | 'state' | 'body'> {
  const outputs = plan.outputs.filter(({ actions }) => actions[0] !== 'no-op').map(toOutput);
  return {
    form: plan.form,
    tool: plan.tool,
    toolVersion: plan.toolVersion,
    mode: plan.mode,
    ...optional('madeAt', plan.timestamp === '' ? undefined : plan.timestamp),
    errored: plan.isErrored,
    ...optional('applyable', plan.isApplyable),
    ...optional('complete', plan.isComplete),
    ...optional('prior', plan.prior),
    ...optional('backend', plan.backend),
    targets: plan.targets,
    forcedReplacements: plan.forcedReplacements,
    variables: plan.variables.map(toVariable),
    counts: {
      ...countPlan(plan.changes),
      drift: plan.drift.filter(({ actions }) => actions[0] !== 'no-op').length,
      deferred: plan.deferred.length,
      output: outputs.length,
    },
    outputs,
    checks: plan.checks,
    providers: plan.providers,
  };
}

export function toPlannedBody(
  instance: ObservedPlanInstance,
  reason: string,
): Omit<ResourcePlannedData, keyof CommonData | 'plan' | 'state' | 'role' | 'body'> {
  const { changes, hidden } = diffTrees(instance.before, instance.after);
  return {
    address: instance.address,
    ...optional('deposed', instance.deposed),
    ...optional('previousAddress', instance.previousAddress),
    mode: instance.mode,
    resourceType: instance.type,
    provider: instance.provider,
    actions: instance.actions,
    ...optional('reason', reason === '' ? undefined : reason),
    ...optional('importing', instance.isImporting ? (true as const) : undefined),
    ...optional('importId', instance.importId ?? undefined),
    replacePaths: instance.replacePaths,
    changes,
    unknown: instance.unknown,
    hidden,
  };
}

function toOutput({ name, isSensitive, actions, before, after, unknown }: ObservedPlanOutput): OutputPlannedData {
  const { changes, hidden } = diffTrees(before, after);
  return {
    output: name,
    ...optional('sensitive', isSensitive ? (true as const) : undefined),
    actions,
    changes,
    unknown,
    hidden,
  };
}

function toVariable({ name, hidden }: ObservedPlan['variables'][number]): PlannedVariable {
  return hidden === undefined ? { name } : { name, kid: hidden.kid, commitment: hidden.commitment };
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}

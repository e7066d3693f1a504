// A redacted plan as the members of its records. Pure.
import type { JsonObject } from '../json/value.ts';
import type {
  OutputPlannedData,
  PlannedCheckData,
  PlanRecordedData,
  PlannedVariable,
  ResourcePlannedData,
} from '../record/plan-data.ts';
import type { ObservedPlan, ObservedPlanInstance, ObservedPlanOutput } from '../record/plan-observation.ts';
import { countPlan } from '../terraform/plan/counts.ts';
import { diffTrees } from './diff.ts';

type Body<Data, Known extends keyof Data> = Omit<Data, Known | keyof CommonMembers>;
interface CommonMembers {
  readonly vantage: unknown;
  readonly effectiveTime: unknown;
  readonly timeBasis: unknown;
  readonly boot: unknown;
  readonly backfilled: unknown;
}

export function toPlanBody(
  plan: ObservedPlan,
): Body<PlanRecordedData, 'reference' | 'content' | 'run' | 'claims' | 'state' | 'body'> & JsonObject {
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
    ...optional('prior', plan.prior && { ...plan.prior }),
    ...optional('backend', plan.backend && { ...plan.backend }),
    targets: [...plan.targets],
    forcedReplacements: [...plan.forcedReplacements],
    variables: plan.variables.map(toVariable),
    counts: {
      ...countPlan(plan.changes),
      drift: plan.drift.filter(({ actions }) => actions[0] !== 'no-op').length,
      deferred: plan.deferred.length,
      output: outputs.length,
    },
    outputs,
    checks: plan.checks.map(toCheck),
    providers: plan.providers.map((provider) => ({ ...provider })),
  } as never;
}

export function toPlannedBody(
  instance: ObservedPlanInstance,
  reason: string,
): Body<ResourcePlannedData, 'plan' | 'state' | 'role' | 'body'> {
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

function toCheck({ kind, address, status, objects }: ObservedPlan['checks'][number]): PlannedCheckData {
  return { kind, address, status, objects };
}

function optional<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Partial<Record<Name, Value>>);
}

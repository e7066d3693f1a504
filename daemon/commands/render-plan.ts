// A redacted plan, as people know it from `terraform plan`, and in the shape of Terraform's JSON plan. Pure; everything
// that comes out is safe to print.
import { outputSubject, type Subject } from '../answers/subject.ts';
import { parsePointer } from '../json/pointer.ts';
import type { JsonObject } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';
import type { ObservedPlan, ObservedPlanChange, ObservedPlanInstance } from '../record/plan-observation.ts';
import { diffTrees } from '../recorder/diff.ts';
import { mergeSteps, type NetValue, type StepBody } from '../store/queries-net.ts';
import { countPlan } from '../terraform/plan/counts.ts';
import { toJsonPlan } from '../terraform/plan/json-plan-shape.ts';
import type { OpaquePlan } from '../terraform/plan/parse-plan.ts';
import { maskOf } from '../terraform/plan/masks.ts';
import type { PlannedChange, PlannedInstance } from '../terraform/plan/plan.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { formatSubjects } from './render-change.ts';

const TOOLS = { terraform: 'Terraform', opentofu: 'OpenTofu', unknown: 'version' } as const;

/** Head, what it would change, what had changed outside, checks that fail, and the tally. Ends with a newline. */
export function formatPlan(plan: ObservedPlan, palette: Palette): string {
  const instances = plan.changes.filter(isShown).map(toSubject);
  const outputs = plan.outputs.filter(isShown).map((output) => {
    const { name, actions } = output;
    return outputSubject({ name, actions: actions, values: valuesOf(output), isWhole: true });
  });
  const drift = plan.drift.filter(isShown).map(toSubject);
  const style = { palette, isFull: true };
  const sections = [
    [headOf(plan)],
    ...section('Changed outside of Terraform since the last apply:', formatSubjects(drift, style, '')),
    ...section('', formatSubjects([...instances, ...outputs], style, '')),
    ...section(
      'Deferred, since something is not known yet:',
      plan.deferred.map(({ instance, reason }) => {
        return `  ${escapeText(instance.address)}   ${escapeText(reason)}`;
      }),
    ),
    ...section('Checks that do not pass:', failedChecks(plan)),
    [tallyOf(plan, palette)],
  ];
  return `${sections.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[][] {
  if (lines.length === 0) return [];
  return [[...(title === '' ? [] : [title]), ...lines]];
}

function headOf(plan: ObservedPlan): string {
  const { prior } = plan;
  const isFirst = prior?.serial === '0' && prior.lineage === '';
  const state = isFirst
    ? 'for a new state'
    : prior && `for serial ${escapeText(prior.serial)}, lineage ${escapeText(prior.lineage.slice(0, 8))}`;
  const parts = [
    'plan',
    `${TOOLS[plan.tool]} ${escapeText(plan.toolVersion)}`,
    ...(plan.mode === 'normal' ? [] : [plan.mode]),
    ...(state === undefined ? [] : [state]),
    ...(plan.timestamp === '' ? [] : [`made ${escapeText(plan.timestamp)}`]),
    ...(plan.targets.length === 0 ? [] : [`targets ${plan.targets.map(escapeText).join(', ')}`]),
  ];
  return parts.join('   ');
}

/** What Terraform lists: no-op only where something moved or was imported. */
function isShown(change: ObservedPlanChange & Partial<ObservedPlanInstance>): boolean {
  return change.actions[0] !== 'no-op' || change.previousAddress !== undefined || change.isImporting === true;
}

function toSubject(instance: ObservedPlanInstance): Subject {
  const { address, deposed, previousAddress, type, actions, isImporting } = instance;
  return {
    name: address,
    deposed: deposed ?? '',
    previousAddress: previousAddress ?? '',
    resourceType: type,
    actions: isImporting ? [...actions, 'import'] : actions,
    values: valuesOf(instance),
    uncomparedCount: 0,
    isWhole: true,
  };
}

function valuesOf({ before, after, unknown }: ObservedPlanChange): NetValue[] {
  return plannedValues(diffTrees(before, after), unknown);
}

/** What differs, and what will only be known after the apply. */
export function plannedValues(body: StepBody, unknown: readonly string[]): NetValue[] {
  const values = mergeSteps([body]);
  const byPath = new Map(values.map((value) => [value.path, value]));
  const later = unknown.map((path): NetValue => {
    return { path, before: byPath.get(path)?.before ?? { is: 'absent' }, after: { is: 'unknown' } };
  });
  const known = values.filter(({ path }) => !unknown.includes(path));
  return [...known, ...later].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function failedChecks({ checks }: ObservedPlan): string[] {
  const failed = checks.filter(({ status }) => status === 'fail' || status === 'error');
  return failed.flatMap(({ objects, address, status }) => {
    const lines = objects.filter((object) => object.status === 'fail' || object.status === 'error');
    const list = lines.length === 0 ? [{ address, status }] : lines;
    return list.map((object) => `  ${escapeText(object.address)}   ${object.status}`);
  });
}

function tallyOf(plan: ObservedPlan, palette: Palette): string {
  const counts = countPlan(plan.changes);
  const more: [number, string][] = [
    [counts.import, 'to import'],
    [counts.forget, 'to forget'],
    [counts.move, 'to move'],
  ];
  const parts = [
    `${counts.add} to add`,
    `${counts.change} to change`,
    `${counts.destroy} to destroy`,
    ...more.filter(([count]) => count > 0).map(([count, words]) => `${count} ${words}`),
  ];
  const error = plan.isErrored
    ? [palette.warning('The plan ended in an error: it is not complete and cannot be applied.')]
    : [];
  return [`Plan: ${parts.join(', ')}.`, ...error].join('\n');
}

export function formatOpaque({ form }: OpaquePlan): string {
  return form === 'encrypted'
    ? 'plan   encrypted by OpenTofu: nothing in it can be read without its key\n'
    : 'plan   kept in HCP Terraform: the file only names it\n';
}

/** Terraform's JSON plan. What is hidden is null, and its place stands in the masks as sensitive. */
export function planJson(plan: ObservedPlan): JsonObject {
  return toJsonPlan({
    ...plan,
    variables: Object.fromEntries(plan.variables.map(({ name }) => [name, null])),
    backend: undefined,
    priorState: undefined,
    changes: plan.changes.map(toPlanned),
    drift: plan.drift.map(toPlanned),
    deferred: plan.deferred.map(({ reason, instance }) => ({ reason, instance: toPlanned(instance) })),
    outputs: plan.outputs.map((output) => ({ ...output, ...toPlannedChange(output) })),
    checks: plan.checks.map((check) => ({
      ...check,
      objects: check.objects.map((object) => ({ ...object, messages: [] })),
    })),
  });
}

function toPlanned(instance: ObservedPlanInstance): PlannedInstance {
  const { replacePaths } = instance;
  return {
    ...instance,
    ...toPlannedChange(instance),
    replacePaths: replacePaths.map(parsePointer),
    private: undefined,
  };
}

function toPlannedChange({ actions, before, after, unknown }: ObservedPlanChange): PlannedChange {
  return {
    actions,
    before: before?.value,
    after: after?.value,
    afterUnknown: unknown.length === 0 ? false : maskOf(after?.value, unknown.map(parsePointer)),
    beforeSensitive: pathsOf(before?.hidden ?? []),
    afterSensitive: pathsOf(after?.hidden ?? []),
  };
}

function pathsOf(hidden: readonly HiddenValue[]): readonly (readonly string[])[] {
  return hidden.map(({ path }) => parsePointer(path));
}

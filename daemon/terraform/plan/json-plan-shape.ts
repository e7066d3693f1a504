// A plan in the shape of Terraform's JSON plan (`terraform show -json`): resource changes, drift, outputs, checks, head.
// Leaves out what is not in the plan's own tables: planned values, prior state and configuration.
import { ParseError } from '../../errors.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import { formatModulePath, parseAddress, type InstanceAddress } from '../address.ts';
import { maskOf } from './masks.ts';
import type { DeferredInstance, Mask, PlannedChange, PlannedCheck, PlannedInstance, TerraformPlan } from './plan.ts';

const FORMAT_VERSION = '1.2';

export function toJsonPlan(plan: TerraformPlan): JsonObject {
  return {
    format_version: FORMAT_VERSION,
    terraform_version: plan.toolVersion,
    ...entriesOrNothing(
      'variables',
      Object.entries(plan.variables).map(([name, value]) => [name, { value }]),
    ),
    ...listOrNothing('resource_drift', [...plan.drift].filter(isChange).map(toResourceChange)),
    ...listOrNothing('resource_changes', [...plan.changes].map(toResourceChange)),
    ...listOrNothing('deferred_changes', [...plan.deferred].map(toDeferred)),
    ...entriesOrNothing(
      'output_changes',
      plan.outputs.map((output) => [output.name, toOutputChange(output)]),
    ),
    ...listOrNothing('checks', plan.checks.map(toCheck)),
    ...optional('timestamp', plan.timestamp === '' ? undefined : plan.timestamp),
    ...optional('applyable', plan.isApplyable),
    ...optional('complete', plan.isComplete),
    errored: plan.isErrored,
  };
}

/** The table of drift also holds what only moved. */
function isChange({ actions }: PlannedInstance): boolean {
  return actions[0] !== 'no-op';
}

export function toResourceChange(instance: PlannedInstance): JsonObject {
  const { module, name, key } = parseAddress(instance.address);
  const moduleAddress = formatModulePath(module);
  return {
    address: instance.address,
    ...optional('previous_address', instance.previousAddress),
    ...optional('module_address', moduleAddress === '' ? undefined : moduleAddress),
    mode: instance.mode,
    type: instance.type,
    name,
    ...optional('index', key),
    provider_name: providerName(instance.provider),
    ...optional('deposed', instance.deposed),
    change: {
      ...changeJson(instance, {}),
      ...listOrNothing('replace_paths', instance.replacePaths),
      ...optional('importing', importingOf(instance)),
    },
    ...optional('action_reason', instance.reason === '' ? undefined : instance.reason),
  };
}

function importingOf({ isImporting, importId }: PlannedInstance): JsonObject | undefined {
  if (!isImporting) return undefined;
  return importId === undefined ? { unknown: true } : { id: importId };
}

function toDeferred({ reason, instance }: DeferredInstance): JsonObject {
  return { reason, resource_change: toResourceChange(instance) };
}

/** Terraform marks both sides of an output when either is sensitive. */
function toOutputChange(output: PlannedChange & { readonly isSensitive: boolean }): JsonObject {
  const mask: Mask = output.isSensitive;
  return { ...changeJson(output, false), before_sensitive: mask, after_sensitive: mask };
}

/** `known` is Terraform's mask for a value of which all is known. */
function changeJson(change: PlannedChange, known: Mask): JsonObject {
  return {
    actions: [...change.actions],
    before: change.before ?? null,
    ...optional('after', change.afterUnknown === true ? undefined : (change.after ?? null)),
    after_unknown: maskJson(change.afterUnknown === false ? known : change.afterUnknown),
    before_sensitive: maskJson(maskOf(change.before, change.beforeSensitive)),
    after_sensitive: maskJson(maskOf(change.after, change.afterSensitive)),
  };
}

function maskJson(mask: Mask): Json {
  return mask;
}

function toCheck({ kind, address, status, objects }: PlannedCheck): JsonObject {
  const instances = objects.map((object) => {
    const { module, instance_key } = checkedParts(kind, object.address);
    return {
      address: {
        ...optional('module', module),
        ...optional('instance_key', instance_key),
        to_display: object.address,
      },
      status: object.status,
      ...listOrNothing(
        'problems',
        object.messages.map((message) => ({ message })),
      ),
    };
  });
  return {
    address: { kind: CHECK_KINDS[kind], ...checkedParts(kind, address), to_display: address },
    status,
    ...listOrNothing('instances', instances),
  };
}

const CHECK_KINDS = { resource: 'resource', output: 'output_value', check: 'check', var: 'var' } as const;

/** `module.m.check.health`: what it is called, and where. Nothing of an address that is withheld. */
function checkedParts(kind: PlannedCheck['kind'], address: string): JsonObject {
  const object = kind === 'resource' ? address : address.replace(/(^|\.)(?:check|output|var)\.(?=[^.]*$)/, '$1x.');
  const parts = parsed(object);
  if (parts === undefined) return {};
  const { module, mode, type, name, key } = parts;
  return {
    ...(module.length === 0 ? {} : { module: formatModulePath(module) }),
    ...(kind === 'resource' ? { mode, type } : {}),
    name,
    ...optional('instance_key', key),
  };
}

function parsed(address: string): InstanceAddress | undefined {
  try {
    return parseAddress(address);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** `provider["registry.terraform.io/hashicorp/aws"].west` → its source alone. */
function providerName(provider: string): string {
  return /\["([^"]+)"\]/.exec(provider)?.[1] ?? provider;
}

function optional(name: string, value: Json | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function listOrNothing(name: string, list: readonly Json[]): JsonObject {
  return list.length === 0 ? {} : { [name]: list };
}

function entriesOrNothing(name: string, entries: readonly (readonly [string, Json])[]): JsonObject {
  return entries.length === 0 ? {} : { [name]: Object.fromEntries(entries) };
}

// A JSON plan (`terraform show -json PLAN`) to the same meaning as a saved one. It does not say which state it is for.
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../../json/value.ts';
import { parseAddress } from '../address.ts';
import type { SensitivePath } from '../state.ts';
import { maskedPaths } from './masks.ts';
import { assertedLine as line, decoding, planMalformed } from './plan-error.ts';
import type { PlanAction } from '../../record/plan-data.ts';
import type {
  DeferredInstance,
  Mask,
  PlannedChange,
  PlannedCheck,
  PlannedInstance,
  PlannedOutput,
  TerraformPlan,
} from './plan.ts';

const ACTIONS: ReadonlySet<string> = new Set<PlanAction>([
  'no-op',
  'create',
  'read',
  'update',
  'delete',
  'forget',
  'open',
]);
const KINDS: ReadonlyMap<string, PlannedCheck['kind']> = new Map([
  ['resource', 'resource'],
  ['output_value', 'output'],
  ['check', 'check'],
  ['var', 'var'],
]);
const STATES: ReadonlySet<string> = new Set<PlannedCheck['status']>(['pass', 'fail', 'error', 'unknown']);

/** By what only a JSON plan has: a state in JSON has `values`, a raw state `version`. */
export function isJsonPlan(root: Json): root is JsonObject {
  if (!isJsonObject(root) || typeof member(root, 'format_version') !== 'string') return false;
  return Object.hasOwn(root, 'resource_changes') || Object.hasOwn(root, 'planned_values');
}

/** Throws ParseError `plan-malformed`. Unknown members are passed over. */
export function parseJsonPlan(root: JsonObject): TerraformPlan {
  const changes = list(root, 'resource_changes').map(instanceOf);
  const drift = list(root, 'resource_drift').map(instanceOf);
  return {
    form: 'json',
    tool: changes.some(({ provider }) => provider.startsWith('registry.opentofu.org/')) ? 'opentofu' : 'unknown',
    toolVersion: text(root, 'terraform_version'),
    mode: 'normal',
    isErrored: flag(root, 'errored') ?? false,
    isApplyable: flag(root, 'applyable'),
    isComplete: flag(root, 'complete'),
    timestamp: text(root, 'timestamp'),
    targets: [],
    forcedReplacements: [],
    variables: valuesOf(objectAt(root, 'variables')),
    backend: undefined,
    prior: undefined,
    priorState: undefined,
    changes,
    drift,
    deferred: list(root, 'deferred_changes').flatMap(deferredOf),
    outputs: Object.entries(objectAt(root, 'output_changes')).map(([name, change]) => outputOf(name, change)),
    checks: list(root, 'checks').flatMap(checkOf),
    providers: [],
  };
}

function valuesOf(variables: JsonObject): JsonObject {
  const entries = Object.entries(variables).map(
    ([name, entry]) => [name, isJsonObject(entry) ? (member(entry, 'value') ?? null) : null] as const,
  );
  return Object.fromEntries(entries);
}

function instanceOf(value: Json): PlannedInstance {
  const object = asObject(value, 'a resource change');
  const address = text(object, 'address');
  const { mode, type } = decoding('an address', 'a resource change', () => parseAddress(address));
  const change = objectAt(object, 'change');
  const importing = member(change, 'importing');
  const importId = isJsonObject(importing) ? member(importing, 'id') : undefined;
  const previous = text(object, 'previous_address');
  const deposed = text(object, 'deposed');
  return {
    ...changeOf(change),
    address,
    previousAddress: previous === '' ? undefined : previous,
    deposed: deposed === '' ? undefined : deposed,
    mode,
    type,
    provider: text(object, 'provider_name'),
    reason: text(object, 'action_reason'),
    replacePaths: list(change, 'replace_paths').map(pathOf),
    isImporting: isJsonObject(importing),
    importId: typeof importId === 'string' ? importId : undefined,
    private: undefined,
  };
}

function changeOf(change: JsonObject): PlannedChange {
  const unknown = member(change, 'after_unknown') ?? false;
  const actions = actionsOf(change);
  const only = actions.length === 1 ? actions[0] : undefined;
  return {
    actions,
    before: only === 'create' || only === 'open' ? undefined : member(change, 'before'),
    after: only === 'delete' || only === 'forget' ? undefined : member(change, 'after'),
    afterUnknown: isMask(unknown, 0) ? unknown : true,
    beforeSensitive: marksOf(change, 'before_sensitive'),
    afterSensitive: marksOf(change, 'after_sensitive'),
  };
}

function outputOf(name: string, value: Json): PlannedOutput {
  const change = changeOf(asObject(value, 'an output'));
  const isSensitive = [...change.beforeSensitive, ...change.afterSensitive].some((path) => path.length === 0);
  return { ...change, name: line(name, 'the name of an output'), isSensitive };
}

function actionsOf(change: JsonObject): readonly PlanAction[] {
  const actions = list(change, 'actions').filter((action): action is PlanAction => {
    return typeof action === 'string' && ACTIONS.has(action);
  });
  if (actions.length === 0 || actions.length !== list(change, 'actions').length)
    throw planMalformed('actions', 'a change');
  return actions;
}

/** A mask that is none covers everything. */
function marksOf(change: JsonObject, name: string): readonly SensitivePath[] {
  const mask = member(change, name) ?? false;
  return isMask(mask, 0) ? maskedPaths(mask) : [[]];
}

const MAX_DEPTH = 256;

function isMask(value: Json, depth: number): value is Mask & Json {
  if (depth > MAX_DEPTH) return false;
  if (typeof value === 'boolean') return true;
  if (isJsonArray(value)) return value.every((part) => isMask(part, depth + 1));
  return isJsonObject(value) && Object.values(value).every((part) => isMask(part, depth + 1));
}

function pathOf(path: Json): SensitivePath {
  if (!isJsonArray(path)) throw planMalformed('a path', 'a change');
  return path.filter((step) => typeof step === 'string' || typeof step === 'number');
}

function deferredOf(value: Json): readonly DeferredInstance[] {
  const object = asObject(value, 'a deferred change');
  const change = member(object, 'resource_change');
  return isJsonObject(change) ? [{ reason: text(object, 'reason'), instance: instanceOf(change) }] : [];
}

function checkOf(value: Json): readonly PlannedCheck[] {
  const object = asObject(value, 'a check');
  const address = objectAt(object, 'address');
  const kind = KINDS.get(text(address, 'kind'));
  if (kind === undefined) return [];
  const objects = list(object, 'instances').map((instance) => {
    const entry = asObject(instance, 'a check');
    const messages = list(entry, 'problems').flatMap((problem) => {
      const message = isJsonObject(problem) ? member(problem, 'message') : undefined;
      return typeof message === 'string' ? [message] : [];
    });
    return { address: text(objectAt(entry, 'address'), 'to_display'), status: statusOf(entry), messages };
  });
  return [{ kind, address: text(address, 'to_display'), status: statusOf(object), objects }];
}

function statusOf(object: JsonObject): PlannedCheck['status'] {
  const status = text(object, 'status');
  return STATES.has(status) ? (status as PlannedCheck['status']) : 'unknown';
}

function asObject(value: Json, where: string): JsonObject {
  if (!isJsonObject(value)) throw planMalformed('an object', where);
  return value;
}

function objectAt(object: JsonObject, name: string): JsonObject {
  const value = member(object, name);
  return value === undefined || value === null ? {} : asObject(value, name);
}

function list(object: JsonObject, name: string): readonly Json[] {
  const value = member(object, name);
  if (value === undefined || value === null) return [];
  if (!isJsonArray(value)) throw planMalformed('a list', name);
  return value;
}

function flag(object: JsonObject, name: string): boolean | undefined {
  const value = member(object, name);
  return typeof value === 'boolean' ? value : undefined;
}

/** One line; '' where there is none. */
function text(object: JsonObject, name: string): string {
  const value = member(object, name);
  return typeof value === 'string' ? line(value, name) : '';
}

// Numbers of a saved plan to the words of Terraform's JSON plan (docs/TERRAFORM.md §3). OpenTofu gives two numbers of
// Terraform's another meaning, so the tool is decided first.
import { planMalformed } from './plan-error.ts';
import type { PlanAction, PlanMode, PlanTool } from '../../record/plan-data.ts';
import type { PlannedCheck } from './plan.ts';

const MODES: readonly PlanMode[] = ['normal', 'destroy', 'refresh-only'];

const ACTIONS: ReadonlyMap<number, readonly PlanAction[]> = new Map<number, readonly PlanAction[]>([
  [0, ['no-op']],
  [1, ['create']],
  [2, ['read']],
  [3, ['update']],
  [5, ['delete']],
  [6, ['delete', 'create']],
  [7, ['create', 'delete']],
  [8, ['forget']],
]);
const TERRAFORM_ACTIONS: ReadonlyMap<number, readonly PlanAction[]> = new Map<number, readonly PlanAction[]>([
  [9, ['create', 'forget']],
]);
const OPENTOFU_ACTIONS: ReadonlyMap<number, readonly PlanAction[]> = new Map<number, readonly PlanAction[]>([
  [9, ['open']],
  [10, ['forget', 'create']],
]);

const REASONS: readonly string[] = [
  '',
  'replace_because_tainted',
  'replace_by_request',
  'replace_because_cannot_update',
  'delete_because_no_resource_config',
  'delete_because_wrong_repetition',
  'delete_because_count_index',
  'delete_because_each_key',
  'delete_because_no_module',
  'replace_by_triggers',
  'read_because_config_unknown',
  'read_because_dependency_pending',
  'delete_because_no_move_target',
  'read_because_check_nested',
];

const DEFERRED: readonly string[] = [
  '',
  'instance_count_unknown',
  'resource_config_unknown',
  'provider_config_unknown',
  'absent_prereq',
  'deferred_prereq',
];

const CHECK_KINDS: readonly (PlannedCheck['kind'] | undefined)[] = [undefined, 'resource', 'output', 'check', 'var'];
const CHECK_STATES: readonly PlannedCheck['status'][] = ['unknown', 'pass', 'fail', 'error'];

export function modeOf(number: number): PlanMode {
  return MODES[number] ?? unknown('mode');
}

export function actionsOf(number: number, tool: PlanTool): readonly PlanAction[] {
  const own = tool === 'opentofu' ? OPENTOFU_ACTIONS : TERRAFORM_ACTIONS;
  return ACTIONS.get(number) ?? own.get(number) ?? unknown('action');
}

/** Words that are newer than this table are told as such: a reason decides nothing. */
export function reasonOf(number: number): string {
  return REASONS[number] ?? 'unknown_reason';
}

export function deferralOf(number: number): string {
  return DEFERRED[number] ?? 'unknown_reason';
}

/** Undefined for a kind that is newer than this table. */
export function checkKindOf(number: number): PlannedCheck['kind'] | undefined {
  return CHECK_KINDS[number];
}

export function checkStatusOf(number: number): PlannedCheck['status'] {
  return CHECK_STATES[number] ?? 'unknown';
}

function unknown(what: string): never {
  throw planMalformed(`a known ${what}`, 'a change');
}

// What a file that calls itself a plan turns out to be: a saved plan, a JSON plan, or one that says nothing but its kind.
import { ParseError } from '../../errors.ts';
import { parseJson } from '../../json/parse.ts';
import { isJsonObject, type Json } from '../../json/value.ts';
import type { DynamicForm } from './cty-msgpack.ts';
import { isJsonPlan, parseJsonPlan } from './json-plan.ts';
import type { PlanParts, TerraformPlan } from './plan.ts';
import { parseSavedPlan } from './saved-plan.ts';

/** A plan's bytes, its archive opened where it is one. */
export type PlanContent =
  { readonly kind: 'saved'; readonly parts: PlanParts } | { readonly kind: 'json'; readonly bytes: Uint8Array };

/** 'encrypted' by OpenTofu; 'cloud': a pointer to a plan that lies in HCP Terraform. */
export interface OpaquePlan {
  readonly form: 'encrypted' | 'cloud';
}

/** Throws ParseError: plan-malformed, plan-version-unsupported, not-a-plan, and those of parseJson and parseState. */
export function parsePlan(content: PlanContent, form: DynamicForm): TerraformPlan | OpaquePlan {
  if (content.kind === 'saved') return parseSavedPlan(content.parts, form);
  const root = parseJson(content.bytes);
  if (isJsonPlan(root)) return parseJsonPlan(root);
  const opaque = opaqueForm(root);
  if (opaque !== undefined) return { form: opaque };
  throw new ParseError('not-a-plan', 'expected a plan, got other JSON', {
    hint: 'A plan is what `terraform plan -out=FILE` writes, or `terraform show -json FILE` prints.',
  });
}

/** An encrypted state has a serial, an encrypted plan has none. */
export function opaqueForm(root: Json): OpaquePlan['form'] | undefined {
  if (!isJsonObject(root)) return undefined;
  if (Object.hasOwn(root, 'encrypted_data') && !Object.hasOwn(root, 'serial')) return 'encrypted';
  return Object.hasOwn(root, 'remote_plan_format') && Object.hasOwn(root, 'run_id') ? 'cloud' : undefined;
}

export function isOpaque(plan: TerraformPlan | OpaquePlan): plan is OpaquePlan {
  return plan.form === 'encrypted' || plan.form === 'cloud';
}

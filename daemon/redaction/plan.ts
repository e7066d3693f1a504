// Raw plan → redacted plan, as strict as for states and in the same two passes: first every secret in it is learned,
// also from the state it was made from, then everything is redacted under all that is known. Raw content lives in
// arguments and locals only.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import type { Json } from '../json/value.ts';
import { formatPointer } from '../json/pointer.ts';
import type { HiddenValue, InstanceBody } from '../record/observation.ts';
import type { PlannedCheckData } from '../record/plan-data.ts';
import type {
  ObservedPlan,
  ObservedPlanChange,
  ObservedPlanInstance,
  ObservedPlanOutput,
  ObservedSide,
  ObservedVariable,
} from '../record/plan-observation.ts';
import { parseAddress, parseModulePath } from '../terraform/address.ts';
import { maskedPaths } from '../terraform/plan/masks.ts';
import type {
  PlannedChange,
  PlannedCheck,
  PlannedInstance,
  PlannedOutput,
  TerraformPlan,
} from '../terraform/plan/plan.ts';
import { parseState } from '../terraform/state-parse.ts';
import type { SensitivePath } from '../terraform/state.ts';
import { AddressKeys } from './address-keys.ts';
import type { RedactionPolicy } from './allow-list.ts';
import { collectPrivateSecrets, collectSecrets } from './collect.ts';
import type { RedactionKeys } from './keys.ts';
import { instanceMarks, outputMarks } from './known-marks.ts';
import { instanceSides, outputSides } from './plan-marks.ts';
import { isOrdinaryWord } from './public-words.ts';
import { isCoveredKey, redactTree } from './redact.ts';
import { HiddenSealer } from './seal-hidden.ts';
import { outputAddress } from './state.ts';
import type { TaintEntry, TaintSet } from './taint.ts';

export interface PlanContext {
  /** What the commitments of its values derive from: the id of its state where that is known, else one of its own. */
  readonly keyId: string;
  readonly keys: RedactionKeys;
  readonly policy: RedactionPolicy;
  /** Learns while the plan is read. */
  readonly taint: TaintSet;
  /** The instance as it is stored of its state: what a mark hid there stays hidden. */
  readonly stored?: ((address: string, deposed: string) => Pick<InstanceBody, 'hidden'> | undefined) | undefined;
}

export interface RedactedPlan {
  readonly observed: ObservedPlan;
  readonly learned: readonly TaintEntry[];
}

/** Stands where a word of the plan is, or holds, a known secret, or has no shape that such a word has. */
const WITHHELD = '(hidden)';

/** Throws ParseError for what turns out to be malformed while its tables are read. */
export function redactPlan(plan: TerraformPlan, context: PlanContext): RedactedPlan {
  const learned: TaintEntry[] = [];
  learnPlan(plan, context, (secret) => void learned.push(...context.taint.learn(secret)));
  return { observed: new PlanRedactor(context).redact(plan), learned };
}

function learnPlan(plan: TerraformPlan, { policy, stored }: PlanContext, learn: (secret: string) => void): void {
  if (plan.priorState !== undefined) learnPriorState(plan.priorState, policy, learn);
  if (plan.backend !== undefined) collectSecrets(plan.backend.config, { policy, learn });
  for (const [name, value] of Object.entries(plan.variables)) collectSecrets(value, { policy, key: name, learn });
  for (const table of [plan.changes, plan.drift, deferredOf(plan)]) {
    for (const instance of table) {
      const schema = policy.schemaOf(instance.type);
      const hidden = stored?.(instance.address, instance.deposed ?? '')?.hidden;
      for (const { value, marks } of instanceSides(instance, hidden))
        collectSecrets(value, { policy, marks, schema, learn });
      if (instance.private !== undefined) {
        collectPrivateSecrets(Buffer.from(instance.private).toString('base64'), { policy, learn });
      }
    }
  }
  for (const output of plan.outputs) {
    const marks = outputMarks(output.isSensitive, undefined);
    for (const value of [output.before, output.after]) {
      if (value !== undefined) collectSecrets(value, { policy, marks, key: output.name, learn });
    }
  }
}

/** Marks, rules and schemas of the state inside the plan: a secret may stand unmarked in a value made from it. */
function learnPriorState(bytes: Uint8Array, policy: RedactionPolicy, learn: (secret: string) => void): void {
  const state = parseState(bytes);
  if (state.kind !== 'state') return;
  for (const { attributes, sensitivePaths, type, private: opaque } of state.instances) {
    const marks = instanceMarks(attributes, sensitivePaths, undefined);
    collectSecrets(attributes, { policy, marks, schema: policy.schemaOf(type), learn });
    if (opaque !== undefined) collectPrivateSecrets(opaque, { policy, learn });
  }
  for (const { name, value, sensitive } of state.outputs) {
    collectSecrets(value, { policy, marks: outputMarks(sensitive, undefined), key: name, learn });
  }
}

function* deferredOf(plan: TerraformPlan): Iterable<PlannedInstance> {
  for (const { instance } of plan.deferred) yield instance;
}

class PlanRedactor {
  readonly #context: PlanContext;
  readonly #sealer: HiddenSealer;
  readonly #addressKeys: AddressKeys;

  constructor(context: PlanContext) {
    this.#context = context;
    this.#sealer = new HiddenSealer(context.keys, context.keyId);
    this.#addressKeys = new AddressKeys(context.taint, this.#sealer.committer);
  }

  redact(plan: TerraformPlan): ObservedPlan {
    const { form, tool, mode, isErrored, isApplyable, isComplete, providers } = plan;
    return {
      ...{ form, tool, mode, isErrored, isApplyable, isComplete, providers },
      toolVersion: this.#word(plan.toolVersion, /^[0-9A-Za-z.+-]{0,64}$/),
      timestamp: this.#word(plan.timestamp, /^(?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))?$/),
      targets: plan.targets.map((target) => this.#target(target)),
      forcedReplacements: plan.forcedReplacements.map((address) => this.#target(address)),
      variables: Object.entries(plan.variables).map(([name, value]) => this.#variable(name, value)),
      backend: plan.backend && {
        type: this.#word(plan.backend.type, /^[a-z][a-z0-9_-]{0,30}$/),
        workspace: this.#word(plan.backend.workspace, /^[^\p{Cc}]{0,128}$/u),
      },
      prior: plan.prior && {
        lineage: this.#word(plan.prior.lineage, /^[^\p{Cc}]{0,128}$/u),
        serial: plan.prior.serial,
      },
      changes: Array.from(plan.changes, (instance) => this.#instance(instance)),
      drift: Array.from(plan.drift, (instance) => this.#instance(instance)),
      deferred: Array.from(plan.deferred, ({ reason, instance }) => ({
        reason: this.#reason(reason),
        instance: this.#instance(instance),
      })),
      outputs: plan.outputs.map((output) => this.#output(output)),
      checks: plan.checks.map((check) => this.#check(check)),
    };
  }

  #instance(instance: PlannedInstance): ObservedPlanInstance {
    const { deposed, mode, type, isImporting, importId } = instance;
    const address = this.#addressKeys.hide(instance.address);
    const hidden = this.#context.stored?.(address, deposed ?? '')?.hidden;
    const { previousAddress } = instance;
    const id = importId === undefined ? undefined : this.#tree(importId, { key: 'id' }, address).value;
    return {
      ...this.#change(instance, address, hidden, { schema: this.#context.policy.schemaOf(type) }),
      ...{ address, deposed, mode, type, isImporting },
      previousAddress: previousAddress === undefined ? undefined : this.#target(previousAddress),
      provider: this.#provider(instance.provider),
      reason: this.#reason(instance.reason),
      replacePaths: this.#pointers(instance.replacePaths),
      importId: id === undefined || typeof id === 'string' ? id : null,
    };
  }

  #output(output: PlannedOutput): ObservedPlanOutput {
    const { name, isSensitive } = output;
    const marked = isSensitive ? { ...output, beforeSensitive: [[]], afterSensitive: [[]] } : output;
    return { ...this.#change(marked, outputAddress(name), undefined, { key: name }), name, isSensitive };
  }

  #change(
    change: PlannedChange,
    address: string,
    stored: readonly HiddenValue[] | undefined,
    place: { readonly schema?: ReturnType<RedactionPolicy['schemaOf']>; readonly key?: string },
  ): ObservedPlanChange {
    const isOutput = place.key !== undefined;
    const sides = isOutput ? outputSides(change) : instanceSides(change, stored);
    const redacted = sides.map(({ value, marks }) => this.#tree(value, { ...place, marks }, address));
    const [before, after] = change.before === undefined ? [undefined, redacted[0]] : redacted;
    return {
      actions: change.actions,
      before,
      after,
      unknown: this.#pointers(maskedPaths(change.afterUnknown)).toSorted(),
    };
  }

  #tree(value: Json, place: Omit<Parameters<typeof redactTree>[1], 'policy' | 'taint'>, address: string): ObservedSide {
    const { policy, taint } = this.#context;
    const { value: shown, hidden } = redactTree(value, { policy, taint, ...place });
    return { value: shown, hidden: hidden.map((raw) => this.#sealer.seal(address, raw)) };
  }

  #variable(name: string, value: Json): ObservedVariable {
    const shown = this.#word(name, /^[\p{ID_Start}_][\p{ID_Continue}-]{0,255}$/u);
    if (value === null) return { name: shown, hidden: undefined };
    return { name: shown, hidden: this.#sealer.seal(`var.${shown}`, { path: '', by: 'default', value }) };
  }

  #check({ kind, address, status, objects }: PlannedCheck): PlannedCheckData {
    return {
      ...{ kind, status },
      address: this.#target(address),
      objects: objects.map((object) => ({ address: this.#target(object.address), status: object.status })),
    };
  }

  /** Steps below a key that is a known secret are left off. */
  #pointers(paths: readonly SensitivePath[]): readonly string[] {
    const { policy, taint } = this.#context;
    const pointers = paths.map((path) => {
      const end = path.findIndex((step, at) => at > 0 && typeof step === 'string' && isCoveredKey(step, policy, taint));
      return formatPointer(end === -1 ? path : path.slice(0, end));
    });
    return [...new Set(pointers)];
  }

  /** A resource, module or other object of the configuration. */
  #target(text: string): string {
    if (!isObjectAddress(text)) return WITHHELD;
    return this.#addressKeys.hide(text);
  }

  #provider(text: string): string {
    return /^[\p{L}\p{N}_.:/"[\]$%{}\\ -]{0,512}$/u.test(text) && !this.#isSecret(text)
      ? this.#addressKeys.hideInProvider(text)
      : WITHHELD;
  }

  #reason(reason: string): string {
    return this.#word(reason, /^[a-z_]{0,64}$/);
  }

  #word(text: string, shape: RegExp): string {
    return shape.test(text) && !this.#isSecret(text) ? text : WITHHELD;
  }

  #isSecret(text: string): boolean {
    return this.#context.taint.covers(text) && !isOrdinaryWord(text);
  }
}

/** `aws_x.y`, `module.m`, `check.c`, `var.v`, with keys: names alone, so nothing else slips in. */
function isObjectAddress(text: string): boolean {
  return parses(() => parseAddress(text)) || (text !== '' && parses(() => parseModulePath(text)));
}

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

// A saved plan to its meaning, without Terraform and without a provider: the field table of its protobuf, from 0.14 to
// now and for OpenTofu. Values are decoded as they are asked for.
import { ParseError } from '../../errors.ts';
import type { Json, JsonObject } from '../../json/value.ts';
import {
  compareAddresses,
  compareTexts,
  formatInstanceAddress,
  isIdentifier,
  parseAddress,
  parseModulePath,
  type InstanceAddress,
} from '../address.ts';
import { parseState } from '../state-parse.ts';
import type { SensitivePath } from '../state.ts';
import { decodeCty, type CtyValue, type DynamicForm } from './cty-msgpack.ts';
import { parseLockFile } from './lock-file.ts';
import { assertedLine as line, decoding, planMalformed } from './plan-error.ts';
import { actionsOf, checkKindOf, checkStatusOf, deferralOf, modeOf, reasonOf } from './plan-words.ts';
import type { PlanAction, PlanTool } from '../../record/plan-data.ts';
import type {
  DeferredInstance,
  PlanBackend,
  PlannedChange,
  PlannedCheck,
  PlannedInstance,
  PlannedOutput,
  PlanParts,
  TerraformPlan,
} from './plan.ts';
import { Message } from './wire.ts';

/** 3 since Terraform 0.14, and in OpenTofu. */
const FORMAT_VERSION = 3;
const MAX_STEPS = 200;

/** Throws ParseError: plan-malformed, plan-version-unsupported; and, while `changes` are read, plan-malformed. */
export function parseSavedPlan(parts: PlanParts, form: DynamicForm): TerraformPlan {
  const plan = new Message(parts.plan, 'the head');
  assertVersion(plan.integer(1));
  const lock = parseLockFile(parts.lockFile ?? new Uint8Array());
  const reader = new PlanReader(lock.tool, form);
  const toolVersion = line(plan.text(14), 'the version of the tool');
  // A flag that is false is not written: only the version tells whether the tool knows it.
  const flag = (field: number): boolean | undefined =>
    plan.has(field) || saysApplyable(lock.tool, toolVersion) ? plan.flag(field) : undefined;
  return {
    form: 'saved',
    tool: lock.tool,
    toolVersion,
    mode: modeOf(plan.integer(17)),
    isErrored: plan.flag(20),
    isApplyable: flag(25),
    isComplete: flag(26),
    timestamp: line(plan.text(21), 'the time'),
    targets: plan.texts(5).map((text) => line(text, 'a target')),
    forcedReplacements: plan.texts(16).map((text) => line(text, 'a forced replacement')),
    variables: variablesOf(plan),
    backend: backendOf(plan),
    prior: parts.state && priorOf(parts.state),
    priorState: parts.state,
    changes: again(() => reader.instances(plan, 3)),
    drift: again(() => reader.instances(plan, 18)),
    deferred: again(() => reader.deferred(plan)),
    outputs: plan.messages(4, 'an output').map((output) => reader.output(output)),
    checks: checksOf(plan),
    providers: lock.providers,
  };
}

/** Terraform from 1.8 on; OpenTofu does not. */
function saysApplyable(tool: PlanTool, version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return tool === 'terraform' && (major > 1 || (major === 1 && minor >= 8));
}

function assertVersion(version: number): void {
  if (version === FORMAT_VERSION) return;
  throw new ParseError('plan-version-unsupported', `expected plan version ${FORMAT_VERSION}, got ${version}`, {
    hint: 'Plans of Terraform 0.13 and older have another format; a higher number is newer than this stateseal.',
  });
}

/** A generator runs once; this runs it anew for each pass. */
function again<T>(start: () => Iterable<T>): Iterable<T> {
  return { [Symbol.iterator]: () => start()[Symbol.iterator]() };
}

/** Lineage and serial that the plan can be applied to. Nothing else is taken from that state here. */
function priorOf(bytes: Uint8Array): TerraformPlan['prior'] {
  const { lineage, serial } = parseState(bytes);
  return { lineage, serial };
}

function variablesOf(plan: Message): JsonObject {
  const entries = plan.messages(2, 'a variable').map((entry): [string, Json] => {
    const value = valueOf(entry.message(2, 'a variable'), 'plain');
    return [line(entry.text(1), 'the name of a variable'), value.value ?? null];
  });
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function backendOf(plan: Message): PlanBackend | undefined {
  const backend = plan.message(13, 'the backend');
  if (backend === undefined) return undefined;
  return {
    type: line(backend.text(1), 'the type of the backend'),
    workspace: line(backend.text(3), 'the workspace'),
    config: valueOf(backend.message(2, 'the backend'), 'plain').value ?? null,
  };
}

class PlanReader {
  readonly #tool: PlanTool;
  readonly #form: DynamicForm;

  constructor(tool: PlanTool, form: DynamicForm) {
    this.#tool = tool;
    this.#form = form;
  }

  /** Terraform writes them in no order. */
  *instances(plan: Message, field: number): Iterable<PlannedInstance> {
    const places = [...plan.eachMessage(field, 'a change')].map((message) => ({ message, ...placeOf(message) }));
    places.sort((a, b) => compareAddresses(a.parts, b.parts) || compareTexts(a.deposed, b.deposed));
    for (const { message, address, parts } of places) yield this.#instance(message, address, parts);
  }

  *deferred(plan: Message): Iterable<DeferredInstance> {
    for (const message of plan.eachMessage(27, 'a deferred change')) {
      const instance = message.message(2, 'a deferred change');
      const reason = deferralOf(message.message(1, 'a deferral')?.integer(1) ?? 0);
      if (instance === undefined) continue;
      const { address, parts } = placeOf(instance);
      yield { reason, instance: this.#instance(instance, address, parts) };
    }
  }

  output(message: Message): PlannedOutput {
    const change = this.#change(message.message(2, 'an output'));
    return { name: line(message.text(1), 'the name of an output'), isSensitive: message.flag(3), ...change };
  }

  #instance(message: Message, address: string, { mode, type }: InstanceAddress): PlannedInstance {
    const change = message.message(9, 'a change');
    const importing = change?.message(5, 'an import');
    const previous = message.text(14);
    const deposed = message.text(7);
    return {
      ...this.#change(change),
      address,
      previousAddress: previous === '' || previous === address ? undefined : line(previous, 'an address'),
      deposed: deposed === '' ? undefined : line(deposed, 'a deposed key'),
      mode,
      type,
      provider: line(message.text(8), 'a provider'),
      reason: reasonOf(message.integer(12)),
      replacePaths: message.messages(11, 'a path').map(pathOf),
      isImporting: importing !== undefined,
      importId: importing === undefined || importing.text(1) === '' ? undefined : importing.text(1),
      private: message.bytes(10),
    };
  }

  #change(message: Message | undefined): PlannedChange {
    if (message === undefined) throw planMalformed('a change', 'a resource');
    const actions = actionsOf(message.integer(1), this.#tool);
    const [before, after] = sidesOf(
      actions,
      message.messages(2, 'a value').map((value) => valueOf(value, this.#form)),
    );
    return {
      actions,
      before: before?.value,
      after: after?.value,
      afterUnknown: after?.unknown ?? false,
      beforeSensitive: message.messages(3, 'a path').map(pathOf),
      afterSensitive: message.messages(4, 'a path').map(pathOf),
    };
  }
}

type Sides = readonly [before: CtyValue | undefined, after: CtyValue | undefined];

/** One value where both sides are equal or only one is there; two for the rest. */
function sidesOf(actions: readonly PlanAction[], values: readonly CtyValue[]): Sides {
  const [first, second] = values;
  if (actions.length === 1 && values.length === 1) {
    if (actions[0] === 'create' || actions[0] === 'open') return [undefined, first];
    if (actions[0] === 'delete' || actions[0] === 'forget') return [first, undefined];
    if (actions[0] === 'no-op') return [first, first];
  }
  if (values.length !== 2) throw planMalformed('two values', 'a change');
  return [first, second];
}

function valueOf(message: Message | undefined, form: DynamicForm): CtyValue {
  const bytes = message?.bytes(1);
  return bytes === undefined ? { value: null, unknown: undefined } : decodeCty(bytes, form);
}

/** Steps as they fit the decoded value; a step into a set ends the path, so that it covers the set. */
function pathOf(path: Message): SensitivePath {
  const steps: (string | number)[] = [];
  for (const step of path.messages(1, 'a path').slice(0, MAX_STEPS)) {
    const key = step.has(2) ? valueOf(step.message(2, 'a path'), 'plain').value : step.text(1);
    if (typeof key !== 'string' && typeof key !== 'number') break;
    steps.push(key);
  }
  return steps;
}

interface Place {
  readonly address: string;
  readonly parts: InstanceAddress;
  readonly deposed: string;
}

function placeOf(message: Message): Place {
  const address = addressOf(message);
  return { address, parts: partsOf(address), deposed: message.text(7) };
}

/** Terraform 1.0 and older wrote its parts: module path, mode, type, name, key. */
function addressOf(message: Message): string {
  if (message.has(13)) return line(message.text(13), 'an address');
  const [type, name] = [message.text(3), message.text(4)];
  if (!isIdentifier(type) || !isIdentifier(name)) throw planMalformed('an address', 'a change');
  const key = message.has(5) ? message.text(5) : message.has(6) ? message.integer(6) : undefined;
  const module = decoding('a module path', 'a change', () => parseModulePath(message.text(1)));
  return formatInstanceAddress({ module, mode: message.integer(2) === 1 ? 'data' : 'managed', type, name, key });
}

function partsOf(address: string): InstanceAddress {
  try {
    return parseAddress(address);
  } catch (error) {
    if (error instanceof ParseError) throw planMalformed('an address', 'a change');
    throw error;
  }
}

function checksOf(plan: Message): readonly PlannedCheck[] {
  const checks = plan.messages(19, 'a check').flatMap(checkOf);
  return checks.sort((a, b) => compareTexts(a.address, b.address));
}

function checkOf(message: Message): readonly PlannedCheck[] {
  const kind = checkKindOf(message.integer(1));
  if (kind === undefined) return [];
  const objects = message.messages(4, 'a check').map((object) => ({
    address: line(object.text(1), 'the address of a check'),
    status: checkStatusOf(object.integer(2)),
    messages: object.texts(3),
  }));
  objects.sort((a, b) => compareTexts(a.address, b.address));
  return [
    {
      kind,
      address: line(message.text(2), 'the address of a check'),
      status: checkStatusOf(message.integer(3)),
      objects,
    },
  ];
}

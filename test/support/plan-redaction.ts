// A redacted plan against what `terraform show -json` prints of it: equal wherever it shows, hidden wherever Terraform
// masks, and each hidden value committed to under known keys as the value that Terraform prints there.
import { expect } from 'chai';
import { planJson } from '../../daemon/commands/render-plan.ts';
import { showCommand } from '../../daemon/commands/show.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import { formatPointer, parsePointer, readPointer } from '../../daemon/json/pointer.ts';
import { isJsonArray, isJsonObject, NumberText, type Json, type JsonObject } from '../../daemon/json/value.ts';
import type { HiddenValue } from '../../daemon/record/observation.ts';
import type { ObservedPlan, ObservedPlanChange } from '../../daemon/record/plan-observation.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { commitmentOf, stateKey, type RedactionKeys } from '../../daemon/redaction/keys.ts';
import { redactPlan } from '../../daemon/redaction/plan.ts';
import { outputAddress } from '../../daemon/redaction/state.ts';
import { TaintSet } from '../../daemon/redaction/taint.ts';
import { openPlanArchive } from '../../daemon/sources/plan-archive.ts';
import { maskedPaths } from '../../daemon/terraform/plan/masks.ts';
import type { Mask } from '../../daemon/terraform/plan/plan.ts';
import { parseSavedPlan } from '../../daemon/terraform/plan/saved-plan.ts';
import { runCommand } from '../commands/test-context.ts';
import { comparable, variablesOf } from './plan-comparison.ts';
import { listAt, objectAt, type MadePlan } from './plan-run.ts';

const KEYS: RedactionKeys = {
  equalityKey: new Uint8Array(32).fill(1),
  epoch: { kid: 'e1', key: new Uint8Array(32).fill(2) },
};
const KEY_ID = '00000000-0000-4000-8000-000000000001';

export async function expectRedacted({ saved, shown }: MadePlan): Promise<void> {
  const observed = await redactSaved(saved);
  expect(await showJson(saved)).to.deep.equal(planJson(observed));
  const drift = listAt(shown, 'resource_drift');
  expectChanges(observed.changes, listAt(shown, 'resource_changes'));
  expectChanges(
    observed.drift.filter(({ actions }) => actions[0] !== 'no-op'),
    drift,
  );
  for (const output of observed.outputs) {
    const change = objectAt(objectAt(shown, 'output_changes'), output.name);
    expectChange(output, change, outputAddress(output.name));
  }
  expectVariables(observed, shown);
  expectRest(observed, shown);
}

async function redactSaved(saved: Uint8Array): Promise<ObservedPlan> {
  const taint = new TaintSet(KEYS.equalityKey);
  const policy = createPolicy({ values: 'allow-list', hide: [], show: [] });
  const plan = parseSavedPlan(await openPlanArchive(saved), 'plain');
  return redactPlan(plan, { keyId: KEY_ID, keys: KEYS, policy, taint }).observed;
}

/** What `stateseal show --json` prints of a plan. */
export async function showJson(bytes: Uint8Array): Promise<JsonObject> {
  const { out } = await runCommand(showCommand, ['./plan', '--json'], { files: { './plan': bytes } });
  const json = parseJson(Buffer.from(out.trimEnd()));
  return isJsonObject(json) ? json : expect.fail('expected an object');
}

function expectChanges(observed: ObservedPlan['changes'], shown: readonly JsonObject[]): void {
  expect(observed.length).to.equal(shown.length);
  for (const [index, change] of observed.entries()) {
    const real = shown[index] ?? {};
    expect(change.address).to.equal(real['address']);
    expectChange(change, objectAt(real, 'change'), change.address);
  }
}

function expectChange(change: ObservedPlanChange, shown: JsonObject, address: string): void {
  for (const side of ['before', 'after'] as const) {
    const [value, hidden] = [shown[side] ?? null, change[side]?.hidden ?? []];
    const where = `${address} ${side}`;
    expect(even(change[side]?.value ?? null), where).to.deep.equal(even(without(value, hidden)));
    const paths = new Set(hidden.map(({ path }) => path));
    for (const masked of maskedPaths((shown[`${side}_sensitive`] ?? false) as Mask)) {
      expectHidden(value, masked, paths, where);
    }
    for (const one of hidden) expectCommitted(one, readPointer(value, parsePointer(one.path)), address);
  }
}

/** Nothing is to be hidden where nothing is: null, or not known yet. */
function expectHidden(value: Json, at: readonly (string | number)[], hidden: ReadonlySet<string>, where: string): void {
  const isCovered = at.some((_, end) => hidden.has(formatPointer(at.slice(0, end)))) || hidden.has(formatPointer(at));
  if (isCovered) return;
  const found = readPointer(value, at) ?? null;
  if (found === null) return;
  // All of an instance, or of a list with unknown parts, may be masked; its members are hidden one by one then.
  const members = isJsonArray(found) ? found.map((_, index) => index) : isJsonObject(found) ? Object.keys(found) : [];
  expect(members, `${where} ${formatPointer(at)} is masked and shows`).not.to.deep.equal([]);
  for (const member of members) expectHidden(value, [...at, member], hidden, where);
}

function expectCommitted({ path, commitment, kid }: HiddenValue, value: Json | undefined, address: string): void {
  const key = stateKey(KEYS.epoch.key, KEY_ID);
  const expected = formsOf(value ?? null).map((form) => commitmentOf(key, address, path, form));
  expect(kid).to.equal(KEYS.epoch.kid);
  expect(expected, `${address} ${path}`).to.include(commitment);
}

/** A number that is no integer of 64 bits and no exact double is text in a saved plan; only a schema tells that it is none. */
function formsOf(value: Json): readonly Json[] {
  if (typeof value !== 'number' && !(value instanceof NumberText)) return [value];
  const text = value instanceof NumberText ? value.text : String(value);
  return [value, text];
}

function expectVariables({ variables }: ObservedPlan, shown: JsonObject): void {
  const values = variablesOf(shown);
  for (const { name, hidden } of variables) {
    const value = values[name] ?? null;
    expect(hidden === undefined, name).to.equal(value === null);
    if (hidden !== undefined) expectCommitted(hidden, value, `var.${name}`);
  }
}

/** Everything beside values, as `show --json` prints it. */
function expectRest(observed: ObservedPlan, shown: JsonObject): void {
  expect(dropValues(comparable(planJson(observed)))).to.deep.equal(dropValues(comparable(shown)));
}

const VALUES = new Set(['before', 'after', 'before_sensitive', 'after_sensitive', 'problems']);

function dropValues(value: Json): Json {
  if (isJsonArray(value)) return value.map(dropValues);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !VALUES.has(name))
      .map(([name, part]) => [name, dropValues(part)]),
  );
}

function without(value: Json, hidden: readonly HiddenValue[]): Json {
  const paths = new Set(hidden.map(({ path }) => path));
  const walk = (part: Json, at: string): Json => {
    if (paths.has(at)) return null;
    if (isJsonArray(part)) return part.map((element, index) => walk(element, `${at}/${index}`));
    if (!isJsonObject(part)) return part;
    return Object.fromEntries(
      Object.entries(part).map(([key, element]) => [key, walk(element, `${at}${formatPointer([key])}`)]),
    );
  };
  return walk(value, '');
}

function even(value: Json): Json {
  return comparable({ applyable: value })['applyable'] ?? null;
}

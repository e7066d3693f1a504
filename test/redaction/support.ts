// Keys, policies and states for the tests of redaction. Every secret in them is a marker.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Json, JsonObject } from '../../daemon/json/value.ts';
import { createPolicy, type RedactionPolicy } from '../../daemon/redaction/allow-list.ts';
import type { RedactionKeys } from '../../daemon/redaction/keys.ts';
import { redactState, type RedactedState, type StateContext } from '../../daemon/redaction/state.ts';
import { TaintSet } from '../../daemon/redaction/taint.ts';
import type { StateInstance, TerraformState } from '../../daemon/terraform/state.ts';
import { parseState } from '../../daemon/terraform/state-parse.ts';

export const keys: RedactionKeys = {
  equalityKey: Uint8Array.from({ length: 32 }, (_, index) => 32 + index),
  epoch: { kid: 'e1', key: Uint8Array.from({ length: 32 }, (_, index) => index) },
};

export const policy: RedactionPolicy = createPolicy({ values: 'allow-list', hide: [], show: [] });
export const openPolicy: RedactionPolicy = createPolicy({ values: 'marked-only', hide: [], show: [] });

export function newTaint(...secrets: readonly string[]): TaintSet {
  const taint = new TaintSet(keys.equalityKey);
  for (const secret of secrets) taint.learn(secret);
  return taint;
}

const fixtures = join(import.meta.dirname, '../fixtures/terraform');

/** Every whole state among the fixtures, by name. */
export function fixtureStates(): ReadonlyMap<string, { readonly state: TerraformState; readonly bytes: Uint8Array }> {
  const files = ['states', 'sequences/long-apply', 'opentofu-synthetic'].flatMap((folder) =>
    readdirSync(join(fixtures, folder)).map((name) => `${folder}/${name}`),
  );
  const states = new Map<string, { state: TerraformState; bytes: Uint8Array }>();
  for (const name of files.filter((file) => file.endsWith('.tfstate'))) {
    const bytes = readFileSync(join(fixtures, name));
    const state = parseState(bytes);
    if (state.kind === 'state') states.set(name, { state, bytes });
  }
  return states;
}

export function fixtureBytes(name: string): Uint8Array {
  return readFileSync(join(fixtures, name));
}

export function instance(attributes: JsonObject, more: Partial<StateInstance> = {}): StateInstance {
  return {
    address: 'fake_thing.a',
    module: '',
    mode: 'managed',
    type: 'fake_thing',
    name: 'a',
    indexKey: undefined,
    deposed: undefined,
    provider: 'provider["registry.terraform.io/example/fake"]',
    tainted: false,
    createBeforeDestroy: false,
    schemaVersion: '0',
    dependencies: [],
    attributes,
    sensitivePaths: [],
    private: undefined,
    identity: undefined,
    unknown: {},
    ...more,
  };
}

export function stateOf(instances: readonly StateInstance[], more: Partial<TerraformState> = {}): TerraformState {
  return {
    kind: 'state',
    toolVersion: '1.11.4',
    serial: '1',
    lineage: '23f7fa40-882c-18ca-30b6-8198471914c1',
    outputs: [],
    instances,
    checkResults: [],
    unknown: {},
    ...more,
  };
}

export function observe(state: TerraformState, more: Partial<StateContext> = {}): RedactedState {
  const taint = more.taint ?? newTaint();
  return redactState(state, { stateId: 'state-1', keys, policy, taint, rawBytes: new Uint8Array(0), ...more });
}

/** All string leaves and keys of a tree. */
export function textsOf(value: Json): string[] {
  if (typeof value === 'string') return [value];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, part]) => [key, ...textsOf(part as Json)]);
}

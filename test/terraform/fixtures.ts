// Sample files of real runs, and small states built in code.
import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ParseError } from '../../daemon/errors.ts';
import { parseState } from '../../daemon/terraform/state-parse.ts';
import type { StateInstance, TerraformState } from '../../daemon/terraform/state.ts';

const ROOT = new URL('../fixtures/terraform/', import.meta.url);

export function readFixture(path: string): Buffer {
  return readFileSync(new URL(path, ROOT));
}

export function listFixtures(folder: string): readonly string[] {
  return readdirSync(new URL(folder, ROOT)).map((name) => `${folder}/${name}`);
}

export function encode(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The state in these bytes; fails the test for an encrypted one. */
export function openState(bytes: Uint8Array): TerraformState {
  const state = parseState(bytes);
  if (state.kind !== 'state') throw new Error('expected a state in clear');
  return state;
}

export interface LooseState {
  readonly [member: string]: unknown;
}

export function stateWith(members: LooseState): LooseState {
  return { version: 4, terraform_version: '1.11.4', serial: 1, lineage: 'l', outputs: {}, resources: [], ...members };
}

const RESOURCE = {
  mode: 'managed',
  type: 'aws_x',
  name: 'y',
  provider: 'provider["registry.terraform.io/hashicorp/aws"]',
};
export const INSTANCE = { schema_version: 0, attributes: { id: 'i-1' }, sensitive_attributes: [] };

export function resourceWith(members: LooseState, instances: readonly unknown[] = [INSTANCE]): LooseState {
  return { ...RESOURCE, instances, ...members };
}

/** The one instance of a state that holds nothing else. */
export function instanceOf(members: LooseState, resource: LooseState = {}): StateInstance {
  const state = openState(encode(stateWith({ resources: [resourceWith(resource, [{ ...INSTANCE, ...members }])] })));
  const [instance] = state.instances;
  if (instance === undefined || state.instances.length > 1) throw new Error('expected one instance');
  return instance;
}

export function failureOf(parse: () => unknown): ParseError {
  try {
    parse();
  } catch (error) {
    expect(error).to.be.instanceOf(ParseError);
    return error as ParseError;
  }
  throw new Error('expected a ParseError, got a value');
}

export function failureOfInstance(members: LooseState, resource: LooseState = {}): ParseError {
  return failureOf(() => instanceOf(members, resource));
}

/** A state whose serial is this very text. */
export function withSerial(serial: string): Buffer {
  return encode(`{"version":4,"serial":${serial},"lineage":"l","resources":[]}`);
}

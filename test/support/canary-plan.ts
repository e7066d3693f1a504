// Files full of canaries for whoever mutates them: a saved plan, the JSON plan and the state of it, and a stream. Every
// text that a hostile or unlucky byte could carry into an error holds CANARY.
import { ExtData } from '@msgpack/msgpack';
import { formatJson } from '../../daemon/json/format.ts';
import { openPlanArchive } from '../../daemon/sources/plan-archive.ts';
import { toJsonPlan } from '../../daemon/terraform/plan/json-plan-shape.ts';
import { parseSavedPlan } from '../../daemon/terraform/plan/saved-plan.ts';
import { typed, writePlan, writePlanArchive, type PlanFiles, type WrittenInstance } from './plan-writer.ts';

export const CANARY = 'CANARY';

export interface CanaryFiles {
  readonly plan: PlanFiles;
  readonly jsonPlan: Buffer;
  readonly state: Buffer;
  readonly stream: Buffer;
}

const PROVIDER = 'provider["registry.terraform.io/hashicorp/CANARYprovider"]';
const unknown = new ExtData(0, new Uint8Array(1));

const attributes = (n: number): object => ({
  id: `CANARY-id-${n}`,
  name: `CANARY-name-${n}`,
  size: n / 10 === Math.trunc(n / 10) ? n : String(n / 10),
  password: `CANARY-password-${n}`,
  tags: { 'CANARY-key': `CANARY-tag-${n}`, env: 'prod' },
  users: { 'CANARY-user': { pin: `CANARY-pin-${n}` } },
  rules: [`CANARY-rule-${n}`, 'open'],
  input: typed(['object', { CANARYattr: 'string', n: 'number' }], { CANARYattr: `CANARY-input-${n}`, n: '0.1' }),
  nothing: null,
});

function instances(): WrittenInstance[] {
  const base = { provider: PROVIDER, private: '{"secret":"CANARY-private"}' };
  const marks = [['password'], ['tags', { key: 'CANARY-key' }], ['users', { key: 'CANARY-user' }, 'pin'], ['rules', 0]];
  const sides = { beforeSensitive: marks, afterSensitive: marks };
  const made = { ...attributes(3), id: unknown, rules: [unknown, 'x'] };
  return [
    { ...base, ...sides, address: 'test_CANARY.one["CANARY-each"]', action: 3, values: [attributes(1), attributes(2)] },
    { ...base, address: 'test_thing.two', action: 1, values: [made], afterSensitive: marks, importId: 'CANARY-import' },
    { ...base, ...sides, address: 'test_thing.three[0]', action: 5, values: [attributes(4)], deposed: 'CANARY01' },
    {
      ...{ ...base, ...sides, address: 'module.CANARY["k"].test_thing.four', previousAddress: 'test_thing.CANARYold' },
      ...{ action: 6, values: [attributes(5), made], replace: [['name']] },
    },
  ];
}

const state = {
  version: 4,
  terraform_version: '1.11.4',
  serial: 7,
  lineage: '3f7c1a2e-5b6d-4c8e-9f01-23456789abcd',
  // An output's name, where it is an identifier, may be told: errors of a state say the place.
  outputs: { told: { value: 'CANARY-output', type: 'string', sensitive: true } },
  resources: [1, 2, 3].map((n) => ({
    mode: 'managed',
    type: 'test_thing',
    name: `CANARY${n}`,
    provider: PROVIDER,
    instances: [
      {
        index_key: 'CANARY-index',
        schema_version: 0,
        attributes: {
          ...attributes(n),
          input: { value: { CANARYattr: 'CANARY-in-state' }, type: ['object', { CANARYattr: 'string' }] },
        },
        sensitive_attributes: [[{ type: 'get_attr', value: 'CANARYpath' }], [{ type: 'get_attr', value: 'password' }]],
        private: 'Q0FOQVJZLXByaXZhdGU=',
        dependencies: ['test_thing.CANARYdependency'],
      },
    ],
  })),
  check_results: [{ object_kind: 'check', config_addr: 'check.CANARY', status: 'fail', objects: null }],
};

const lines = [
  { '@level': 'info', '@message': 'CANARY-message', type: 'version', terraform: '1.11.4', ui: '1.2' },
  {
    '@level': 'error',
    '@message': 'CANARY-message',
    type: 'diagnostic',
    diagnostic: { severity: 'error', summary: 'CANARY-summary', detail: 'CANARY-detail' },
  },
  {
    '@level': 'info',
    '@message': 'CANARY',
    type: 'change_summary',
    changes: { add: 1, change: 2, remove: 3, import: 0, operation: 'CANARY' },
  },
  {
    '@level': 'info',
    '@message': 'CANARY',
    type: 'change_summary',
    changes: { add: 1, change: 2, remove: 3, operation: 'apply' },
  },
  { '@level': 'info', '@message': 'CANARY', type: 'outputs', outputs: { CANARY: { value: 'CANARY-diagnostic' } } },
];

export async function createCanaryFiles(): Promise<CanaryFiles> {
  const made = instances();
  const tfplan = writePlan({
    toolVersion: '1.11.4',
    variables: {
      CANARYvar: typed('string', 'CANARY-variable'),
      pw: typed(['map', 'string'], { 'CANARY-k': 'CANARY-v' }),
    },
    changes: made,
    drift: made.slice(0, 1),
    outputs: {
      CANARYoutput: {
        action: 3,
        values: [typed('string', 'CANARY-before'), typed('string', 'CANARY-after')],
        sensitive: true,
      },
      CANARYlater: { action: 1, values: [typed('string', unknown)], sensitive: false },
    },
    targets: ['module.CANARYtarget'],
    backend: {
      type: 's3',
      workspace: 'CANARYspace',
      config: { bucket: 'CANARY-bucket', secret_key: 'CANARY-backend-key' },
    },
    checks: [{ kind: 3, address: 'check.CANARYcheck', messages: ['CANARY-problem'] }],
  });
  const stateBytes = Buffer.from(JSON.stringify(state, undefined, 1));
  const plan = { tfplan, tfstate: stateBytes, config: 'variable "CANARY" {}' };
  const parsed = parseSavedPlan(await openPlanArchive(writePlanArchive(plan)), 'plain');
  return {
    plan,
    jsonPlan: Buffer.from(formatJson(toJsonPlan(parsed))),
    state: stateBytes,
    stream: Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
  };
}

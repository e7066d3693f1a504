// Saved plans of any size for measuring, which a real Terraform of the given version can read: resources of its own
// provider, each of them to be updated, and the state they are in.
import { typed, writePlan, writePlanArchive, type WrittenInstance } from './plan-writer.ts';
import { createRandom } from './seeded-random.ts';

export interface LargePlan {
  readonly archive: Uint8Array;
  /** Of tfplan and tfstate. */
  readonly uncompressedBytes: number;
  readonly instances: number;
}

const PROVIDER = 'provider["terraform.io/builtin/terraform"]';
const BACKEND = { type: 'local', workspace: 'default', config: { path: null, workspace_dir: null } };
const ATTRIBUTES = 24;
/** One instance in tfplan and tfstate, measured. */
const INSTANCE_BYTES = 15_760;

export function createLargePlan(toolVersion: string, sizeBytes: number): LargePlan {
  const count = Math.ceil(sizeBytes / INSTANCE_BYTES);
  const random = createRandom(1);
  const values = Array.from({ length: count }, (_, index) => attributesOf(index, random));
  const type = ['object', Object.fromEntries(Object.keys(values[0] ?? {}).map((name) => [name, 'string']))] as const;
  const tfplan = writePlan({ toolVersion, backend: BACKEND, changes: changesOf(values, type) });
  const tfstate = Buffer.from(JSON.stringify(stateOf(toolVersion, values, type)));
  const config = `resource "terraform_data" "one" {\n  count = ${count}\n}\n`;
  const archive = writePlanArchive({ tfplan, tfstate, config });
  return { archive, uncompressedBytes: tfplan.length + tfstate.length, instances: count };
}

type Attributes = Readonly<Record<string, string>>;

function attributesOf(index: number, random: () => number): Attributes {
  const entries = Array.from({ length: ATTRIBUTES }, (_, n): [string, string] => {
    const noise = Math.floor(random() * 2 ** 32).toString(16);
    return [`attribute_${n}`, `arn:aws:service:eu-west-1:123456789012:kind/name-${index}-${n}-${noise}`];
  });
  return Object.fromEntries([...entries, ['password', `secret-of-${index}-${Math.floor(random() * 2 ** 32)}`]]);
}

function* changesOf(values: readonly Attributes[], type: unknown): Iterable<WrittenInstance> {
  for (const [index, value] of values.entries()) {
    const id = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const side = (input: Attributes, output: unknown) => ({
      id,
      input: typed(type, input),
      output,
      triggers_replace: null,
    });
    const after = { ...value, attribute_0: 'changed' };
    const marks = [['input', 'password']];
    const sides = { values: [side(value, typed(type, value)), side(after, typed(type, value))] };
    yield {
      ...{ address: `terraform_data.one[${index}]`, provider: PROVIDER, action: 3 },
      ...{ ...sides, beforeSensitive: marks, afterSensitive: marks },
    };
  }
}

function stateOf(toolVersion: string, values: readonly Attributes[], type: unknown): object {
  const instances = values.map((value, index) => ({
    index_key: index,
    schema_version: 0,
    attributes: {
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      input: { value, type },
      output: { value, type },
      triggers_replace: null,
    },
    sensitive_attributes: [
      [
        { type: 'get_attr', value: 'input' },
        { type: 'get_attr', value: 'password' },
      ],
    ],
  }));
  const resource = { mode: 'managed', type: 'terraform_data', name: 'one', provider: PROVIDER, instances };
  return {
    version: 4,
    terraform_version: toolVersion,
    serial: 7,
    lineage: '3f7c1a2e-5b6d-4c8e-9f01-23456789abcd',
    outputs: {},
    resources: [resource],
    check_results: null,
  };
}

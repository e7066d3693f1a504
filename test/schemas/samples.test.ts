// Every schema compiles in strict mode, takes what it should and refuses what it should, each refusal for its reason.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import * as samples from './samples.ts';

function compile(name: string): ValidateFunction {
  const text = readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8');
  return new Ajv2020({ strict: true, allErrors: true }).compile(JSON.parse(text) as object);
}

/** A deep copy with one member set, or removed where `value` is undefined. */
function withMember(sample: object, pointer: string, value: unknown): object {
  const copy = structuredClone(sample);
  const steps = pointer.split('/').slice(1);
  const last = steps.pop() ?? '';
  let place = copy as Record<string, unknown>;
  for (const step of steps) place = place[step] as Record<string, unknown>;
  if (value === undefined) delete place[last];
  else place[last] = value;
  return copy;
}

type Refusal = readonly [pointer: string, value: unknown];

function describeSchema(name: string, accepted: readonly object[], refused: readonly Refusal[]): void {
  describe(`${name}.schema.json`, () => {
    const validate = compile(name);
    accepted.forEach((sample, number) => {
      it(`takes sample ${number + 1}`, () => {
        expect(validate(sample), JSON.stringify(validate.errors)).to.equal(true);
      });
    });
    for (const [pointer, value] of refused) {
      it(`refuses ${JSON.stringify(value) ?? 'nothing'} at ${pointer}`, () => {
        const [first] = accepted;
        if (first === undefined) throw new Error('expected a sample');
        expect(validate(withMember(first, pointer, value))).to.equal(false);
      });
    }
  });
}

describeSchema('observation', samples.observations, [
  ['/form', 'secret'],
  ['/serial', 5],
  ['/serial', '05'],
  ['/lineage', undefined],
  ['/raw', {}],
  ['/commitment', 'short'],
  ['/instances/0/address', ''],
  ['/instances/0/body/attributes', []],
  ['/instances/0/body/hidden/0/path', 'no-slash'],
  ['/instances/0/body/hidden/0/by', 'nobody'],
  ['/instances/0/body/hidden/0/value', 'clear'],
  ['/outputs/0/value', undefined],
]);

describeSchema('record', samples.records, [
  ['/specversion', '0.3'],
  ['/type', 'com.example.changed'],
  ['/id', '01970000-0000-4000-8000-000000000000'],
  ['/time', '2026-01-01 00:00:00'],
  ['/extra', 1],
  ['/data/vantage', undefined],
  ['/data/extra', 1],
  ['/data/kind', 'magic'],
  ['/data/version/serial', 5],
  ['/data/counts/create', -1],
  ['/data/counts/create', undefined],
  ['/data/actions/0/actions/0', 'explode'],
  ['/data/recovered', 'plan'],
]);

describeSchema('manifest', samples.manifests, [
  ['/origin', 'has space'],
  ['/origin', 'a+b'],
  ['/size', 0],
  ['/root', 'AAAA'],
  ['/batch/sha256', 'AB'.repeat(32)],
  ['/batch/extra', 1],
  ['/leaves', []],
  ['/kept/0/line', ''],
  ['/blobs/0/storedBytes', 1.5],
]);

describeSchema(
  'config',
  [...samples.configs.map((text) => (parse(text) ?? {}) as object)],
  [
    ['/root', []],
    ['/roots/0/path', undefined],
    ['/roots/0/path', ''],
    ['/roots/0/label', 'a/b'],
    ['/roots/0/recursive', true],
    ['/ignore/0', ''],
    ['/names/a', 'has space'],
    ['/redaction/values', 'all'],
    ['/redaction/extra', 1],
    ['/seal/maxAgeSeconds', 0],
    ['/seal/maxRecords', 1.5],
    ['/archive/mode', 'compliance'],
    ['/archive/contentDays', 0],
    ['/archive/secretAccessKey', 'x'],
    ['/archive/endpoint', 'https://user:word@s3.example.org'],
    ['/http/host', '0.0.0.0'],
    ['/http/port', 65536],
    ['/log/name', 'a b'],
    ['/log/name', 'a+b'],
    ['/maxFileBytes', 0],
    ['/heartbeatSeconds', 1],
  ],
);

describe('record.schema.json and unknown types', () => {
  it('lets them pass with any data', () => {
    const validate = compile('record');
    const [first] = samples.records;
    const unknown = { ...first, type: 'io.stateseal.future.invented', data: { anything: [1] } };
    expect(validate(unknown), JSON.stringify(validate.errors)).to.equal(true);
  });

  it('asks the common members of every type it knows', () => {
    const validate = compile('record');
    const [first] = samples.records;
    expect(validate({ ...first, type: 'io.stateseal.log.heartbeat', data: {} })).to.equal(false);
    expect(validate({ ...first, type: 'io.stateseal.state.changed', data: {} })).to.equal(false);
  });
});

describe('config.schema.json and editors', () => {
  it('describes every setting', () => {
    const schema = compile('config').schema as Setting;
    expect(undescribed(schema, 'config')).to.deep.equal([]);
  });
});

interface Setting {
  readonly title?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Setting>>;
  readonly $defs?: Readonly<Record<string, Setting>>;
}

function undescribed(setting: Setting, path: string): string[] {
  const own = (setting.description ?? setting.title) === undefined && !path.endsWith('.Days') ? [path] : [];
  const inner = Object.entries({ ...setting.properties, ...setting.$defs });
  return [...own, ...inner.flatMap(([name, value]) => undescribed(value, `${path}.${name}`))];
}

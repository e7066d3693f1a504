// Shapes only an enemy or an accident writes: refused, with the place and never a value.
import { expect } from 'chai';
import fc from 'fast-check';
import { ParseError } from '../../daemon/errors.ts';
import { parseState } from '../../daemon/terraform/state-parse.ts';
import {
  encode,
  failureOf,
  failureOfInstance,
  INSTANCE,
  instanceOf,
  readFixture,
  resourceWith,
  stateWith,
  withSerial,
  type LooseState,
} from './fixtures.ts';

const failureOfState = (members: LooseState): ParseError => failureOf(() => parseState(encode(stateWith(members))));

describe('parseState, what it refuses', () => {
  for (const serial of [
    '-1',
    '1.5',
    '1.0',
    '-0',
    '1e3',
    '18446744073709551616',
    '100000000000000000000',
    '1e999999999',
    '"1"',
    'null',
    '[1]',
  ]) {
    it(`refuses serial ${serial}`, () => {
      expect(failureOf(() => parseState(withSerial(serial))))
        .to.include({ code: 'state-malformed' })
        .with.property('message')
        .that.includes('/serial');
    });
  }

  it('refuses other versions by name', () => {
    for (const version of [1, 2, 3, 5, 1000]) {
      expect(failureOfState({ version }).code).to.equal('state-version-unsupported');
    }
    for (const version of [0, -4, 4.5, '4', null, undefined, [4]]) {
      expect(failureOfState({ version })).to.include({ code: 'state-malformed' });
    }
  });

  for (const root of ['[]', 'null', '4', '"x"', 'true', '{}', '[{"version":4}]']) {
    it(`refuses the root ${root}`, () => {
      expect(failureOf(() => parseState(encode(root))).code).to.equal('state-malformed');
    });
  }

  it('refuses a state without resources: absence is not "none"', () => {
    for (const resources of [undefined, null, {}, 'x']) {
      expect(failureOfState({ resources }).message).to.match(/^expected an array, got .* at \/resources$/);
    }
  });

  const WRONG: readonly (readonly [LooseState, string])[] = [
    [{ outputs: [] }, '/outputs'],
    [{ outputs: { o: [] } }, '/outputs/o'],
    [{ outputs: { o: { value: 1, sensitive: 'true' } } }, '/outputs/o/sensitive'],
    // What is no identifier may be anything, a secret too.
    [{ outputs: { 'a/b~': 1 } }, '/outputs'],
    [{ resources: [[]] }, '/resources/0'],
    [{ resources: [resourceWith({ instances: {} })] }, '/resources/0/instances'],
    [{ resources: [resourceWith({ instances: null })] }, '/resources/0/instances'],
    [{ resources: [resourceWith({ mode: 'ephemeral' })] }, '/resources/0/mode'],
    [{ resources: [resourceWith({ type: 7 })] }, '/resources/0/type'],
    [{ resources: [resourceWith({ provider: null })] }, '/resources/0/instances/0/provider'],
    [{ resources: [resourceWith({ module: 'module.' })] }, '/resources/0/module'],
    [{ resources: [resourceWith({}, [1])] }, '/resources/0/instances/0'],
    [{ check_results: {} }, '/check_results'],
    [{ lineage: 1 }, '/lineage'],
    [{ lineage: 'a\nb' }, '/lineage'],
    [{ terraform_version: {} }, '/terraform_version'],
  ];
  for (const [members, pointer] of WRONG) {
    it(`refuses a wrong shape at ${pointer}: ${JSON.stringify(members).slice(0, 60)}`, () => {
      const error = failureOfState(members);
      expect(error.code).to.equal('state-malformed');
      expect(error.message.endsWith(` at ${pointer}`), error.message).to.equal(true);
    });
  }

  const WRONG_INSTANCE: readonly LooseState[] = [
    { attributes: [] },
    { attributes: 'x' },
    { attributes: undefined, attributes_flat: [] },
    { index_key: 1.5 },
    { index_key: -1 },
    { index_key: true },
    { index_key: {} },
    { index_key: 2 ** 53 },
    { index_key: 'k'.repeat(16_385) },
    { deposed: 'x' },
    { deposed: 1 },
    { status: 'broken' },
    { schema_version: -1 },
    { schema_version: '1' },
    { private: {} },
    { dependencies: [1] },
    { dependencies: {} },
    { create_before_destroy: 1 },
    { sensitive_attributes: {} },
    { sensitive_attributes: ['x'] },
    { sensitive_attributes: [[1]] },
    { sensitive_attributes: [[{ type: 'get_attr', value: 1 }]] },
    { sensitive_attributes: [[{ value: 'x' }]] },
    {
      sensitive_attributes: [
        [
          { type: 'get_attr', value: 'a' },
          { type: 'index', value: 1 },
        ],
      ],
    },
    { provider: 'a\u0000' },
  ];
  for (const members of WRONG_INSTANCE) {
    it(`refuses an instance with ${JSON.stringify(members).slice(0, 60)}`, () => {
      expect(failureOfInstance(members)).to.include({ code: 'state-malformed' });
    });
  }

  it('refuses names that could pass one address off as another', () => {
    const NAMES = ['', 'a.b', 'a b', 'a[0]', 'a"', 'a\n', '\u0000', '\u202ea', 'a\u200b', 'x'.repeat(1025), '\ud800'];
    for (const name of NAMES) {
      expect(failureOfInstance({}, { name }).code, name.slice(0, 9)).to.equal('state-malformed');
      expect(failureOfInstance({}, { type: name }).code).to.equal('state-malformed');
      expect(failureOfInstance({}, { module: `module.${name}.x` }).code).to.equal('state-malformed');
    }
    expect(failureOfInstance({}, { type: 'module' }).code).to.equal('state-malformed');
    expect(instanceOf({}, { name: 'module' }).address).to.equal('aws_x.module');
    expect(failureOfInstance({}, { module: 'module.m["'.concat('k'.repeat(16_400), '"]') }).code).to.equal(
      'state-malformed',
    );
    expect(failureOfInstance({}, { module: 'module.m["a\n"]' }).code).to.equal('state-malformed');
  });

  it('refuses the same instance twice', () => {
    const twice = [resourceWith({}), resourceWith({})];
    expect(failureOfState({ resources: twice }).message).to.equal(
      'expected every instance once, got one twice at /resources',
    );
    const deposed = { ...INSTANCE, deposed: '0a0b0c0d' };
    expect(failureOfState({ resources: [resourceWith({}, [deposed, INSTANCE, deposed])] }).code).to.equal(
      'state-malformed',
    );
  });

  it('passes on what is wrong with the JSON', () => {
    const CODES: readonly (readonly [Buffer, string])[] = [
      [Buffer.from([0x7b, 0xff, 0x7d]), 'json-utf8'],
      [encode('\ufeff{}'), 'json-bom'],
      [encode('{"version":4,"version":4}'), 'json-duplicate-key'],
      [encode('{"a":'.repeat(100_000)), 'json-depth'],
      [encode(' \n'), 'json-syntax'],
    ];
    for (const [bytes, code] of CODES) expect(failureOf(() => parseState(bytes)).code).to.equal(code);
  });

  it('refuses a broken encrypted envelope', () => {
    const envelope = { serial: 1, lineage: 'l', encrypted_data: 'AA', encryption_version: 'v0' };
    for (const broken of [
      { serial: -1 },
      { lineage: null },
      { encrypted_data: 1 },
      { encryption_version: 0 },
      { encrypted_data: null },
    ]) {
      expect(failureOf(() => parseState(encode({ ...envelope, ...broken }))).code).to.equal('state-malformed');
    }
    expect(failureOf(() => parseState(encode({ ...envelope, version: 4 }))).message).to.include('/resources');
  });

  it('escapes and caps the pointer in a message', () => {
    const error = failureOfState({ outputs: { ['\u001b[31m\n'.repeat(100)]: { sensitive: 1 } } });
    expect(error.message).to.match(/^[ -~…]+$/);
    const long = failureOfState({ outputs: { ['x'.repeat(1000)]: { sensitive: 1 } } });
    expect(long.message.length).to.be.below(260);
  });

  it('never fails with anything but a ParseError, and never shows a value', () => {
    const text = readFixture('states/create-after.tfstate')
      .toString()
      .replaceAll(/"(?:id|name|secret|token)": "[^"]*"/g, '"id$&": "CANARY"');
    const mutation = fc.tuple(
      fc.nat(text.length),
      fc.nat(40),
      fc.constantFrom('', '"', '{', '[]', 'null', '1', '\\', ',', '-', '\u0000'),
    );
    fc.assert(
      fc.property(mutation, ([at, length, insert]) => {
        try {
          parseState(encode(text.slice(0, at) + insert + text.slice(at + length)));
        } catch (error) {
          expect(error).to.be.instanceOf(ParseError);
          expect(`${(error as Error).stack ?? ''}`).to.not.include('CANARY');
        }
      }),
      { numRuns: 500 },
    );
  });
});

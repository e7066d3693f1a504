// Shapes Terraform may write, old and new.
import { expect } from 'chai';
import { formatJson } from '../../daemon/json/format.ts';
import {
  encode,
  failureOfInstance,
  INSTANCE,
  instanceOf,
  openState,
  readFixture,
  resourceWith,
  stateWith,
  withSerial,
} from './fixtures.ts';

describe('parseState, what Terraform may write', () => {
  it('keeps key 0 and key "" apart from no key', () => {
    expect(instanceOf({ index_key: 0 })).to.include({ address: 'aws_x.y[0]', indexKey: 0 });
    expect(instanceOf({ index_key: '' })).to.include({ address: 'aws_x.y[""]', indexKey: '' });
    expect(instanceOf({})).to.include({ address: 'aws_x.y', indexKey: undefined });
    expect(instanceOf({ index_key: null }).indexKey).to.equal(undefined);
  });

  it('puts deposed objects behind the current one of their address', () => {
    const instances = [
      { ...INSTANCE, deposed: 'ffff0000' },
      { ...INSTANCE, deposed: '0a0b0c0d' },
      INSTANCE,
      { ...INSTANCE, index_key: 1 },
    ];
    const state = openState(encode(stateWith({ resources: [resourceWith({}, instances)] })));
    expect(state.instances.map(({ address, deposed }) => [address, deposed])).to.deep.equal([
      ['aws_x.y', undefined],
      ['aws_x.y', '0a0b0c0d'],
      ['aws_x.y', 'ffff0000'],
      ['aws_x.y[1]', undefined],
    ]);
  });

  it('reads flat attributes of old states, with their marks', () => {
    const instance = instanceOf({
      attributes: undefined,
      attributes_flat: { id: 'x', 'tags.%': '1', 'tags.Name': 'n', tagsx: 'y' },
      sensitive_attributes: [
        [
          { type: 'get_attr', value: 'tags' },
          { type: 'index', value: { value: 'Name', type: 'string' } },
        ],
      ],
    });
    expect(instance.attributes).to.deep.equal({ id: 'x', 'tags.%': '1', 'tags.Name': 'n', tagsx: 'y' });
    expect(instance.sensitivePaths).to.deep.equal([['tags.%'], ['tags.Name']]);
    expect(failureOfInstance({ attributes: null, attributes_flat: { a: 1 } }).message).to.equal(
      'expected a string, got a number at /resources/0/instances/0/attributes_flat',
    );
  });

  it('ignores `each`, keeps what it does not know', () => {
    const bytes = encode(
      stateWith({
        extra: [1],
        resources: [resourceWith({ each: 'map', odd: 2 }, [{ ...INSTANCE, new: null, depends_on: ['a'] }])],
      }),
    );
    const state = openState(bytes);
    expect(state.unknown).to.deep.equal({ extra: [1] });
    expect(state.instances[0]?.unknown).to.deep.equal({ 'resource.odd': 2, new: null, depends_on: ['a'] });
  });

  it('keeps unknown members named __proto__ as members', () => {
    const bytes = encode(
      '{"version":4,"serial":1,"lineage":"l","resources":[],"__proto__":{"kind":"x"},"outputs":{"__proto__":{"value":1,"__proto__":2}}}',
    );
    const state = openState(bytes);
    expect(formatJson(state.unknown)).to.equal('{"__proto__":{"kind":"x"},"outputs":{"__proto__":{"__proto__":2}}}');
    expect(state.outputs[0]).to.deep.equal({ name: '__proto__', value: 1, type: null, sensitive: false });
  });

  it('reads the defaults of what is absent', () => {
    expect(
      instanceOf({
        attributes: null,
        sensitive_attributes: null,
        dependencies: null,
        private: null,
        deposed: '',
        status: '',
      }),
    ).to.deep.equal({
      address: 'aws_x.y',
      module: '',
      mode: 'managed',
      type: 'aws_x',
      name: 'y',
      indexKey: undefined,
      deposed: undefined,
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      tainted: false,
      createBeforeDestroy: false,
      schemaVersion: '0',
      dependencies: [],
      attributes: {},
      sensitivePaths: [],
      private: undefined,
      identity: undefined,
      unknown: {},
    });
    expect(openState(withSerial('0'))).to.deep.include({ toolVersion: '', outputs: [], checkResults: [] });
  });

  it('accepts CRLF, any layout, an empty lineage and lone surrogates', () => {
    const crlf = readFixture('states/rich-1.tfstate').toString().replaceAll('\n', '\r\n');
    expect(openState(encode(crlf))).to.deep.equal(openState(readFixture('states/rich-1.tfstate')));
    expect(openState(encode(stateWith({ lineage: '' }))).lineage).to.equal('');
    const odd = instanceOf({ index_key: '\ud800', attributes: { a: '\udc00', '\ud83d': 1 } });
    expect(odd.address).to.equal('aws_x.y["\\ud800"]');
    expect(formatJson(odd.attributes)).to.equal('{"a":"\\udc00","\\ud83d":1}');
  });

  it('keeps every digit of attributes and of a 64-bit serial', () => {
    for (const serial of ['0', '9007199254740993', '18446744073709551615'])
      expect(openState(withSerial(serial)).serial).to.equal(serial);
    const bytes = encode(stateWith({ resources: [resourceWith({})] }))
      .toString()
      .replace('"i-1"', '1e400');
    expect(formatJson(openState(encode(bytes)).instances[0]?.attributes ?? null)).to.equal('{"id":1e400}');
  });
});

// Every sample state of a real run, read whole, with the counts known from the file by other means.
import { expect } from 'chai';
import { parseState } from '../../daemon/terraform/state-parse.ts';
import { NumberText } from '../../daemon/json/value.ts';
import type { StateInstance, TerraformState } from '../../daemon/terraform/state.ts';
import { failureOf, listFixtures, openState, readFixture } from './fixtures.ts';

/** file: [instances, of these data, outputs, check results, serial] */
const STATES: Record<string, readonly [number, number, number, number, string]> = {
  'after-destroy': [0, 0, 0, 0, '30'],
  'after-move-forget-import': [3, 0, 1, 0, '9'],
  'aws-like-10': [10, 0, 1, 0, '4711'],
  'create-after': [3, 0, 1, 0, '4'],
  errored: [4, 0, 0, 0, '5'],
  'noop-after-serial-bumped': [1, 0, 1, 0, '70'],
  'noop-before': [1, 0, 1, 0, '69'],
  'rich-1': [14, 2, 4, 3, '14'],
  'rich-2-fail-armed': [14, 2, 4, 3, '19'],
  'synthetic-tf-1.12-identity': [3, 0, 1, 0, '4'],
  'tainted-by-provisioner': [3, 0, 1, 0, '26'],
};

function find(state: TerraformState, address: string): StateInstance {
  const found = state.instances.filter((instance) => instance.address === address);
  expect(found, address).to.have.length(1);
  return found[0] as StateInstance;
}

describe('sample states', () => {
  it('are all named here', () => {
    expect(listFixtures('states')).to.have.members(Object.keys(STATES).map((name) => `states/${name}.tfstate`));
  });

  for (const [name, counts] of Object.entries(STATES)) {
    it(`${name} parses whole`, () => {
      const state = openState(readFixture(`states/${name}.tfstate`));
      const dataCount = state.instances.filter((instance) => instance.mode === 'data').length;
      const actual = [state.instances.length, dataCount, state.outputs.length, state.checkResults.length, state.serial];
      expect(actual).to.deep.equal(counts);
      expect(state.unknown).to.deep.equal({});
      for (const instance of state.instances) expect(instance.unknown, instance.address).to.deep.equal({});
      const addresses = state.instances.map((instance) => instance.address);
      expect(addresses).to.deep.equal([...addresses].sort());
    });
  }

  it('are written one after another during an apply', () => {
    const files = [...listFixtures('sequences/long-apply')].sort();
    const serials = files.map((file) => openState(readFixture(file)).serial);
    expect(serials)
      .to.deep.equal([...serials].sort((a, b) => Number(a) - Number(b)))
      .and.have.length(12);
    for (const file of listFixtures('sequences/snaps-t3')) {
      if (!file.includes('lock.info')) expect(openState(readFixture(file)).kind).to.equal('state');
    }
  });

  it('carry marks at the place where the secret really is', () => {
    const state = openState(readFixture('states/rich-1.tfstate'));
    expect(find(state, 'fake_thing.secretful').sensitivePaths).to.deep.equal([
      ['auth', 'password'],
      ['dyn', 'value', 'b'],
      ['rule'],
      ['secret'],
      ['setting', 0, 'value'],
      ['setting', 1, 'value'],
      ['tags', 'fromvar'],
      ['token'],
      ['users', 'alice.b', 'password'],
      ['users', 'bob"q', 'password'],
    ]);
    expect(find(state, 'terraform_data.td').sensitivePaths).to.deep.equal([['input', 'value', 'pw']]);
  });

  it('carry addresses, keys, flags and exact numbers', () => {
    const state = openState(readFixture('states/rich-1.tfstate'));
    expect(find(state, 'fake_thing.each["$${x}"]').indexKey).to.equal('${x}');
    expect(find(state, 'fake_thing.each["b c/d.\\"e\\""]').indexKey).to.equal('b c/d."e"');
    expect(find(state, 'module.m["k.2"].module.inner[0].fake_thing.deep').module).to.equal(
      'module.m["k.2"].module.inner[0]',
    );
    const replaced = find(state, 'fake_thing.cbd');
    expect(replaced.createBeforeDestroy).to.equal(true);
    expect(replaced.dependencies).to.deep.equal(['ephemeral.fake_secret.pw', 'fake_thing.secretful']);
    expect(replaced.schemaVersion).to.equal('3');
    const number = state.outputs.find((output) => output.name === 'num');
    expect(number?.value).to.deep.equal(new NumberText('12345678901234567890.25'));
    expect(state.outputs.map((output) => output.sensitive)).to.deep.equal([false, false, false, true]);
  });

  it('know a tainted object and an identity', () => {
    const tainted = openState(readFixture('states/tainted-by-provisioner.tfstate'));
    expect(tainted.instances.filter((instance) => instance.tainted)).to.have.length(1);
    const identified = openState(readFixture('states/synthetic-tf-1.12-identity.tfstate'));
    expect(identified.instances.filter((instance) => instance.identity !== undefined)).to.not.be.empty;
  });

  it('differ by their marks only in order after an apply without changes', () => {
    const before = openState(readFixture('states/noop-before.tfstate'));
    const after = openState(readFixture('states/noop-after-serial-bumped.tfstate'));
    expect({ ...after, serial: before.serial }).to.deep.equal(before);
  });
});

describe('OpenTofu states', () => {
  it('name the provider per instance', () => {
    const state = openState(readFixture('opentofu-synthetic/provider-for-each.tfstate'));
    expect(state.instances.map(({ address, provider }) => [address, provider])).to.deep.equal([
      ['fake_thing.a', 'provider["registry.opentofu.org/example/fake"]'],
      ['fake_thing.b[0]', 'provider["registry.opentofu.org/example/fake"].by_region["r0"]'],
      ['fake_thing.b[1]', 'provider["registry.opentofu.org/example/fake"].by_region["r1"]'],
    ]);
    expect(state.unknown).to.deep.equal({ outputs: { o: { deprecated: 'use o2' } } });
    expect(state.instances[0]?.unknown).to.deep.equal({ skip_destroy: true });
  });

  it('show only serial and lineage when encrypted', () => {
    expect(parseState(readFixture('opentofu-synthetic/encrypted.tfstate'))).to.deep.equal({
      kind: 'encrypted',
      serial: '4',
      lineage: '23f7fa40-882c-18ca-30b6-8198471914c1',
      encryptionVersion: 'v0',
    });
  });
});

describe('torn files and files that are no state', () => {
  const CODES: Record<string, string> = {
    'torn/empty.tfstate': 'state-empty',
    'torn/errored.tfstate': 'state-empty',
    'torn/truncated.tfstate': 'json-syntax',
    'torn/enospc-partial.tfstate': 'json-syntax',
    'backendconfig/http.terraform.tfstate': 'state-version-unsupported',
    'backendconfig/local.terraform.tfstate': 'state-version-unsupported',
    'backendconfig/s3.terraform.tfstate': 'state-version-unsupported',
    'opentofu-synthetic/encrypted.tfplan': 'state-malformed',
    'plans/aws-create.tfplan': 'json-utf8',
    'plans/aws-create.show.json': 'state-malformed',
  };
  for (const [file, code] of Object.entries(CODES)) {
    it(`${file} is ${code}`, () => {
      expect(failureOf(() => parseState(readFixture(file))).code).to.equal(code);
    });
  }

  it('the backup beside a torn state is whole', () => {
    const state = openState(readFixture('torn/enospc-partial.tfstate.backup'));
    expect([state.instances.length, state.serial]).to.deep.equal([4, '9']);
    expect(listFixtures('torn')).to.have.length(5);
  });

  it('a lock file is no state', () => {
    for (const file of listFixtures('lockinfo')) {
      expect(failureOf(() => parseState(readFixture(file))).code).to.equal('state-malformed');
    }
  });

  it('no truncation of a small state is ever a state', () => {
    const bytes = readFixture('states/create-after.tfstate');
    const closing = bytes.lastIndexOf('}');
    for (let end = 0; end <= closing; end += 1) failureOf(() => parseState(bytes.subarray(0, end)));
    expect(openState(bytes.subarray(0, closing + 1)).serial).to.equal('4');
  });
});

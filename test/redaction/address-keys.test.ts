// Secrets among index keys: replaced in addresses and providers, and nothing else of those is touched.
import { expect } from 'chai';
import { instance, observe, stateOf } from './support.ts';

describe('redaction/address-keys', () => {
  it('replaces a secret index key in every address, alike in one state and otherwise in another', () => {
    const secret = 'hunter22-zebra"}';
    const key = '["hunter22-zebra\\"}"]';
    const instances = [
      instance({ x: secret }, { address: 'fake_thing.a', sensitivePaths: [['x']] }),
      instance({}, { address: `fake_thing.each${key}` }),
      instance(
        {},
        {
          address: `module.m${key}.module.n[0].fake_thing.b["open"]`,
          provider: `provider["registry.opentofu.org/x/y"].alias${key}`,
        },
      ),
    ];
    const [one, two] = ['state-1', 'state-2'].map((stateId) => observe(stateOf(instances), { stateId }).observed);
    const addresses = one?.instances.map(({ address }) => address) ?? [];
    const shown = /\["(\(hidden-[\w-]{8}\))"\]/.exec(addresses[1] ?? '')?.[1] ?? 'none';
    expect(addresses).to.deep.equal([
      'fake_thing.a',
      `fake_thing.each["${shown}"]`,
      `module.m["${shown}"].module.n[0].fake_thing.b["open"]`,
    ]);
    expect(one?.instances[2]?.body?.provider).to.equal(`provider["registry.opentofu.org/x/y"].alias["${shown}"]`);
    expect(JSON.stringify(two)).to.not.include(shown);
    expect(JSON.stringify([one, two])).to.not.include('hunter22');
  });

  it('drops what Terraform would not write in the text of a provider', () => {
    const state = stateOf([
      instance({}, { provider: 'provider["a/b"].x["open' }),
      instance({}, { address: 'b.b', provider: 'odd' }),
    ]);
    expect(observe(state).observed.instances.map(({ body }) => body?.provider)).to.deep.equal([
      'odd',
      'provider["a/b"]',
    ]);
  });
});

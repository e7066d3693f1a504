// Whole states: no marker of the fixtures survives, what is known is skipped, and what a mark once covered stays hidden.
import { expect } from 'chai';
import type { Json } from '../../daemon/json/value.ts';
import type { InstanceBody } from '../../daemon/record/observation.ts';
import { commitmentOf, fileCommitment, stateKey } from '../../daemon/redaction/keys.ts';
import { observeEncrypted } from '../../daemon/redaction/state.ts';
import { parseState } from '../../daemon/terraform/state-parse.ts';
import type { TerraformState } from '../../daemon/terraform/state.ts';
import {
  fixtureBytes,
  fixtureStates,
  instance,
  keys,
  newTaint,
  observe,
  openPolicy,
  stateOf,
  textsOf,
} from './support.ts';

const MARKERS = [
  ...['VAR-SENSITIVE-PW', 'SCHEMA-SENSITIVE', 'ENV-SENSITIVE', 'NESTED-ATTR-PW', 'SETBLOCK-PW', 'LISTBLOCK-PW', 'tok-'],
  ...['MAPNESTED-PW1', 'MAPNESTED-PW2', 'data-secret', 'SENSVAL', 'GENERATED-SECRET-', '"bar-secret', 'eyJlMmJmYjczMC'],
];

function rawTagsOf(result: ReturnType<typeof observe>): Map<string, string> {
  return new Map(result.observed.instances.map(({ address, deposed, rawTag }) => [`${address}\0${deposed}`, rawTag]));
}

function bodyOf(result: ReturnType<typeof observe>, index = 0): InstanceBody {
  const body = result.observed.instances[index]?.body;
  if (body === undefined) throw new Error('expected a body, got none');
  return body;
}

describe('redaction/state', () => {
  for (const [name, { state, bytes }] of fixtureStates()) {
    for (const policy of [undefined, openPolicy]) {
      it(`lets no marker of ${name} through (${policy?.values ?? 'allow-list'})`, () => {
        const result = observe(state, { rawBytes: bytes, ...(policy ? { policy } : {}) });
        const text = JSON.stringify([result.observed, result.learned]);
        for (const marker of MARKERS) expect(text.includes(marker), marker).to.equal(false);
        expect(result.observed.instances).to.have.length(
          state.instances.filter(({ mode }) => mode === 'managed').length,
        );
      });
    }
  }

  it('would find the markers in the raw states', () => {
    const raw = [...fixtureStates().values()].map(({ bytes }) => Buffer.from(bytes).toString()).join('');
    for (const marker of MARKERS.slice(0, 10))
      expect(raw.includes(marker) || marker === 'ENV-SENSITIVE', marker).to.equal(true);
  });

  it('hides in one instance what is marked in a later one, in a data source, a deposed object, an output or private data', () => {
    const secret = 'hunter22-zebra';
    const copy = instance({ name: `copy of ${secret}` });
    const sources: readonly TerraformState[] = [
      stateOf([copy, instance({ x: secret }, { address: 'fake_thing.z', sensitivePaths: [['x']] })]),
      stateOf([copy, instance({ x: secret }, { mode: 'data', address: 'data.fake.z', sensitivePaths: [['x']] })]),
      stateOf([copy, instance({ x: secret }, { deposed: '00000001', sensitivePaths: [['x']] })]),
      stateOf([copy, instance({ api_token: secret }, { address: 'fake_thing.z' })]),
      stateOf([copy, instance({ result: secret }, { address: 'random_password.z', type: 'random_password' })]),
      stateOf([copy], { outputs: [{ name: 'o', value: { a: [secret] }, type: 'dynamic', sensitive: true }] }),
      stateOf([
        copy,
        instance(
          {},
          { address: 'fake_thing.z', private: Buffer.from(JSON.stringify({ secret_in: secret })).toString('base64') },
        ),
      ]),
    ];
    for (const state of sources) {
      const result = observe(state);
      expect(JSON.stringify(result.observed)).to.not.include(secret);
      expect(bodyOf(result).hidden.map(({ path, by }) => `${by} ${path}`)).to.deep.equal(['taint /name']);
    }
  });

  it('remembers across states what was secret in one', () => {
    const taint = newTaint();
    observe(stateOf([instance({ x: 'hunter22-zebra' }, { sensitivePaths: [['x']] })]), { taint });
    const other = observe(stateOf([instance({ name: 'hunter22-zebra' })]), { taint, stateId: 'state-2' });
    expect(bodyOf(other).attributes).to.deep.equal({ name: null });
    expect(other.learned).to.deep.equal([]);
  });

  it('learns ordinary words only where they are marked by themselves', () => {
    const marked = observe(stateOf([instance({ x: 'production', name: 'production' }, { sensitivePaths: [['x']] })]));
    expect(bodyOf(marked).attributes).to.deep.equal({ x: null, name: null });
    const inside = observe(
      stateOf([instance({ x: { env: 'production' }, name: 'production' }, { sensitivePaths: [['x']] })]),
    );
    expect(bodyOf(inside).attributes).to.deep.equal({ x: null, name: 'production' });
    const byKey = observe(stateOf([instance({ auth: 'required', mode: 'required' })]));
    expect(bodyOf(byKey).attributes).to.deep.equal({ auth: null, mode: 'required' });
  });

  it('keeps hidden what was marked before, whatever it is', () => {
    const before = observe(
      stateOf([instance({ pin: 4711, name: 'x7', on: true }, { sensitivePaths: [['pin'], ['name'], ['on']] })]),
    );
    const body = bodyOf(before);
    const after = observe(stateOf([instance({ pin: 4712, name: 'x7', on: true })]), { bodyBefore: () => body });
    expect(bodyOf(after).attributes).to.deep.equal({ pin: null, name: null, on: null });
    expect(
      bodyOf(after)
        .hidden.map(({ tag }) => tag)
        .slice(1),
    ).to.deep.equal(body.hidden.map(({ tag }) => tag).slice(1));
    const outputs = [{ name: 'n', value: 77, type: 'number', sensitive: false }];
    const output = observe(stateOf([], { outputs }), {
      outputBefore: () => ({ hidden: [{ path: '', by: 'mark', tag: '', kid: '', commitment: '' }] }),
    });
    expect(output.observed.outputs[0]).to.include({ value: null, sensitive: false });
  });

  it('gives no body for what is known, until knowledge changes', () => {
    const { state, bytes } = fixtureStates().get('states/rich-1.tfstate') ?? {};
    if (!state || !bytes) throw new Error('expected the fixture, got none');
    const taint = newTaint();
    const first = observe(state, { taint, rawBytes: bytes });
    const known = rawTagsOf(first);
    const size = taint.size;
    const again = observe(state, { taint, known, isKnowledgeCurrent: () => taint.size === size });
    expect(again.observed.instances.map(({ body }) => body)).to.deep.equal(
      known.size === 0 ? [] : Array(known.size).fill(undefined),
    );
    expect(again.observed.contentTag).to.equal(first.observed.contentTag);
    expect(again.learned).to.deep.equal([]);
    const stale = observe(state, { taint, known, isKnowledgeCurrent: () => false });
    expect(stale.observed.instances).to.deep.equal(first.observed.instances);
  });

  it('looks again only at what newly learned secrets touch', () => {
    const secret = 'hunter22-zebra';
    const open = instance({ name: secret });
    const other = instance({ name: 'other' }, { address: 'fake_thing.b' });
    const taint = newTaint();
    const known = rawTagsOf(observe(stateOf([open, other]), { taint }));
    const size = taint.size;
    const added = instance({ x: secret }, { address: 'fake_thing.c', sensitivePaths: [['x']] });
    const result = observe(stateOf([open, other, added]), {
      taint,
      known,
      isKnowledgeCurrent: () => taint.size === size,
    });
    expect(result.observed.instances.map(({ body }) => body?.attributes)).to.deep.equal([
      { name: null },
      undefined,
      { x: null },
    ]);
  });

  it('has one content tag for one meaning', () => {
    const [before, after] = ['noop-before', 'noop-after-serial-bumped'].map((name) =>
      fixtureStates().get(`states/${name}.tfstate`),
    );
    if (!before || !after) throw new Error('expected the fixtures, got none');
    const [left, right] = [observe(before.state), observe(after.state)];
    expect(left.observed.serial).to.not.equal(right.observed.serial);
    expect(left.observed.contentTag).to.equal(right.observed.contentTag);
    expect(rawTagsOf(left)).to.deep.equal(rawTagsOf(right));
    const base = stateOf([instance({ a: 1 })]);
    const tag = observe(base).observed.contentTag;
    const others: TerraformState[] = [
      stateOf([instance({ a: 2 })]),
      stateOf([instance({ a: 1 }, { tainted: true })]),
      stateOf([instance({ a: 1 }, { provider: 'p' })]),
      stateOf([instance({ a: 1 }, { deposed: '00000001' })]),
      stateOf([instance({ a: 1 }, { address: 'fake_thing.b' })]),
      stateOf([instance({ a: 1 })], { outputs: [{ name: 'o', value: 1, type: 'number', sensitive: false }] }),
      stateOf([]),
    ];
    for (const other of others) expect(observe(other).observed.contentTag).to.not.equal(tag);
    const same = stateOf([instance({ a: 1 }, { sensitivePaths: [['a']], schemaVersion: '9', dependencies: ['x.y'] })], {
      serial: '9',
      toolVersion: '2',
    });
    expect(observe(same).observed.contentTag).to.equal(tag);
    const data = stateOf([instance({ a: 1 }), instance({ b: 1 }, { mode: 'data', address: 'data.x.y' })]);
    expect(observe(data).observed.contentTag).to.equal(tag);
  });

  it('has another raw tag for whatever reaches a body or teaches the taint', () => {
    const tagOf = (more: Parameters<typeof instance>[1]): string | undefined =>
      observe(stateOf([instance({ a: 'x' }, more)])).observed.instances[0]?.rawTag;
    const tags = [
      {},
      { sensitivePaths: [['a']] },
      { tainted: true },
      { createBeforeDestroy: true },
      { provider: 'p' },
      { private: 'eyJ9' },
      { type: 't' },
    ];
    expect(new Set(tags.map(tagOf)).size).to.equal(tags.length);
    expect(tagOf({ sensitivePaths: [['b'], ['a']] })).to.equal(tagOf({ sensitivePaths: [['a'], ['b']] }));
    expect(tagOf({ sensitivePaths: [['b']] })).to.not.equal(tagOf({ sensitivePaths: [['a']] }));
    expect(tagOf({ schemaVersion: '7', dependencies: ['a.b'], identity: { id: 1 } })).to.equal(tagOf({}));
  });

  it('finds moves and replacements by tags that do not depend on address or state', () => {
    const one = bodyOf(observe(stateOf([instance({ id: 'i-1', a: 1 })])));
    const two = bodyOf(
      observe(stateOf([instance({ id: 'i-1', a: 1 }, { address: 'fake_thing.moved' })]), { stateId: 'state-2' }),
    );
    expect(two.contentTag).to.equal(one.contentTag);
    expect(two.idTag).to.equal(one.idTag).and.to.not.equal('');
    expect(bodyOf(observe(stateOf([instance({ a: 1, id: null })]))).idTag).to.equal('');
  });

  it('commits to values so that equality across states does not show', () => {
    const state = stateOf([instance({ password: 'hunter22-zebra' })]);
    const [one, two] = ['state-1', 'state-2'].map((stateId) => bodyOf(observe(state, { stateId })).hidden[0]);
    expect(one?.tag).to.equal(two?.tag);
    expect(one?.commitment).to.not.equal(two?.commitment);
    const key = stateKey(keys.epoch.key, 'state-1');
    expect(one?.commitment).to.equal(commitmentOf(key, 'fake_thing.a', '/password', 'hunter22-zebra'));
    const output = observe(stateOf([], { outputs: [{ name: 'o', value: 's', type: 'string', sensitive: true }] }))
      .observed.outputs[0];
    expect(output?.hidden[0]?.commitment).to.equal(commitmentOf(key, 'output.o', '', 's'));
  });

  it('hides every attribute under the empty path, and the whole attribute under one that leads nowhere', () => {
    const all = bodyOf(observe(stateOf([instance({ a: 1, name: 'x', n: null }, { sensitivePaths: [[]] })])));
    expect(all.attributes).to.deep.equal({ a: null, name: null, n: null });
    const lost = bodyOf(observe(stateOf([instance({ m: { name: 'x' } }, { sensitivePaths: [['m', 'gone']] })])));
    expect(lost.attributes).to.deep.equal({ m: null });
  });

  it('never shows private data, identity, checks or members it does not know', () => {
    const hostile = {
      private: Buffer.from('{"a":"ONLY-HERE-1"}').toString('base64'),
      identity: { a: 'ONLY-HERE-2' },
      unknown: { a: 'ONLY-HERE-3' },
    };
    const state = stateOf([instance({ a: 1 }, hostile)], {
      checkResults: ['ONLY-HERE-4'],
      unknown: { a: 'ONLY-HERE-5' },
    });
    expect(textsOf(observe(state, { policy: openPolicy }).observed as unknown as Json).join()).to.not.include(
      'ONLY-HERE',
    );
  });

  it('tells versions of an encrypted state apart, and commits to its bytes', () => {
    const bytes = fixtureBytes('opentofu-synthetic/encrypted.tfstate');
    const state = parseState(bytes);
    if (state.kind !== 'encrypted') throw new Error('expected an encrypted state, got another');
    const observed = observeEncrypted(state, bytes, { stateId: 'state-1', keys });
    expect(observed).to.include({ form: 'opaque', serial: state.serial, lineage: state.lineage, kid: 'e1' });
    expect(observed.commitment).to.equal(fileCommitment(stateKey(keys.epoch.key, 'state-1'), bytes));
    expect(observeEncrypted(state, bytes.subarray(1), { stateId: 'state-1', keys }).contentTag).to.not.equal(
      observed.contentTag,
    );
  });

  it('counts what it shows and hides', () => {
    const result = observe(
      stateOf([instance({ name: 'x', n: 1, password: 'p' })], {
        outputs: [{ name: 'o', value: 1, type: 'number', sensitive: true }],
      }),
    );
    expect(result).to.include({ shownCount: 2, hiddenCount: 2 });
  });
});

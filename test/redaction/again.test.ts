// The stored side of a diff, redacted again under what is known now.
import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import type { InstanceBody, ObservedOutput } from '../../daemon/record/observation.ts';
import { redactAgain, redactOutputAgain } from '../../daemon/redaction/again.ts';
import { findUncovered } from '../../daemon/redaction/assert-clean.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import type { SensitivePath } from '../../daemon/terraform/state.ts';
import { instance, keys, newTaint, observe, openPolicy, policy, stateOf } from './support.ts';

const context = {
  policy: openPolicy,
  taint: newTaint(),
  keys,
  stateId: 'state-1',
  address: 'fake_thing.a',
  other: undefined,
};

function bodyOf(attributes: JsonObject, sensitivePaths: readonly SensitivePath[] = []): InstanceBody {
  const result = observe(stateOf([instance(attributes, { sensitivePaths })]), { policy: openPolicy });
  const body = result.observed.instances[0]?.body;
  if (body === undefined) throw new Error('expected a body, got none');
  return body;
}

const byPath = (body: InstanceBody): InstanceBody['hidden'] =>
  [...body.hidden].sort((a, b) => (a.path < b.path ? -1 : 1));

describe('redaction/again', () => {
  it('gives the same object when nothing more is to be hidden', () => {
    const body = bodyOf({ a: 'x', password: 'p' });
    expect(redactAgain(body, { ...context, other: body })).to.equal(body);
  });

  it('hides what the other side hides, with the tags and commitments it would have had', () => {
    const attributes = { a: 'x', pin: 4711, on: true, list: [{ v: 'y' }], m: { k: 'z' } };
    const paths = [['a'], ['pin'], ['on'], ['list', 0, 'v'], ['m']];
    const after = bodyOf(attributes, paths);
    const again = redactAgain(bodyOf(attributes), { ...context, other: after });
    expect(again.attributes).to.deep.equal(after.attributes);
    expect(byPath(again)).to.deep.equal(byPath(after));
    expect(again.contentTag).to.equal(after.contentTag);
  });

  it('compares a container that was hidden in part with the same one hidden whole', () => {
    const attributes = { m: { password: 'p', open: 'x', deep: [{ token: 't', n: 1 }, 'y'] } };
    const after = bodyOf(attributes, [['m']]);
    const again = redactAgain(bodyOf(attributes), { ...context, other: after });
    expect(again.hidden.map(({ path, tag }) => [path, tag])).to.deep.equal(
      after.hidden.map(({ path, tag }) => [path, tag]),
    );
    const changed = redactAgain(bodyOf({ m: { ...attributes.m, password: 'q' } }), { ...context, other: after });
    expect(changed.hidden[0]?.tag).to.not.equal(after.hidden[0]?.tag);
  });

  it('hides what has become known as a secret since, in strings, numbers and keys', () => {
    const body = bodyOf({ a: 'is hunter22-zebra', n: 8371920466, m: { 'hunter22-zebra': 1 }, b: 'open' });
    const again = redactAgain(body, { ...context, taint: newTaint('hunter22-zebra', '8371920466') });
    expect(again.attributes).to.deep.equal({ a: null, n: null, m: null, b: 'open' });
    expect(JSON.stringify(again)).to.not.include('hunter22');
  });

  it('hides what a stricter policy hides, also of what is gone on the other side', () => {
    const body = bodyOf({ a: 'free text', name: 'x', count: 3 });
    expect(redactAgain(body, { ...context, policy }).attributes).to.deep.equal({ a: null, name: 'x', count: 3 });
    const none = createPolicy({ values: 'none', hide: [], show: [] });
    expect(redactAgain(body, { ...context, policy: none }).attributes).to.deep.equal({
      a: null,
      name: null,
      count: null,
    });
  });

  it('does the same for outputs', () => {
    const output: Omit<ObservedOutput, 'name'> = {
      sensitive: false,
      value: { a: ['hunter22-zebra', 'open'] },
      hidden: [],
    };
    const named = { policy: openPolicy, keys, stateId: 'state-1', name: 'o' };
    expect(redactOutputAgain(output, { ...named, taint: newTaint(), other: undefined })).to.equal(output);
    const tainted = redactOutputAgain(output, { ...named, taint: newTaint('hunter22-zebra'), other: undefined });
    expect(tainted).to.deep.include({ sensitive: false, value: { a: [null, 'open'] } });
    const outputs = [{ name: 'o', value: output.value, type: 'dynamic', sensitive: true }];
    const after = observe(stateOf([], { outputs }), { policy: openPolicy }).observed.outputs[0];
    const whole = redactOutputAgain(output, { ...named, taint: newTaint(), other: after });
    expect(whole.value).to.equal(null);
    expect(whole.hidden).to.deep.equal(after?.hidden);
    expect(redactOutputAgain(tainted, { ...named, taint: newTaint(), other: after }).hidden[0]?.tag).to.equal(
      after?.hidden[0]?.tag,
    );
  });
});

describe('redaction/assert-clean', () => {
  it('finds a covered secret in any string, key or long number', () => {
    const taint = newTaint('hunter22-zebra', '8371920466');
    for (const shown of ['x hunter22-zebra', { a: ['hunter22-zebra'] }, { 'hunter22-zebra': 1 }, [8371920466]]) {
      expect(findUncovered(['open', shown], taint)).to.equal(true);
    }
    expect(findUncovered(['open', { a: [1, null, 'b'] }], taint)).to.equal(false);
  });
});

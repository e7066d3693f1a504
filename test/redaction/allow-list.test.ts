// What a reader gets to see: at least nine in ten scalars of a real account, and nothing a shape does not vouch for.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Json } from '../../daemon/json/value.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { keyClass } from '../../daemon/redaction/key-classes.ts';
import { instanceMarks } from '../../daemon/redaction/known-marks.ts';
import { redactTree } from '../../daemon/redaction/redact.ts';
import { hasShape, isRandomLooking, isShownByShape } from '../../daemon/redaction/shapes.ts';
import { corpus } from './corpus.ts';
import { fixtureStates, newTaint, policy } from './support.ts';

function countScalars(value: Json): number {
  if (value === null || value === '') return 0;
  if (typeof value !== 'object') return 1;
  return Object.values(value).reduce<number>((sum, part) => sum + countScalars(part as Json), 0);
}

describe('redaction/allow-list', () => {
  it('keeps nine in ten scalars of a realistic account readable', () => {
    const taint = newTaint();
    let shown = 0;
    let all = 0;
    for (const [type, attributes] of corpus) {
      const redacted = redactTree(attributes, { policy, taint, schema: policy.schemaOf(type) });
      shown += redacted.shownCount;
      all += countScalars(attributes);
    }
    expect(corpus.size).to.be.greaterThan(39);
    expect(shown / all).to.be.greaterThan(0.95);
  });

  for (const name of ['states/aws-like-10.tfstate', 'states/rich-1.tfstate']) {
    it(`keeps nine in ten unmarked scalars of ${name} readable`, () => {
      const { state } = fixtureStates().get(name) ?? { state: undefined };
      let [shown, hidden] = [0, 0];
      for (const { attributes, type, mode, sensitivePaths } of state?.instances ?? []) {
        if (mode === 'data') continue;
        const marks = instanceMarks(attributes, sensitivePaths, undefined);
        const redacted = redactTree(attributes, { policy, taint: newTaint(), marks, schema: policy.schemaOf(type) });
        shown += redacted.shownCount;
        hidden += redacted.hidden.filter(({ by }) => by === 'default').length;
      }
      expect(shown).to.be.greaterThan(50);
      expect(shown / (shown + hidden)).to.be.greaterThan(0.9);
    });
  }

  it('hides random text under every listed key', () => {
    const key = fc.constantFrom(
      'name',
      'display_name',
      'type',
      'version',
      'endpoint',
      'url',
      'description',
      'path',
      'zone',
      'user_id',
    );
    const random = fc
      .uint8Array({ minLength: 30, maxLength: 60 })
      .map((bytes) => Buffer.from(bytes).toString('base64'));
    let shown = 0;
    fc.assert(
      fc.property(key, random, (name, value) => {
        fc.pre(/[A-Z]/.test(value) && /[a-z]/.test(value) && /[0-9]/.test(value));
        const bytes = new Set(Buffer.from(value, 'base64'));
        fc.pre(bytes.size > 24);
        if (redactTree({ [name]: value }, { policy, taint: newTaint() }).shownCount > 0) shown += 1;
      }),
      { numRuns: 500 },
    );
    expect(shown).to.be.lessThan(25);
  });

  it('hides what a shape does not vouch for', () => {
    const cases: readonly (readonly [string, Json])[] = [
      ['value', 'anything'],
      ['name', 'x8Kf2LmQ9vTzR4bN7wYpC1sJ6hGdE3aUo5iXqV0k'],
      ['name', '0123456789abcdef0123456789abcdef'],
      ['name', ' leading'],
      ['name', 'two  blanks'],
      ['name', 'tab\there'],
      ['name', 'line\nbreak'],
      ['name', 'x'.repeat(257)],
      ['id', 'a b'],
      ['id', 'ghp_' + 'a1B2'.repeat(9)],
      ['id', 'AKIA' + 'IOSFODNN7EXAMPLE'],
      ['description', 'the password is hunter22'],
      ['url', 'https://app:hunter22@example.com/'],
      ['url', 'https://example.com/?token=hunter22'],
      ['other', '0b1f6471-1bf0-4dda-aec3-cb9272f09590'],
      ['other', '0123456789abcdef'],
      ['other', 'eu-west-1-is-where'],
    ];
    for (const [key, value] of cases) {
      const { hidden } = redactTree({ [key]: value }, { policy, taint: newTaint() });
      expect(
        hidden.map(({ path }) => path),
        `${key}=${JSON.stringify(value)}`,
      ).to.deep.equal([`/${key}`]);
    }
  });

  it('shows public shapes under any key, and UUIDs and hex under id keys', () => {
    for (const text of [
      '10.0.0.0/16',
      '2a05:d018::/32',
      'arn:aws:s3:::bucket',
      '2024-05-01T10:00:00Z',
      'eu-west-1',
      'us-gov-east-1a',
    ]) {
      expect(isShownByShape(text), text).to.equal(true);
      expect(redactTree({ other: text }, { policy, taint: newTaint() }).shownCount).to.equal(1);
    }
    for (const text of ['0b1f6471-1bf0-4dda-aec3-cb9272f09590', '372e67954025e0ba6aaa6d586b9e0b59']) {
      expect(hasShape('id', text), text).to.equal(true);
    }
  });

  it('knows keys by their last words, in any case and number', () => {
    for (const key of ['vpc_id', 'vpcId', 'vpc_ids', 'VpcIDs', 'subnet-ids']) expect(keyClass(key), key).to.equal('id');
    for (const key of ['CostCenter', 'cost-center', 'cost_center']) expect(keyClass(key), key).to.equal('name');
    for (const key of ['value', 'content', 'result', 'output', 'x', '', '...']) {
      if (key !== 'result') expect(keyClass(key), key).to.equal(undefined);
    }
  });

  it('shows less of what stands under keys that hold anything', () => {
    const tree = {
      environment: [{ variables: { name: 'visible', region: 'eu-west-1' } }],
      env: [{ name: 'LOG', value: 'x1' }],
    };
    const { hidden } = redactTree(tree, { policy, taint: newTaint() });
    expect(hidden.map(({ path, by }) => [path, by])).to.deep.equal([
      ['/environment/0/variables/name', 'default'],
      ['/env/0/value', 'default'],
    ]);
  });

  it('shows more, or nothing, as the user says', () => {
    const tree = {
      value: 'free text',
      password: 'p1',
      flag: true,
      count: 3,
      nothing: null,
      empty: '',
      key: `ghp_${'a1B2'.repeat(9)}`,
    };
    const shown = (values: 'marked-only' | 'none'): readonly string[] =>
      redactTree(tree, { policy: createPolicy({ values, hide: [], show: [] }), taint: newTaint() }).hidden.map(
        ({ path }) => path,
      );
    expect(shown('marked-only')).to.deep.equal(['/password', '/key']);
    expect(shown('none')).to.deep.equal(['/value', '/password', '/flag', '/count', '/key']);
    const user = createPolicy({ values: 'allow-list', hide: ['count', '*flag'], show: ['value', 'key', 'password'] });
    const { hidden } = redactTree(tree, { policy: user, taint: newTaint() });
    expect(hidden.map(({ path }) => path)).to.deep.equal(['/flag', '/count', '/key']);
  });

  it('names its rules by a digest that every choice changes', () => {
    const digest = (values: 'allow-list' | 'none', hide: string[], show: string[]): string =>
      createPolicy({ values, hide, show }).digest;
    expect(policy.digest)
      .to.match(/^[0-9a-f]{64}$/)
      .and.to.equal(digest('allow-list', [], []));
    const digests = [
      policy.digest,
      digest('none', [], []),
      digest('allow-list', ['a'], []),
      digest('allow-list', [], ['a']),
    ];
    expect(new Set(digests).size).to.equal(digests.length);
  });

  it('tells names from random text', () => {
    for (const text of [
      'AWSServiceRoleForAutoScaling',
      'GP_Gen5_2',
      'Z0123456ABCDEFGHIJKL',
      'rtbassoc-0a1b2c3d4e5f60718',
    ]) {
      expect(isRandomLooking(text), text).to.equal(false);
    }
    expect(isRandomLooking('orders-prod-blue-2024-canary-deployment-final')).to.equal(false);
    expect(isRandomLooking('k8Jd2LpQ9xZ3vBn7Rt5W')).to.equal(true);
  });
});

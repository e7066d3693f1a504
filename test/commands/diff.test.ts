import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { diffCommand } from '../../daemon/commands/diff.ts';
import { DANGEROUS, failureOf, linesOf, runCommand, type Answer } from './test-context.ts';

const STATES = 'test/fixtures/terraform/states';

interface Instance {
  readonly name: string;
  readonly attributes: object;
  readonly sensitive?: readonly string[];
  readonly key?: string;
  readonly deposed?: string;
  readonly createFirst?: boolean;
}

function stateBytes(serial: number, instances: readonly Instance[], outputs: object = {}): Buffer {
  const resources = instances.map(({ name, attributes, sensitive = [], key, deposed }) => ({
    mode: 'managed',
    type: 'aws_instance',
    name,
    provider: 'provider["registry.terraform.io/hashicorp/aws"]',
    instances: [
      {
        ...(key === undefined ? {} : { index_key: key }),
        ...(deposed === undefined ? {} : { deposed }),
        schema_version: 0,
        attributes,
        sensitive_attributes: sensitive.map((value) => [{ type: 'get_attr', value }]),
      },
    ],
  }));
  const state = {
    version: 4,
    terraform_version: '1.11.4',
    serial,
    lineage: 'aaaabbbb-0000-4000-8000-000000000000',
    outputs,
    resources,
    check_results: null,
  };
  return Buffer.from(JSON.stringify(state));
}

describe('stateseal diff', () => {
  const diff = (before: Buffer, after: Buffer, ...flags: string[]): Promise<Answer> =>
    runCommand(diffCommand, ['a', 'b', ...flags], { files: { a: before, b: after } });
  const fixture = (name: string): Buffer => readFileSync(`${STATES}/${name}`);

  it('prints what Terraform people expect, and exits 1', async () => {
    const before = stateBytes(41, [
      {
        name: 'main',
        attributes: { id: 'i-1', password: 'hunter22', ports: [80, 81, 82], tags: { Name: 'a', 'x.y': true } },
      },
      { name: 'legacy', attributes: { id: 'i-2' }, key: 'eu-west-1' },
      { name: 'same', attributes: { id: 'i-3' } },
    ]);
    const after = stateBytes(44, [
      { name: 'main', attributes: { id: 'i-1', password: 'hunter23', ports: [80, 443], tags: { Name: 'b' } } },
      { name: 'same', attributes: { id: 'i-3' } },
      { name: 'extra', attributes: { id: 'i-4', size: 3 } },
    ]);
    const { code, out } = await diff(before, after);
    expect(out).to.equal(
      `\
  + aws_instance.extra
  - aws_instance.legacy["eu-west-1"]
  ~ aws_instance.main
      ~ ports[1]      81 -> 443
      - ports[2]      82
      ~ tags.Name     "a" -> "b"
      - tags["x.y"]   true
      ~ password      (sensitive value, changed)
1 added, 1 changed, 1 destroyed.   serial 41 -> 44, lineage aaaabbbb
`,
    );
    expect(code).to.equal(1);
  });

  it('exits 0 when only the serial and the order of marks moved', async () => {
    const { code, out } = await diff(fixture('noop-before.tfstate'), fixture('noop-after-serial-bumped.tfstate'));
    expect(out).to.equal('0 added, 0 changed, 0 destroyed.   serial 69 -> 70, lineage 660a887f\n');
    expect(code).to.equal(0);
  });

  it('recognises moves and replacements', async () => {
    const before = stateBytes(1, [
      { name: 'old', attributes: { id: 'i-1', size: 1 } },
      { name: 'swap', attributes: { id: 'i-2' } },
    ]);
    const after = stateBytes(2, [
      { name: 'new', attributes: { id: 'i-1', size: 2 } },
      { name: 'swap', attributes: { id: 'i-9' } },
    ]);
    expect((await diff(before, after)).out).to.equal(
      `\
  # aws_instance.old has moved to aws_instance.new
  ~ aws_instance.new
      ~ size   1 -> 2
-/+ aws_instance.swap
      ~ id   "i-2" -> "i-9"
1 added, 1 changed, 1 destroyed, 1 moved.   serial 1 -> 2, lineage aaaabbbb
`,
    );
  });

  it('hides what only one side marks, on both, also when it is short, a number, or moved', async () => {
    const marked = (name: string, pin: number): Instance => ({
      name,
      attributes: { id: name, pin, code: 'xy1' },
      sensitive: ['pin', 'code'],
    });
    const clear = (name: string, pin: number): Instance => ({ name, attributes: { id: name, pin, code: 'xy2' } });
    const pairs: [Instance, Instance][] = [
      [marked('a', 4711), clear('a', 4712)],
      [clear('a', 4711), marked('a', 4712)],
      [marked('a', 4711), { ...clear('b', 4712), attributes: { id: 'a', pin: 4712, code: 'xy2' } }],
      [{ ...clear('b', 4711), attributes: { id: 'a', pin: 4711, code: 'xy1' } }, marked('a', 4712)],
    ];
    for (const [before, after] of pairs) {
      for (const flags of [[], ['--json']]) {
        const { out } = await diff(stateBytes(1, [before]), stateBytes(2, [after]), ...flags);
        expect(out).to.match(flags.length === 0 ? /pin +\(sensitive value, changed\)/ : /"hidden":/);
        expect(out).to.not.match(/471[12]|xy[12]/);
      }
    }
  });

  it('hides in the old file what only the new one teaches to be a secret', async () => {
    const before = stateBytes(1, [{ name: 'a', attributes: { id: 'x', name: 'swordfish-99' } }]);
    const after = stateBytes(2, [
      { name: 'a', attributes: { id: 'x', name: 'plain' } },
      { name: 'b', attributes: { id: 'y', input: 'swordfish-99' }, sensitive: ['input'] },
    ]);
    const { out } = await diff(before, after);
    expect(out).to.contain('(sensitive value)').and.not.contain('swordfish');
  });

  it('shows outputs, sensitive ones by name only', async () => {
    const output = (value: string, sensitive = false): object => ({ value, type: 'string', sensitive });
    const before = stateBytes(1, [], { gone: output('10.0.0.0/8'), pw: output('s3cret-one', true), same: output('x') });
    const after = stateBytes(2, [], { cidr: output('10.1.0.0/16'), pw: output('s3cret-two', true), same: output('x') });
    expect((await diff(before, after)).out).to.equal(
      `\
  + output.cidr   "10.1.0.0/16"
  - output.gone   "10.0.0.0/8"
  ~ output.pw   (sensitive value, changed)
0 added, 0 changed, 0 destroyed, 3 outputs changed.   serial 1 -> 2, lineage aaaabbbb
`,
    );
  });

  it('prints one object per line with --json', async () => {
    const { code, out } = await diff(
      fixture('create-after.tfstate'),
      fixture('after-move-forget-import.tfstate'),
      '--json',
    );
    const objects = linesOf(out).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(code).to.equal(1);
    expect(objects.at(-1)).to.deep.include({
      object: 'summary',
      after: { serial: '9', lineage: '23f7fa40-882c-18ca-30b6-8198471914c1' },
    });
    expect(objects.find(({ previousAddress }) => previousAddress !== undefined)).to.include({
      address: 'fake_thing.c',
    });
    for (const object of objects.slice(0, -1))
      expect(object).to.have.keys(
        'object',
        'address',
        'actions',
        'values',
        ...(object['previousAddress'] ? ['previousAddress'] : []),
      );
  });

  it('shows no secret of the sample states', async () => {
    const names = [
      'rich-1.tfstate',
      'rich-2-fail-armed.tfstate',
      'tainted-by-provisioner.tfstate',
      'create-after.tfstate',
    ];
    for (const before of names) {
      for (const after of names) {
        for (const flags of [[], ['--json']]) {
          const { out } = await diff(fixture(before), fixture(after), ...flags);
          expect(out, `${before} ${after}`).to.not.match(/SENSITIVE|SENSVAL/);
        }
      }
    }
  });

  it('never prints hostile text raw', async () => {
    const evil = '\u001b[2J\u202e\u2066\u200b\u009b';
    const before = stateBytes(1, [{ name: 'a', attributes: { id: 'x', tags: { [evil]: true } }, key: evil }]);
    const after = stateBytes(2, [{ name: 'a', attributes: { id: 'x', tags: { [evil]: false } }, key: evil }], {
      'o\u202e\u200b': { value: evil, type: 'string' },
    });
    for (const flags of [[], ['--json']]) {
      const { out } = await diff(before, after, ...flags);
      expect(out).to.not.match(DANGEROUS);
      expect(out).to.match(/u\{?202e/);
    }
  });

  it('refuses anything but two state files', async () => {
    expect(await failureOf(diffCommand, ['a'])).to.include({ code: 'usage' });
    const files = { a: stateBytes(1, []), b: Buffer.from('') };
    expect(await failureOf(diffCommand, ['a', 'b'], { files })).to.include({ code: 'state-empty' });
  });
});

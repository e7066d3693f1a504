// Addresses against those a real Terraform printed, and against names that try to pass for others.
import { expect } from 'chai';
import fc from 'fast-check';
import {
  formatInstanceAddress,
  formatModulePath,
  parseAddress,
  parseModulePath,
} from '../../daemon/terraform/address.ts';
import { formatHclString } from '../../daemon/terraform/hcl-string.ts';
import { failureOf, readFixture } from './fixtures.ts';

interface PlannedChange {
  readonly address: string;
  readonly module_address?: string;
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
}

const anyName = fc.oneof(
  fc.stringMatching(/^[a-z_][a-z0-9_-]{0,8}$/).filter((name) => name !== 'module'),
  fc.constantFrom('data', 'ephemeral', 'été', '1st', '-', 'moduł'),
);
const anyKey = fc.option(
  fc.oneof(
    fc.nat(),
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      '',
      '${x}',
      '$${x}',
      '%{if}',
      '$',
      '%%{',
      '"]',
      '\\',
      '\n\r\t',
      '\u0000',
      '\u200b',
      '😀',
      '\ud800',
      '\u{e000}',
    ),
  ),
  { nil: undefined },
);
const anyAddress = fc.record({
  module: fc.array(fc.record({ name: fc.oneof(anyName, fc.constant('module')), key: anyKey }), { maxLength: 3 }),
  mode: fc.constantFrom('managed' as const, 'data' as const, 'ephemeral' as const),
  type: anyName,
  name: fc.oneof(anyName, fc.constant('module')),
  key: anyKey,
});

describe('addresses', () => {
  it('come back from their text, whatever names and keys hold', () => {
    fc.assert(
      fc.property(anyAddress, (parts) => {
        const text = formatInstanceAddress(parts);
        expect(parseAddress(text)).to.deep.equal(parts);
        expect(text).to.match(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]+$/u);
        expect(parseModulePath(formatModulePath(parts.module))).to.deep.equal(parts.module);
      }),
      { numRuns: 1000 },
    );
  });

  it('agree with those a real Terraform printed', () => {
    let count = 0;
    for (const plan of ['plans/rich-replace.show.json', 'plans/aws-create.show.json']) {
      const shown = JSON.parse(readFixture(plan).toString()) as { readonly resource_changes: readonly PlannedChange[] };
      for (const change of shown.resource_changes) {
        const parts = parseAddress(change.address);
        expect(formatInstanceAddress(parts)).to.equal(change.address);
        expect(formatModulePath(parts.module)).to.equal(change.module_address ?? '');
        expect([parts.mode, parts.type, parts.name]).to.deep.equal([change.mode, change.type, change.name]);
        expect(parts.key).to.equal(change.index);
        count += 1;
      }
    }
    expect(count).to.be.greaterThan(15);
  });

  const QUOTED: readonly (readonly [string, string])[] = [
    ['', '""'],
    ['a b', '"a b"'],
    ['a"b\\c', '"a\\"b\\\\c"'],
    ['\n\r\t', '"\\n\\r\\t"'],
    ['${x} %{y} $x %', '"$${x} %%{y} $x %"'],
    ['$${', '"$$${"'],
    ['\u0000\u007f\u00a0\u200b', '"\\u0000\\u007f\\u00a0\\u200b"'],
    ['é😀\u{e000}\u{f0000}', '"é😀\\ue000\\U000f0000"'],
    ['\u202eevil', '"\\u202eevil"'],
  ];
  for (const [key, expected] of QUOTED) {
    it(`quote ${expected} as HCL`, () => {
      expect(formatHclString(key)).to.equal(expected);
      expect(parseAddress(`a.b[${expected}]`).key).to.equal(key);
    });
  }

  it('know modes from types', () => {
    expect(parseAddress('data.x')).to.include({ mode: 'managed', type: 'data', name: 'x' });
    expect(parseAddress('data.x.y[0]')).to.include({ mode: 'data', type: 'x', name: 'y', key: 0 });
    expect(parseAddress('module.m.ephemeral.x.y')).to.include({ mode: 'ephemeral', type: 'x', name: 'y' });
    expect(parseModulePath('')).to.deep.equal([]);
  });

  const OTHERS = [
    '',
    'a',
    'a.',
    '.a',
    'a.b.',
    'a.b.c',
    'a.b.c.d',
    'a..b',
    'a b.c',
    'a.b[',
    'a.b[]',
    'a.b[0',
    'a.b[01]',
    'a.b[-1]',
    'a.b[1.0]',
    'a.b[99999999999999999]',
    'a.b["]',
    'a.b["x]',
    'a.b["x"',
    'a.b["x"]]',
    'a.b["x"] ',
    ' a.b',
    'a.b["${x}"]',
    'a.b["%{x}"]',
    'a.b["\\x"]',
    'a.b["\\u12"]',
    'a.b["\\U00110000"]',
    'a.b["\\u+123"]',
    'a.b["\n"]',
    "a.b['x']",
    'a.b[each.key]',
    'module.m',
    'module.m.a',
    'module.',
    'module.m[0]a.b',
    'module.m..a.b',
    'a.b["x"]["y"]',
    'a.b\n',
    'a["x"].b',
  ];
  for (const text of OTHERS) {
    it(`refuse ${JSON.stringify(text)}`, () => {
      expect(failureOf(() => parseAddress(text)).code).to.equal('address-malformed');
    });
  }

  it('refuse other module paths, and never loop on long text', () => {
    for (const text of ['module', 'module.', 'a.b', 'module.m.', 'module.m.x', 'module.m.module', 'module.m["x"']) {
      expect(failureOf(() => parseModulePath(text)).code, text).to.equal('address-malformed');
    }
    const long = 'x'.repeat(1e6);
    expect(parseAddress(`a.b["${long}"]`).key).to.equal(long);
    failureOf(() => parseAddress(`a.b["${'$'.repeat(1e6)}`));
    failureOf(() => parseAddress('module.'.repeat(1e5)));
  });

  it('say where, and never what', () => {
    const error = failureOf(() => parseAddress('aws_x.y["SECRET'));
    expect(error.message).to.equal('expected a closing quote in an address, got something else at 15');
  });
});

// The schemas say what the types say: same members, same optional ones, same words. Fails when one moves alone.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readDeclarations, type DeclaredMember } from './interfaces.ts';

interface Schema {
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly $ref?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly allOf?: readonly { readonly if?: Schema }[];
}

const schema = (name: string): Schema =>
  JSON.parse(readFileSync(new URL(`../../schemas/${name}.schema.json`, import.meta.url), 'utf8')) as Schema;
const source = (path: string) => readDeclarations(new URL(`../../daemon/${path}`, import.meta.url));

describe('schemas agree with types', () => {
  const observation = source('record/observation.ts');
  const data = source('record/data.ts');
  const runs = source('record/run-data.ts');
  const plans = source('record/plan-data.ts');
  const locks = source('record/lock-data.ts');
  const notes = source('record/note-data.ts');
  const accesses = source('record/access-data.ts');
  const verdicts = source('record/verdict-data.ts');
  const inventory = source('record/inventory.ts');

  describe('record.schema.json', () => {
    const found = schema('record');
    // Claim and Vantage are declared with the observation and stand in records.
    const declared = new Map([
      ...data.interfaces,
      ...runs.interfaces,
      ...plans.interfaces,
      ...locks.interfaces,
      ...notes.interfaces,
      ...accesses.interfaces,
      ...verdicts.interfaces,
      ...inventory.interfaces,
      ...[...observation.interfaces].filter(([name]) => name === 'Claim' || name === 'Vantage'),
    ]);
    for (const [name, members] of declared) {
      it(`${name} has the members of its interface`, () => assertSame(found, name, members));
    }
    for (const [name, words] of [
      ...data.unions,
      ...runs.unions,
      ...plans.unions,
      ...notes.unions,
      ...verdicts.unions,
      ...inventory.unions,
    ]) {
      if (name === 'RecordType') continue;
      it(`${name} has the words of its type`, () => {
        expect([...(found.$defs?.[name]?.enum ?? [])].sort()).to.deep.equal(words);
      });
    }
    it('knows every record type', () => {
      const types = (found.allOf ?? []).flatMap((rule) => {
        const type = rule.if?.properties?.['type'];
        return type?.enum ?? [String(type?.const)];
      });
      const known = data.unions.get('RecordType') ?? [];
      expect(types.map((type) => type.replace('io.stateseal.', '')).sort()).to.deep.equal(known);
    });
  });

  describe('observation.schema.json', () => {
    const found = schema('observation');
    for (const [name, members] of observation.interfaces) {
      if (name === 'Claim' || name === 'Vantage') continue;
      it(`${name} has the members of its interface`, () => assertSame(found, name, members));
    }
    it('HiddenBy has the words of its type', () => {
      expect([...(found.$defs?.['HiddenBy']?.enum ?? [])].sort()).to.deep.equal(observation.unions.get('HiddenBy'));
    });
  });

  describe('manifest.schema.json', () => {
    for (const [name, members] of source('merkle/manifest.ts').interfaces) {
      it(`${name} has the members of its interface`, () => assertSame(schema('manifest'), name, members));
    }
  });

  it('config.schema.json has the settings of the configuration file', () => {
    const members = source('config-file.ts').interfaces.get('ConfigFile');
    expect(Object.keys(schema('config').properties ?? {}).sort()).to.deep.equal([...(members?.keys() ?? [])].sort());
  });
});

function assertSame(root: Schema, name: string, members: ReadonlyMap<string, DeclaredMember>): void {
  const found = root.$defs?.[name];
  expect(Object.keys(found?.properties ?? {}).sort(), 'members').to.deep.equal([...members.keys()].sort());
  const required = [...members].filter(([, member]) => !member.isOptional).map(([key]) => key);
  expect([...(found?.required ?? [])].sort(), 'required').to.deep.equal(required.sort());
  for (const [key, { literals }] of members) {
    if (literals === undefined) continue;
    const value = found?.properties?.[key];
    expect([...(value?.enum ?? [value?.const])].sort(), key).to.deep.equal(literals);
  }
}

// What the scripted provider tells Terraform it has: `scripted_thing` and `scripted_lookup`. Shapes only, no behaviour.

interface Attribute {
  readonly name: string;
  readonly type?: Uint8Array;
  readonly nested_type?: { readonly attributes: readonly Attribute[]; readonly nesting: 'MAP' };
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
  readonly sensitive?: boolean;
  readonly write_only?: boolean;
}

type Flag = 'required' | 'optional' | 'computed' | 'sensitive' | 'write_only';

const userAttributes = [
  attribute('password', 'string', 'optional', 'sensitive'),
  attribute('role', 'string', 'optional'),
];

const thingAttributes: readonly Attribute[] = [
  attribute('id', 'string', 'computed'),
  attribute('name', 'string', 'optional'),
  attribute('size', 'number', 'optional'),
  attribute('tags', ['map', 'string'], 'optional'),
  attribute('secret', 'string', 'optional', 'sensitive'),
  attribute('token', 'string', 'computed', 'sensitive'),
  attribute('blob', 'dynamic', 'optional'),
  attribute('note', 'string', 'optional'),
  attribute('rules', ['set', 'string'], 'optional'),
  { name: 'users', optional: true, nested_type: { attributes: userAttributes, nesting: 'MAP' } },
  attribute('secret_wo', 'string', 'optional', 'write_only'),
  attribute('delay_ms', 'number', 'optional'),
  attribute('fail_on', 'string', 'optional'),
];

const settingAttributes = [
  attribute('value', 'string', 'optional'),
  attribute('password', 'string', 'optional', 'sensitive'),
];

const lookupAttributes = [
  attribute('id', 'string', 'computed'),
  attribute('key', 'string', 'required'),
  attribute('value', 'string', 'computed'),
  attribute('secret', 'string', 'computed', 'sensitive'),
];

/** `schema_version` of every `scripted_thing` in a state. */
export const thingSchemaVersion = 2;

/** Every plain attribute of `scripted_thing`; the block `setting` comes on top. */
export const thingAttributeNames = thingAttributes.map(({ name }) => name);

/** The answer to GetProviderSchema. */
export const providerSchema = {
  provider: { version: 0, block: { attributes: [] } },
  resource_schemas: {
    scripted_thing: {
      version: thingSchemaVersion,
      block: {
        attributes: thingAttributes,
        block_types: [{ type_name: 'setting', nesting: 'LIST', block: { attributes: settingAttributes } }],
      },
    },
  },
  data_source_schemas: { scripted_lookup: { version: 0, block: { attributes: lookupAttributes } } },
};

function attribute(name: string, type: string | readonly string[], ...flags: readonly Flag[]): Attribute {
  const set = Object.fromEntries(flags.map((flag) => [flag, true]));
  return { name, type: new TextEncoder().encode(JSON.stringify(type)), ...set };
}

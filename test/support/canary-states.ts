// State files with planted secrets: a small way to write a version 4 state down, and the canaries themselves.
// Knows nothing of what the recorder does with them.
import type { Canary } from './canary-hunt.ts';

export type Attributes = Readonly<Record<string, unknown>>;

export interface PlantedInstance {
  readonly type: string;
  readonly name: string;
  readonly mode?: 'managed' | 'data';
  readonly key?: string | number;
  readonly deposed?: string;
  readonly attributes: Attributes;
  /** Attribute names and map keys of each sensitive path. */
  readonly marks?: readonly (readonly (string | number)[])[];
  /** JSON of the provider's private data. */
  readonly private?: unknown;
}

export interface PlantedState {
  readonly serial: number;
  readonly lineage: string;
  readonly instances: readonly PlantedInstance[];
  readonly outputs?: Readonly<Record<string, { readonly value: unknown; readonly sensitive?: boolean }>>;
  readonly failureMessage?: string;
}

export function formatState({ serial, lineage, instances, outputs = {}, failureMessage }: PlantedState): string {
  const resources = instances.map(
    ({ type, name, mode = 'managed', key, deposed, attributes, marks = [], ...rest }) => ({
      mode,
      type,
      name,
      provider: 'provider["registry.terraform.io/hashicorp/aws"]',
      instances: [
        {
          ...(key === undefined ? {} : { index_key: key }),
          ...(deposed === undefined ? {} : { deposed }),
          schema_version: 0,
          attributes,
          sensitive_attributes: marks.map((path) => path.map(toStep)),
          ...(rest.private === undefined
            ? {}
            : { private: Buffer.from(JSON.stringify(rest.private)).toString('base64') }),
        },
      ],
    }),
  );
  const typed = Object.entries(outputs).map(([name, output]) => [name, { type: 'dynamic', ...output }]);
  const state = {
    version: 4,
    terraform_version: '1.11.4',
    serial,
    lineage,
    outputs: Object.fromEntries(typed) as object,
    resources: mergeResources(resources),
    check_results: failureMessage === undefined ? null : [toCheck(failureMessage)],
  };
  return `${JSON.stringify(state, null, 2)}\n`;
}

interface Resource {
  readonly mode: string;
  readonly type: string;
  readonly name: string;
  readonly instances: readonly object[];
}

/** Instances of one resource stand together. */
function mergeResources<T extends Resource>(resources: readonly T[]): T[] {
  const grouped = Map.groupBy(resources, ({ mode, type, name }) => `${mode}.${type}.${name}`);
  return [...grouped.values()].flatMap((group) => {
    const [first] = group;
    return first === undefined ? [] : [{ ...first, instances: group.flatMap(({ instances }) => instances) }];
  });
}

function toStep(step: string | number, index: number): object {
  if (index === 0) return { type: 'get_attr', value: step };
  return { type: 'index', value: { value: step, type: typeof step === 'number' ? 'number' : 'string' } };
}

function toCheck(message: string): object {
  return {
    object_kind: 'output',
    config_addr: 'output.checked',
    status: 'fail',
    objects: [{ object_addr: 'output.checked', status: 'fail', failure_messages: [message] }],
  };
}

/** A lock file as Terraform writes it. */
export function formatLock(id: string, claims: Readonly<Record<string, string>> = {}): string {
  const usual = { Operation: 'OperationTypeApply', Info: '', Who: 'alice@runner-7', Version: '1.11.4', Path: '' };
  return JSON.stringify({ ID: id, ...usual, Created: '2026-06-23T14:02:11.000Z', ...claims });
}

/** How a secret may be written into another text; each of them is plain text, shown by a policy that hides no text. */
export const DISGUISES: Readonly<Record<string, (secret: string) => string>> = {
  plain: (secret) => secret,
  inside: (secret) => `before ${secret} after`,
  twice: (secret) => `${secret}${secret}`,
  'base64 at 0': (secret) => Buffer.from(secret).toString('base64'),
  'base64 at 1': (secret) => Buffer.from(`u${secret}`).toString('base64'),
  'base64 at 2': (secret) => Buffer.from(`ux${secret}!`).toString('base64'),
  base64url: (secret) => Buffer.from(`user:${secret}`).toString('base64url'),
  percent: (secret) => `a=${encodeURIComponent(secret)}&b=1`,
  form: (secret) => new URLSearchParams({ q: secret }).toString(),
  'in a url': (secret) => `https://svc:${encodeURIComponent(secret)}@db.example.com/x`,
  json: (secret) => JSON.stringify({ note: secret }),
  'json in json': (secret) => JSON.stringify({ note: JSON.stringify({ inner: secret }) }),
  hex: (secret) => Buffer.from(secret).toString('hex'),
  'upper hex': (secret) => Buffer.from(secret).toString('hex').toUpperCase(),
  'padded with space': (secret) => `  ${secret}\n`,
};

const PEM_BODY = [
  'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj',
  'MzEfYyjiWA4R4bNvVYp4QmTz4mF1sF2rAXe1D8Kb7mZtQ0qYcXv2nLw9hGxsZoQe',
  'w3EKfP7aRj1uNt5cVyU0bIMoLd6sHTgWpXrJvA8eCiBnGqDzShFk94YOlmtR5uxE',
];

export const PEM = `-----BEGIN PRIVATE KEY-----\n${PEM_BODY.join('\n')}\n-----END PRIVATE KEY-----\n`;

/** One of each class that is looked for inside other text, too. */
export const LONG_CANARIES: readonly Canary[] = [
  { name: 'password', secret: 'Zk4-wRt8_pLm2' },
  { name: 'with marks', secret: 'p@ss/w0rd&"x"<y>' },
  { name: 'prefix', secret: 'Qx7LmN2pVt' },
  { name: 'prefixed', secret: 'Qx7LmN2pVt-and-K9' },
  { name: 'overlapping left', secret: 'Hg5Rt-Bn8Yu' },
  { name: 'overlapping right', secret: 'Bn8Yu-Wq3Ez' },
  { name: 'template', secret: 'tpl-${var.X9}-%{Kq7}' },
  { name: 'umlaut', secret: 'Schlüßel-Grün-42-ñ' },
  { name: 'number', secret: '91827364550' },
  { name: 'pem', secret: PEM },
];

/** Only as values of their own: a pin as text, one as a number, a common word, seven characters. */
export const WHOLE_CANARIES: readonly Canary[] = [
  { name: 'pin', secret: '0482', isWhole: true },
  { name: 'numeric pin', secret: '4826', isWhole: true },
  { name: 'common word', secret: 'wednesday', isWhole: true },
  { name: 'seven', secret: 'k9!Tz_4', isWhole: true },
];

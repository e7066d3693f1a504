// Requests that schemas/openapi.yaml allows, made by chance: whatever they ask for, the answer is documented, a refusal
// names the parameter, and nothing fails.
import { expect } from 'chai';
import { openApiScene, type ApiScene } from '../http/api-scene.ts';
import {
  assertDocumented,
  createTextCheck,
  operations,
  targetOf,
  type Operation,
  type Parameter,
  type ParameterSchema,
} from '../http/openapi-document.ts';
import { createRandom } from '../support/seeded-random.ts';

const SEED = Number(process.env['STATESEAL_TEST_SEED'] ?? 20261127);
const REQUESTS = 10_000;
const MIN_SUCCEEDED = 0.3;

const TEXTS = [
  ...['network', 'dns', 'dns@staging', 'net*', '*', '?', 'dir:infra/network/terraform.tfstate', 'aws_lb.old', 'aws_*'],
  ...['test_thing.a', 'aws_db_instance.main', 'aws_route.legacy["eu-west-1"]', '/password', '/tags/x.y', '/', '/a~1b'],
  ...['24h', 'PT2H', 'mon', 'now', '2026-06-22', '2026-06-23T14:03:00Z', '2026-13-01', '#3', '#999', 'today', '9w'],
  ...['alice', 'user:alice', 'uid:*', 'run-1', 'OPS-*', 'team=network', 'env=*', 'kind', 'label.team', 'week'],
  ...['state.changed', 'run.started', 'log.heartbeat', '0', '5', '12', '01970000-0000-7000-8000-000000000005'],
  ...[
    "'; DROP TABLE entry; --",
    '[a-z]',
    '\u202egnp',
    '😀',
    'x'.repeat(300),
    '%',
    '%25',
    '../../etc/passwd',
    '[[',
    '\\',
  ],
  ...[
    '00970000-0000-7000-8000-000000000005',
    '[',
    '"',
    'é',
    '{}',
    '\u0001',
    'a\nb',
    'null',
    '-',
    '--',
    '0/000',
    '1/000',
  ],
  ...['entries/000.p/9', '0/000.p/9', '0/000.p/300', 'x001/000', '8/x001/x234/067'],
];

describe('the API under requests made by chance', () => {
  let scene: ApiScene;
  before(async () => {
    scene = await openApiScene();
  });
  after(() => scene.close());

  it(`answers ${REQUESTS} of them as documented (seed ${SEED})`, async () => {
    const random = createRandom(SEED);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
    const checks = new Map<Parameter, (text: string) => boolean>();
    const statuses = new Map<number, number>();
    const succeeded = new Set<Operation>();
    for (let request = 0; request < REQUESTS; request += 1) {
      const operation = pick(operations);
      const asked = chooseParameters(operation);
      const path = { ...scene.good(operation.path), ...toRecord(asked, 'path') };
      const target = targetOf(operation, path, toPairs(asked, 'query'));
      const answer = await scene.server.ask(target, {
        method: operation.method,
        headers: toRecord(asked, 'header'),
        isStream: operation.path === '/v1/stream',
      });
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 200) succeeded.add(operation);
      assertSober(operation, target, answer, asked);
    }
    const isWithoutRecorder = ({ path }: Operation): boolean => ['/readyz', '/v1/seal'].includes(path);
    expect([...succeeded]).to.have.members(operations.filter((operation) => !isWithoutRecorder(operation)));
    expect((statuses.get(200) ?? 0) / REQUESTS, JSON.stringify([...statuses])).to.be.at.least(MIN_SUCCEEDED);
    expect(scene.server.failures).to.deep.equal([]);

    function chooseParameters({ parameters }: Operation): Map<Parameter, string> {
      const chosen = parameters.filter(({ required }) => required === true || random() < 0.15);
      const texts = chosen.flatMap((parameter): [Parameter, string][] => {
        if (parameter.in === 'path' && random() < 0.5) return [];
        const text = chooseText(parameter);
        return text === undefined ? [] : [[parameter, text]];
      });
      return new Map(texts);
    }

    /** Undefined where chance finds none that the schema allows. */
    function chooseText(parameter: Parameter): string | undefined {
      const isValid = checks.get(parameter) ?? createTextCheck(parameter);
      checks.set(parameter, isValid);
      for (let tries = 0; tries < 50; tries += 1) {
        const text = makeText(parameter.schema);
        // Headers of a request hold visible ASCII alone; a path has no empty segments and no dots to walk up by.
        const isSendable = parameter.in !== 'path' || !/^\.{0,2}$|\.\.\/|\n/u.test(text);
        if (isSendable && isValid(text)) return text;
      }
      return undefined;
    }

    function makeText(schema: ParameterSchema): string {
      if (schema.enum !== undefined) return pick(schema.enum);
      if (schema.type === 'boolean') return pick(['true', 'false']);
      if (schema.type === 'integer')
        return String(pick([0, 1, 2, 3, 5, 8, 13, 20, 21, 100, 1000, 999_999_999_999_999]));
      if (schema.type !== 'array') return pick(TEXTS);
      const items = schema.items ?? { type: 'string' };
      return Array.from({ length: 1 + Math.floor(random() * 3) }, () => makeText(items)).join(',');
    }
  });
});

function assertSober(
  operation: Operation,
  target: string,
  answer: Parameters<typeof assertDocumented>[1],
  asked: ReadonlyMap<Parameter, string>,
): void {
  const isSilent = answer.status === 503 && ['/readyz', '/v1/seal'].includes(operation.path);
  expect(answer.status, `${target}: ${answer.text.slice(0, 300)}`).to.be.oneOf(isSilent ? [503] : [200, 400, 404]);
  assertDocumented(operation, answer, target);
  if (answer.status < 400) return;
  expect(answer.text).not.to.match(/\.[jt]s\b|node:|Error\b/u);
  if (answer.status !== 400) return;
  const { parameter } = JSON.parse(answer.text) as { parameter?: string };
  expect(
    [...asked.keys()].map(({ name }) => name),
    `${target}: ${answer.text}`,
  ).to.include(parameter);
}

function toPairs(asked: ReadonlyMap<Parameter, string>, place: Parameter['in']): [string, string][] {
  return [...asked].filter(([parameter]) => parameter.in === place).map(([{ name }, text]) => [name, text]);
}

function toRecord(asked: ReadonlyMap<Parameter, string>, place: Parameter['in']): Record<string, string> {
  return Object.fromEntries(toPairs(asked, place));
}

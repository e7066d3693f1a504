// schemas/openapi.yaml held against the real server by a client that knows nothing but the document and the few values
// below: every path, parameter and answer is exercised, and nothing undocumented may be answered.
import { expect } from 'chai';
import type { SpoolStatus } from '../../daemon/spool/reader.ts';
import { openDatabase } from '../../daemon/store/database.ts';
import { openApiScene, type ApiScene } from './api-scene.ts';
import {
  assertDocumented,
  createTextCheck,
  document,
  encode,
  operations,
  targetOf,
  type Operation,
  type Parameter,
} from './openapi-document.ts';
import { startServer, type Answer, type AskOptions, type TestServer } from './server.ts';

/** What takes part in an answer of one status. */
interface Provoked {
  readonly operation: Operation;
  readonly scene: ApiScene;
  readonly target: string;
  readonly ask: (target: string, options?: AskOptions) => Promise<Answer>;
}

const RUNNING = {
  status: () => Promise.resolve({ pid: 1, sealer: {}, holds: [], spool: {} as SpoolStatus }),
  seal: () => Promise.resolve({ size: 7 }),
};
const BROKEN = {
  status: () => Promise.reject(new TypeError('x')),
  seal: () => Promise.reject(new TypeError('x')),
};

/** How each documented status is provoked; all of them for every operation that documents it. */
const PROVOKED: Readonly<Record<string, (provoked: Provoked) => Promise<Answer>>> = {
  '400': ({ ask, target }) => ask(`${target}?unknown=1`),
  '401': ({ ask, target }) => ask(target, { token: 'wrong' }),
  '403': ({ ask, target }) => ask(target, { headers: { origin: 'https://evil.example' } }),
  '404': ({ ask, operation, scene }) => ask(...unknown(operation, scene)),
  '405': ({ ask, operation, target }) => ask(target, { method: operation.method === 'GET' ? 'POST' : 'GET' }),
  '410': ({ ask, scene, target }) => {
    scene.log.database.prepare("UPDATE entry SET line = x'' WHERE leaf_index = 0").run();
    return ask(target.replace('/tile/0/', '/tile/entries/'));
  },
  '413': ({ ask, target }) => ask(target, { body: 'x', headers: { 'content-length': '1' } }),
  '421': ({ ask, target }) => ask(target, { headers: { host: 'evil.example' } }),
  '429': async ({ scene, operation, target }) => {
    const server = await startServer(scene.log.folder, { rates: { take: () => false } });
    return server.ask(target, { method: operation.method }).finally(() => server.close());
  },
  '500': async ({ scene, operation, target }) => {
    const server = await startServer(scene.log.folder, { live: BROKEN });
    server.log.database.close();
    return server.ask(target, { method: operation.method }).finally(() => server.close());
  },
  '503': async ({ scene, operation, target }) => {
    const server = await startServer(scene.log.folder);
    loseTables(scene);
    return server.ask(target, { method: operation.method }).finally(() => server.close());
  },
};

describe('openapi.yaml', () => {
  let scene: ApiScene;

  beforeEach(async () => {
    scene = await openApiScene({ live: RUNNING });
  });
  afterEach(() => scene.close());

  it('is OpenAPI 3.1', () => {
    expect(document.openapi).to.match(/^3\.1\./u);
  });

  for (const operation of operations) {
    describe(`${operation.method} ${operation.path}`, () => {
      const isStream = operation.path === '/v1/stream';
      const ask = (target: string, options: AskOptions = {}, server: TestServer = scene.server): Promise<Answer> =>
        server.ask(target, { method: operation.method, isStream, ...options });

      it('answers 200 in every documented form', async () => {
        const target = targetOf(operation, scene.good(operation.path), requiredOf(operation));
        const seen = new Set<string>();
        for (const accept of Object.keys(operation.responses['200']?.content ?? {})) {
          const answer = await ask(target, { headers: { accept } });
          expect(answer.status, `${target} ${answer.text.slice(0, 300)}`).to.equal(200);
          seen.add(assertDocumented(operation, answer, target));
        }
        expect([...seen]).to.have.members(Object.keys(operation.responses['200']?.content ?? {}));
      });

      for (const status of Object.keys(operation.responses).filter((code) => code !== '200')) {
        it(`answers ${status} as documented`, async () => {
          const target = targetOf(operation, scene.good(operation.path), requiredOf(operation));
          const answer = await PROVOKED[status]?.({ operation, scene, target, ask });
          if (answer === undefined) throw new Error(`expected a way to provoke ${status}`);
          expect(answer.status, `${target} ${answer.text.slice(0, 300)}`).to.equal(Number(status));
          assertDocumented(operation, answer, target);
        });
      }

      for (const parameter of operation.parameters) {
        it(`takes "${parameter.name}" as its schema says, and names it when it does not`, () =>
          assertParameter({ operation, scene, target: '', ask }, parameter));
      }
    });
  }

  it('says nothing that is not documented to a wrong path', async () => {
    const answer = await scene.server.ask('/v1/nothing');
    expect(answer.status).to.equal(404);
    const [first] = operations.filter(({ responses }) => '404' in responses);
    if (first !== undefined) assertDocumented(first, answer, '/v1/nothing');
  });
});

const VALUES = [
  ...['0', '1', '2', '7', '1000', '1001', '-1', '1.5', '1e3', ' 1', '01', '999999999999999', '9999999999999999'],
  ...['state.changed', 'State.changed', 'a.b.c', `${'x'.repeat(33)}.y`, 'network', 'x'.repeat(2048), 'x'.repeat(2049)],
  ...['ü', '%00', '[object]', '', ',', 'a,b', 'a=b', 'team=network,a', '/a', '/a~2', 'true', 'false', 'TRUE', 'json'],
  ...['csv', 'apply', 'apply,destroy', 'apply,x', 'create', 'as-planned', '24h', 'PT2H', '2026-02-30', '#1', 'label.'],
  ...['01970000-0000-7000-8000-000000000001', '01970000-0000-700G-8000-000000000001'],
];

/** What the schema refuses is refused by name; what it allows may still be refused for what it means, by name, too. */
async function assertParameter({ operation, scene, ask }: Provoked, parameter: Parameter): Promise<void> {
  const isValid = createTextCheck(parameter);
  const good = scene.good(operation.path);
  const others = requiredOf(operation).filter(([name]) => name !== parameter.name);
  const send = (text: string): [string, AskOptions] => {
    if (parameter.in === 'header') {
      return [targetOf(operation, good, others), { headers: { [parameter.name]: encodeURI(text) } }];
    }
    if (parameter.in === 'path') return [targetOf(operation, { ...good, [parameter.name]: text }, others), {}];
    return [targetOf(operation, good, [...others, [parameter.name, text]]), {}];
  };
  for (const text of VALUES) {
    // An empty segment is another path, and a tile's path that is none is no tile.
    if (parameter.in === 'path' && (text === '' || parameter.name === 'tile')) continue;
    const [target, options] = send(text);
    const answer = await ask(target, options);
    const what = `${target.slice(0, 200)} ${JSON.stringify(options)}: ${answer.text.slice(0, 300)}`;
    expect(answer.status, what).to.be.oneOf(isValid(text) ? [200, 404, 400] : [400]);
    if (answer.status === 400) expect(JSON.parse(answer.text), what).to.include({ parameter: parameter.name });
  }
  if (parameter.example === undefined) return;
  const [target, options] = send(encode(parameter.example));
  const answer = await ask(target, options);
  expect(answer.status, `${target} ${answer.text.slice(0, 300)}`).to.equal(200);
  assertDocumented(operation, answer, target);
}

function requiredOf({ parameters }: Operation): [string, string][] {
  return parameters
    .filter((parameter) => parameter.in === 'query' && parameter.required === true)
    .map(({ name, example }): [string, string] => [name, encode(example)]);
}

/** An address that names nothing of its kind; a checkpoint is missing where nothing was sealed. */
function unknown(operation: Operation, { log }: ApiScene): [string] {
  const absent: Readonly<Record<string, string>> = { key: '999', name: 'absent', size: '999', tile: '0/999' };
  if (!operation.path.includes('{')) log.database.exec("UPDATE batch SET checkpoint = NULL, phase = 'frozen'");
  const query = operation.path.startsWith('/v1/proofs/') ? [] : requiredOf(operation);
  return [targetOf(operation, absent, query)];
}

function loseTables({ log }: ApiScene): void {
  const other = openDatabase(log.path);
  for (const table of ['entry', 'batch', 'record_index']) other.exec(`ALTER TABLE ${table} RENAME TO lost_${table}`);
  other.close();
}

// schemas/openapi.yaml held against the real server: every documented answer of every path is provoked and must match
// its description, and nothing undocumented may be answered.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import { StoreError } from '../../daemon/errors.ts';
import { createMemoryLog, sampleId, sampleLine, type MemoryLog } from './memory-log.ts';
import { startServer, type Answer, type AskOptions, type TestServer } from './server.ts';

interface Reference {
  readonly $ref: string;
}
interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>;
  readonly content: Readonly<Record<string, { readonly schema: object }>>;
}
interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly responses: Readonly<Record<string, DocumentedResponse | Reference>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly responses: Readonly<Record<string, DocumentedResponse>> };
}

/** One request that must give the documented status (and content type, where a status has several). */
interface Case {
  readonly path: string;
  readonly options?: AskOptions;
  readonly prepare?: (log: MemoryLog) => void;
  readonly contentType?: string;
}

const BASE = 'urn:stateseal:openapi';
const document = parse(readFileSync(new URL('../../schemas/openapi.yaml', import.meta.url), 'utf8')) as Document;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
ajv.addVocabulary(['example', 'components', 'paths', 'info', 'servers', 'security', 'tags', 'openapi']);
ajv.addSchema({ $id: BASE, ...document });

describe('openapi.yaml', () => {
  let log: MemoryLog;
  let server: TestServer;

  beforeEach(async () => {
    log = createMemoryLog([sampleLine(0), sampleLine(1), sampleLine(2)]);
    log.checkpoint = { size: 2, note: 'origin\n2\nroot\n\n— origin sig\n' };
    server = await startServer(log);
  });
  afterEach(() => server.close());

  it('is OpenAPI 3.1 and documents what the server has', () => {
    expect(document.openapi).to.match(/^3\.1\./u);
    expect(Object.keys(CASES)).to.deep.equal(Object.keys(document.paths));
  });

  for (const [path, item] of Object.entries(document.paths)) {
    const operation = item['get'];
    it(`${path} has the method GET only, and a case for each documented status`, () => {
      expect(Object.keys(item)).to.deep.equal(['get']);
      expect(Object.keys(CASES[path] ?? {})).to.deep.equal(Object.keys(operation?.responses ?? {}));
    });
    for (const [status, response] of Object.entries(operation?.responses ?? {})) {
      it(`GET ${path} answers ${status} as documented`, async () => {
        const documented = resolve(response);
        const seen = new Set<string>();
        for (const entry of CASES[path]?.[status] ?? []) {
          entry.prepare?.(log);
          const answer = await server.ask(entry.path, entry.options);
          expect(answer.status, entry.path).to.equal(Number(status));
          seen.add(assertDocumented(answer, documented));
        }
        expect([...seen]).to.have.members(Object.keys(documented.content));
      });
    }
    for (const parameter of operation?.parameters ?? []) {
      it(`GET ${path} takes "${parameter.name}" as its schema says, and names it when it does not`, async () => {
        const isValid = ajv.compile(parameter.schema);
        for (const text of PARAMETER_VALUES) {
          const typed = 'type' in parameter.schema && parameter.schema.type === 'integer' ? toInteger(text) : text;
          const target = targetOf(path, parameter.name, parameter.in, text);
          const answer = await server.ask(target);
          if (isValid(typed)) {
            expect(answer.status, target).to.be.oneOf([200, 404]);
          } else {
            expect(answer.status, target).to.equal(400);
            expect(JSON.parse(answer.text), target).to.include({ parameter: parameter.name });
          }
        }
      });
    }
  }

  it('says nothing that is not documented to a wrong path', async () => {
    const answer = await server.ask('/v1/nothing');
    expect(answer.status).to.equal(404);
    expect(ajv.validate({ $ref: `${BASE}#/components/schemas/Problem` }, JSON.parse(answer.text))).to.equal(true);
  });
});

const PARAMETER_VALUES = [
  ...['0', '1', '2', '7', '1000', '1001', '-1', '1.5', '1e3', ' 1', '01', '999999999999999', '9999999999999999'],
  ...['state.changed', 'State.changed', 'a.b.c', 'x'.repeat(33) + '.y', 'network', 'x'.repeat(512), 'x'.repeat(513)],
  ...['ü', '%00', '[object]', sampleId(1), sampleId(9), sampleId(1).replace('-7000', '-700G')],
];

const guarded = (path: string): Record<string, readonly Case[]> => ({
  '403': [{ path, options: { headers: { origin: 'https://evil.example' } } }],
  '405': [{ path, options: { method: 'DELETE' } }],
  '413': [{ path, options: { body: 'x', headers: { 'content-length': '1' } } }],
  '421': [{ path, options: { headers: { host: 'evil.example' } } }],
});

const closed = (path: string): Record<string, readonly Case[]> => ({
  ...guarded(path),
  '400': [{ path: `${path}?unknown=1` }],
  '401': [
    { path, options: { token: undefined } },
    { path, options: { token: 'wrong' } },
  ],
});

const fail = (error: Error) => (log: MemoryLog) => {
  const thrower = (): never => {
    throw error;
  };
  Object.assign(log, { size: thrower, entry: thrower, newestCheckpoint: thrower });
};
const failing = (path: string): Record<string, readonly Case[]> => ({
  '500': [{ path, prepare: fail(new TypeError('x')) }],
  '503': [{ path, prepare: fail(new StoreError('store-failed', 'x', { hint: 'x' })) }],
});

const CASES: Readonly<Record<string, Readonly<Record<string, readonly Case[]>>>> = {
  '/livez': {
    '200': [{ path: '/livez' }],
    ...guarded('/livez'),
  },
  '/v1/records': {
    '200': [
      { path: '/v1/records' },
      { path: '/v1/records?from=1&limit=1&type=state.changed&state=network' },
      { path: '/v1/records', prepare: (log) => void (log.lines[1] = Buffer.from('{')) },
      { path: '/v1/records?limit=1', options: { headers: { accept: 'application/x-ndjson' } } },
    ],
    ...closed('/v1/records'),
    ...failing('/v1/records'),
  },
  '/v1/records/{key}': {
    '200': [{ path: '/v1/records/0' }, { path: `/v1/records/${sampleId(2)}` }],
    ...closed('/v1/records/0'),
    '404': [{ path: '/v1/records/3' }, { path: `/v1/records/${sampleId(9)}` }],
    ...failing('/v1/records/0'),
  },
  '/v1/checkpoint': {
    '200': [{ path: '/v1/checkpoint' }],
    ...closed('/v1/checkpoint'),
    '404': [{ path: '/v1/checkpoint', prepare: (log) => void (log.checkpoint = undefined) }],
    ...failing('/v1/checkpoint'),
  },
};

function resolve(response: DocumentedResponse | Reference): DocumentedResponse {
  if (!('$ref' in response)) return response;
  const found = document.components.responses[response.$ref.split('/').at(-1) ?? ''];
  if (found === undefined) throw new Error(`expected ${response.$ref} to exist`);
  return found;
}

/** Checks content type, body and headers; returns the content type. */
function assertDocumented(answer: Answer, documented: DocumentedResponse): string {
  const contentType = String(answer.headers['content-type']).split(';')[0] ?? '';
  expect(Object.keys(documented.content)).to.include(contentType);
  assertValid(documented.content[contentType]?.schema ?? {}, bodyOf(answer, contentType));
  for (const [name, header] of Object.entries(documented.headers ?? {})) {
    assertValid(header.schema, answer.headers[name.toLowerCase()]);
  }
  return contentType;
}

function assertValid(schema: object, value: unknown): void {
  const validate = ajv.compile(rebase(schema));
  expect(validate(value), JSON.stringify(validate.errors)).to.equal(true);
}

function bodyOf(answer: Answer, contentType: string): unknown {
  if (contentType === 'text/plain') return answer.text;
  return JSON.parse(answer.text) as unknown;
}

/** Schemas inside the document refer to it by "#/…"; compiled by themselves they need its name. */
function rebase(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${BASE}#/`)) as object;
}

function toInteger(text: string): unknown {
  return /^(?:0|-?[1-9]\d*)$/u.test(text) ? Number(text) : text;
}

function targetOf(path: string, name: string, place: string, text: string): string {
  const encoded = encodeURIComponent(text);
  return place === 'path' ? path.replace(`{${name}}`, encoded) : `${path}?${name}=${encoded}`;
}

// schemas/openapi.yaml as a client reads it: operations with their parameters and answers, all references followed.
import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { parse } from 'yaml';
import type { Answer } from './server.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly schema: ParameterSchema;
  readonly example?: unknown;
}
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'boolean' | 'array';
  readonly items?: ParameterSchema;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
}
export interface DocumentedResponse {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: object }>>;
  readonly content: Readonly<Record<string, { readonly schema?: object }>>;
}
export interface Operation {
  readonly method: 'GET' | 'POST';
  /** With the names of its parameters: /v1/records/{key}. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly responses: Readonly<Record<string, DocumentedResponse>>;
}

interface RawOperation {
  readonly operationId: string;
  readonly parameters?: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
}
interface RawDocument {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
}

const BASE = 'urn:stateseal:openapi';
export const document = parse(
  readFileSync(new URL('../../schemas/openapi.yaml', import.meta.url), 'utf8'),
) as RawDocument;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
ajv.addVocabulary(['example', 'components', 'paths', 'info', 'servers', 'security', 'tags', 'openapi']);
ajv.addSchema({ $id: BASE, ...document });

export const operations: readonly Operation[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, raw]) => ({
    method: method.toUpperCase() as Operation['method'],
    path,
    parameters: (raw.parameters ?? []).map((parameter) => resolve(parameter) as Parameter),
    responses: Object.fromEntries(
      Object.entries(raw.responses).map(([status, response]) => [status, resolveResponse(response)]),
    ),
  })),
);

function resolveResponse(raw: object): DocumentedResponse {
  const { headers = {}, content } = resolve(raw) as DocumentedResponse;
  const resolved = Object.entries(headers).map(([name, header]) => [name, resolve(header)] as const);
  return { content, headers: Object.fromEntries(resolved) as NonNullable<DocumentedResponse['headers']> };
}

function resolve(value: object): object {
  if (!('$ref' in value)) return value;
  const names = String(value.$ref).slice(2).split('/');
  const found = names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
  if (found === undefined) throw new Error(`expected ${String(value.$ref)} to exist`);
  return found as object;
}

/** True when the text of a query string, path or header is what the schema allows. */
export function createTextCheck({ schema }: Parameter): (text: string) => boolean {
  const isValid = compile(schema);
  return (text) => isValid(decode(schema, text));
}

function decode(schema: ParameterSchema, text: string): unknown {
  if (schema.type === 'array') return text.split(',').map((item) => decode(schema.items ?? { type: 'string' }, item));
  if (schema.type === 'integer' && /^(?:0|-?[1-9]\d*)$/u.test(text)) return Number(text);
  if (schema.type === 'boolean' && /^(?:true|false)$/u.test(text)) return text === 'true';
  return text;
}

export function encode(value: unknown): string {
  return Array.isArray(value) ? value.join(',') : String(value);
}

/** Where the parameters are filled in: `path` must have a value for each name in braces. */
export function targetOf(
  operation: Operation,
  path: Readonly<Record<string, string>>,
  query: readonly (readonly [string, string])[] = [],
): string {
  const filled = operation.path.replaceAll(/\{(\w+)\}/gu, (_, name: string) => {
    const encoded = encodeURIComponent(path[name] ?? '');
    // The one parameter with slashes in it.
    return name === 'tile' ? encoded.replaceAll('%2F', '/') : encoded;
  });
  const search = query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return search === '' ? filled : `${filled}?${search}`;
}

/** Checks status, content type, body and headers against the document; returns the content type. */
export function assertDocumented(operation: Operation, answer: Answer, target: string): string {
  const documented = operation.responses[String(answer.status)];
  const contentType = String(answer.headers['content-type']).split(';')[0] ?? '';
  expect(documented, `${target} answered ${answer.status}: ${answer.text.slice(0, 300)}`).not.to.equal(undefined);
  expect(Object.keys(documented?.content ?? {}), target).to.include(contentType);
  for (const body of bodiesOf(answer, contentType)) {
    assertValid(documented?.content[contentType]?.schema ?? {}, body, target);
  }
  for (const [name, { required, schema }] of Object.entries(documented?.headers ?? {})) {
    const value = answer.headers[name.toLowerCase()];
    if (value !== undefined || required === true) {
      assertValid(schema, decode(schema as ParameterSchema, String(value)), `${target} ${name}`);
    }
  }
  return contentType;
}

/** Each line of NDJSON is one. */
function bodiesOf({ text }: Answer, contentType: string): unknown[] {
  if (contentType === 'application/x-ndjson') {
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as unknown);
  }
  return [contentType.endsWith('json') ? (JSON.parse(text) as unknown) : text];
}

function assertValid(schema: object, value: unknown, what: string): void {
  const validate = compile(schema);
  expect(
    validate(value),
    `${what}: ${JSON.stringify(validate.errors)} ${JSON.stringify(value)?.slice(0, 600)}`,
  ).to.equal(true);
}

const compiled = new Map<object, ValidateFunction>();

/** Schemas inside the document refer to it by "#/…"; compiled by themselves they need its name. */
function compile(schema: object): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const made = ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', `"${BASE}#/`)) as object);
  compiled.set(schema, made);
  return made;
}

// Query strings and path parameters, hostile until parsed here. A value that cannot be used is a Problem that names
// the documented parameter and never repeats what was sent.
import { parameterProblem, type Problem } from './problem.ts';

export const DEFAULT_LIMIT = 100;
export const MAX_LIMIT = 1000;
const MAX_TEXT_UNITS = 512;

/** What `GET /v1/records` was asked for. */
export interface RecordsQuery {
  readonly from: number;
  readonly limit: number;
  readonly type: string | undefined;
  readonly state: string | undefined;
}

/** One record by leaf index or by id. */
export type RecordKey = { readonly index: number } | { readonly id: string };

type Search = URLSearchParams;

/** `url` is the request target: path and query. */
export function parseRecordsQuery(url: string): RecordsQuery | Problem {
  const search = parseSearch(url, ['from', 'limit', 'type', 'state']);
  if (!(search instanceof URLSearchParams)) return search;
  const from = parseIndex(search.get('from') ?? '0');
  if (from === undefined) return parameterProblem('from', 'a leaf index: a whole number from 0');
  const limit = parseIndex(search.get('limit') ?? String(DEFAULT_LIMIT));
  if (limit === undefined || limit < 1 || limit > MAX_LIMIT) {
    return parameterProblem('limit', `a whole number from 1 to ${MAX_LIMIT}`);
  }
  const type = search.get('type') ?? undefined;
  if (type !== undefined && !/^[a-z]{1,32}\.[a-z]{1,32}$/u.test(type)) {
    return parameterProblem('type', 'a record type such as "state.changed"');
  }
  const state = search.get('state') ?? undefined;
  if (state !== undefined && (state === '' || state.length > MAX_TEXT_UNITS)) {
    return parameterProblem('state', `a state name or state id of 1 to ${MAX_TEXT_UNITS} characters`);
  }
  return { from, limit, type, state };
}

/** A resource without parameters. */
export function parseNoQuery(url: string): Problem | undefined {
  const search = parseSearch(url, []);
  return search instanceof URLSearchParams ? undefined : search;
}

export function parseRecordKey(text: string): RecordKey | Problem {
  const index = parseIndex(text);
  if (index !== undefined) return { index };
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text)) return { id: text };
  return parameterProblem('key', 'a leaf index, or a record id (a lower-case UUID)');
}

/** The query of a request target whose parameters are `known`, each at most once. */
export function parseSearch(url: string, known: readonly string[]): Search | Problem {
  const mark = url.indexOf('?');
  const search = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  for (const name of search.keys()) {
    if (!known.includes(name)) return unknownParameter(known);
    if (search.getAll(name).length > 1) return parameterProblem(name, 'one value');
  }
  return search;
}

function unknownParameter(known: readonly string[]): Problem {
  const expected = known.length === 0 ? 'no query parameters' : `only the query parameters ${known.join(', ')}`;
  return {
    status: 400,
    code: 'parameter-invalid',
    title: 'Parameter unknown',
    detail: `expected ${expected}, got another one`,
  };
}

/** Decimal, without sign or leading zeros, at most 15 digits: every one is a safe integer. */
function parseIndex(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/u.test(text) ? Number(text) : undefined;
}

// What a request asks: its query string and path, hostile until parsed here. What cannot be used is a Problem that names
// the documented parameter and never repeats what was sent.
import type { Asked, Refuse } from '../answers/asked.ts';
import type { OpenLog } from '../answers/open-log.ts';
import type { Principal } from './principal.ts';
import { parameterProblem, type Problem } from './problem.ts';

/** 'text': one value; 'list': several, repeated or split at commas; 'flag': true or false. */
export type ParameterKind = 'text' | 'list' | 'flag';
export type Parameters = Readonly<Record<string, ParameterKind>>;

export interface Question {
  readonly log: OpenLog;
  readonly asked: Asked;
  /** Tree size that the answer is for: later leaves do not count. */
  readonly size: number;
  /** What relative times count from: milliseconds since the epoch. */
  readonly nowMs: number;
  readonly principal: Principal;
  /** Makes the error for a parameter that cannot be used. */
  readonly refuse: Refuse;
  /** A parameter of the path. */
  readonly path: (name: string) => string;
}

/** Thrown where an answer is a problem: the application sends it. */
export class Refusal extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.code);
    this.problem = problem;
  }
}

export const refuseParameter: Refuse = (name, expected) => new Refusal(parameterProblem(name, expected));

const MAX_TEXT_UNITS = 2048;
const FLAGS: Readonly<Record<string, boolean>> = { true: true, false: false };

/** `url` is the request target: path and query. Throws Refusal for what is not among `parameters`, or not once. */
export function parseQuery(url: string, parameters: Parameters): Asked {
  const mark = url.indexOf('?');
  const search = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1));
  for (const name of new Set(search.keys())) {
    if (!Object.hasOwn(parameters, name)) throw new Refusal(unknownParameter(Object.keys(parameters)));
    assertValues(name, search.getAll(name), parameters[name]);
  }
  return {
    text: (name) => search.get(name) ?? undefined,
    list: (name) => (search.has(name) ? search.getAll(name).flatMap((value) => value.split(',')) : undefined),
    has: (name) => (parameters[name] === 'flag' ? search.get(name) === 'true' : search.has(name)),
  };
}

function assertValues(name: string, values: readonly string[], kind: ParameterKind | undefined): void {
  if (kind !== 'list' && values.length > 1) throw refuseParameter(name, 'one value');
  const texts = kind === 'list' ? values.flatMap((value) => value.split(',')) : values;
  if (texts.some((text) => text === '' || text.length > MAX_TEXT_UNITS || text.includes('\0'))) {
    throw refuseParameter(name, `text of 1 to ${MAX_TEXT_UNITS} characters without U+0000`);
  }
  if (kind === 'flag' && !Object.hasOwn(FLAGS, values[0] ?? '')) throw refuseParameter(name, 'true or false');
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
export function parseIndex(text: string): number | undefined {
  return /^(?:0|[1-9][0-9]{0,14})$/u.test(text) ? Number(text) : undefined;
}

/** A record by leaf index or id, as the path names it. */
export function parseKey({ path }: Pick<Question, 'path'>): number | string {
  const text = path('key');
  const index = parseIndex(text);
  if (index !== undefined) return index;
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(text)) return text;
  throw refuseParameter('key', 'a leaf index, or a record id (a lower-case UUID)');
}

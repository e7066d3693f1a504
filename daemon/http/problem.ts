// Error answers: RFC 9457 problem details. A problem is written for people, is fixed text, and never repeats input.
import type { Response } from 'express';

export type ProblemCode =
  | 'parameter-invalid'
  | 'request-malformed'
  | 'body-refused'
  | 'token-missing'
  | 'token-wrong'
  | 'token-expired'
  | 'session-ended'
  | 'session-code-refused'
  | 'user-missing'
  | 'too-many-requests'
  | 'origin-refused'
  | 'scope-refused'
  | 'reach-refused'
  | 'host-refused'
  | 'method-refused'
  | 'not-found'
  | 'record-unknown'
  | 'checkpoint-none'
  | 'record-damaged'
  | 'store-unavailable'
  | 'internal';

export interface Problem {
  readonly status: number;
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string;
  /** The query or path parameter at fault, by its documented name. */
  readonly parameter?: string;
}

/** A documented parameter whose value cannot be used; `expected` says what can. */
export function parameterProblem(parameter: string, expected: string): Problem {
  return {
    status: 400,
    code: 'parameter-invalid',
    title: 'Parameter invalid',
    detail: `expected ${expected}, got something else`,
    parameter,
  };
}

/** Whoever asked has shown no credential, or none that is good; `detail` says what would be one. */
export function unauthorized(code: ProblemCode, title: string, detail: string): Problem {
  return { status: 401, code, title, detail };
}

/** A page of another server asked, in the name of whoever looks at it. */
export const ORIGIN_REFUSED: Problem = {
  status: 403,
  code: 'origin-refused',
  title: 'Origin refused',
  detail: 'pages of other origins may not use this server',
};

export function isProblem(value: object): value is Problem {
  return 'code' in value && 'status' in value;
}

/** The body as it goes over the wire. `type` is `urn:stateseal:problem:<code>`. */
export function formatProblem(problem: Problem): string {
  const { status, code, title, detail, parameter } = problem;
  return JSON.stringify({ type: `urn:stateseal:problem:${code}`, title, status, detail, parameter });
}

export function sendProblem(response: Response, problem: Problem): void {
  response.status(problem.status);
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-type', 'application/problem+json');
  response.send(Buffer.from(formatProblem(problem)));
}

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
  | 'record-expired'
  | 'state-unknown'
  | 'batch-unknown'
  | 'tile-unknown'
  | 'not-sealed'
  | 'recorder-silent'
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

export const RECORD_UNKNOWN: Problem = {
  status: 404,
  code: 'record-unknown',
  title: 'Record unknown',
  detail: 'expected the index or id of a record of this kind in the log, got another',
};

export const RECORD_DAMAGED: Problem = {
  status: 500,
  code: 'record-damaged',
  title: 'Record damaged',
  detail: 'the stored line is no JSON object: the database was altered or is damaged; run stateseal verify',
};

export const RECORD_EXPIRED: Problem = {
  status: 410,
  code: 'record-expired',
  title: 'Record expired',
  detail: 'the content of the record is no longer here, its hash is; the archive may hold it',
};

export const STATE_UNKNOWN: Problem = {
  status: 404,
  code: 'state-unknown',
  title: 'State unknown',
  detail: 'expected the name, id or reference of a state that the log knew at that time, got another',
};

export const BATCH_UNKNOWN: Problem = {
  status: 404,
  code: 'batch-unknown',
  title: 'Batch unknown',
  detail: 'expected the tree size that a batch ends at, got another',
};

export const CHECKPOINT_NONE: Problem = {
  status: 404,
  code: 'checkpoint-none',
  title: 'No checkpoint yet',
  detail: 'nothing was sealed and signed yet; stateseal seal does it now',
};

export const TOO_MANY_STREAMS: Problem = {
  status: 429,
  code: 'too-many-requests',
  title: 'Too many streams',
  detail: 'as many streams are open as there may be: close one, or try again later',
};

export const TILE_UNKNOWN: Problem = {
  status: 404,
  code: 'tile-unknown',
  title: 'Tile unknown',
  detail: 'expected the path of a tile that the newest checkpoint covers, got another',
};

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

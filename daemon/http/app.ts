// The Express application: order of the guards, table of the resources, last resort for errors. The only door to
// express besides the types of its neighbours. It opens no socket and no file; schemas/openapi.yaml describes it.
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { IntegrityError, StoreError, describeForeign } from '../errors.ts';
import { createCheckpointResource } from './checkpoint.ts';
import { assertHost, assertMethod, assertNoBody, assertOrigin, createTokenGuard, setSafeHeaders } from './guards.ts';
import { getLivez } from './livez.ts';
import type { LogReader } from './log-reader.ts';
import { createReachGuard, createScopeGuard } from './principal.ts';
import { sendProblem, type Problem } from './problem.ts';
import { createRecordResource } from './record.ts';
import { createRecordsResource } from './records.ts';
import type { Resource } from './resource.ts';

export interface AppOptions {
  readonly reader: LogReader;
  /** SHA-256 of the bearer token. */
  readonly tokenHash: Uint8Array;
  /** Told what failed in an answer with status 500 or 503: name and code, no input, no stack. */
  readonly onFailure: (description: string) => void;
}

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  app.set('etag', 'strong');
  app.set('query parser', false);
  app.use(setSafeHeaders, assertHost, assertOrigin, assertMethod, assertNoBody);
  app.get('/livez', getLivez);
  // Also unknown paths answer 401 without the token: nobody can feel their way through the API.
  app.use(createTokenGuard(options.tokenHash));
  for (const { method, path, scope, reach, handler } of createResources(options)) {
    app[method](path, createScopeGuard(scope), createReachGuard(reach), handler);
  }
  app.use(answerUnknownPath);
  app.use(createFailureHandler(options.onFailure));
  return app;
}

/** Every resource behind the guards. */
export function createResources({ reader }: Pick<AppOptions, 'reader'>): readonly Resource[] {
  const read = { method: 'get', scope: 'read', reach: 'log', recorded: 'read' } as const;
  return [
    { ...read, path: '/v1/records', handler: createRecordsResource(reader) },
    { ...read, path: '/v1/records/:key', handler: createRecordResource(reader) },
    { ...read, path: '/v1/checkpoint', handler: createCheckpointResource(reader) },
  ];
}

const answerUnknownPath: RequestHandler = (_request, response) => {
  sendProblem(response, {
    status: 404,
    code: 'not-found',
    title: 'Not found',
    detail: 'expected a path of schemas/openapi.yaml, got another one',
  });
};

function createFailureHandler(onFailure: AppOptions['onFailure']): ErrorRequestHandler {
  // Express knows an error handler by its four parameters.
  return (error: unknown, _request, response, next) => {
    const problem = toProblem(error);
    if (problem.status >= 500) onFailure(describeForeign(error));
    // Too late for a problem: Express cuts the connection.
    if (response.headersSent) return next(error);
    sendProblem(response, problem);
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof StoreError) {
    const detail = 'the local database cannot be read now; the log of the recorder says why';
    return { status: 503, code: 'store-unavailable', title: 'Store unavailable', detail };
  }
  if (error instanceof IntegrityError) {
    const detail = 'the local database contradicts itself; run stateseal verify';
    return { status: 500, code: 'record-damaged', title: 'Record damaged', detail };
  }
  // The router's own refusals (a path that cannot be decoded) carry a status.
  if (error instanceof URIError || (error instanceof Error && 'status' in error && error.status === 400)) {
    const detail = 'expected a well-formed request, got something else';
    return { status: 400, code: 'request-malformed', title: 'Request malformed', detail };
  }
  const detail = 'an error of stateseal itself; the log of the recorder says more';
  return { status: 500, code: 'internal', title: 'Internal error', detail };
}

// The Express application: order of the guards, table of the resources, last resort for errors. The only door to
// express besides the types of its neighbours. It opens no socket and no file; schemas/openapi.yaml describes it.
import compression from 'compression';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import { IntegrityError, StoreError, describeForeign } from '../errors.ts';
import { toStoreError } from '../store/database.ts';
import { createAccessGuard, type AccessParts } from './access.ts';
import { countAccess, type AccessLog } from './access-log.ts';
import {
  assertMethod,
  assertNoBody,
  assertOrigin,
  createHostGuard,
  isCompressible,
  refuseMethod,
  setSafeHeaders,
} from './guards.ts';
import { getLivez } from './livez.ts';
import { createReachGuard, createScopeGuard } from './principal.ts';
import { sendProblem, type Problem } from './problem.ts';
import { Refusal } from './question.ts';
import type { Resource } from './resource.ts';
import { createResources, type ResourceParts } from './resources.ts';
import { createSessionBegin, createSessionEnd, SESSION_PATH } from './session.ts';

export interface AppOptions extends ResourceParts {
  readonly access: AccessParts;
  readonly accessLog: AccessLog;
  /** What this server is called by others than this host; in lower case. */
  readonly names?: readonly string[];
  /** Told what failed in an answer with status 500 or 503: name and code, no input, no stack. */
  readonly onFailure: (description: string) => void;
}

export function createApp(options: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.enable('case sensitive routing');
  app.enable('strict routing');
  // Weak: the same answer goes out with and without gzip.
  app.set('etag', 'weak');
  app.set('query parser', false);
  app.use(setSafeHeaders, createHostGuard(options.names ?? []), assertOrigin, assertMethod, assertNoBody);
  app.use(compression({ filter: isCompressible }));
  app.get('/livez', getLivez);
  app.all('/livez', refuseMethod('GET, HEAD'));
  const { sessions } = options.access;
  app.get(SESSION_PATH, createSessionBegin(sessions));
  // Also unknown paths answer 401 without a credential: nobody can feel their way through the API.
  app.use(createAccessGuard(options.access));
  app.post(`${SESSION_PATH}/end`, createSessionEnd(sessions));
  for (const resource of createResources(options)) addResource(app, resource, options.accessLog);
  app.use(answerUnknownPath);
  app.use(createFailureHandler(options.onFailure));
  return app;
}

function addResource(app: Express, resource: Resource, accessLog: AccessLog): void {
  const { method, path, scope, reach, handler } = resource;
  app[method](path, createScopeGuard(scope), createReachGuard(reach), countAccess(resource, accessLog), handler);
  app.all(path, refuseMethod(method === 'get' ? 'GET, HEAD' : 'POST'));
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
  return (thrown: unknown, _request, response, next) => {
    const error = toStoreError('read the log', thrown);
    const problem = toProblem(error);
    // A refusal is an answer, also where it says that the recorder is silent.
    if (problem.status >= 500 && !(error instanceof Refusal)) onFailure(describeForeign(error));
    // Too late for a problem: Express cuts the connection.
    if (response.headersSent) return next(error);
    sendProblem(response, problem);
  };
}

function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem;
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

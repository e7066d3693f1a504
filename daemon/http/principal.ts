// Who asks, as the guards found out. What a resource may tell depends on it, and log.accessed names it.
import type { RequestHandler, Response } from 'express';
import { sendProblem } from './problem.ts';

/** 'admin' may do what changes something (seal), and everything that 'read' may. */
export type Scope = 'read' | 'admin';

export interface Principal {
  /** As it is recorded: `token:ci-dashboard`, `session:uid:1000`, `proxy:alice`. */
  readonly name: string;
  readonly scope: Scope;
  /** Globs over state names and references that it is limited to; undefined: all of the log. */
  readonly states: readonly string[] | undefined;
}

/** Set once, by the guard that let the request in. */
export function setPrincipal(response: Response, principal: Principal): void {
  response.locals['principal'] = principal;
}

/** Who asks. Throws TypeError where no guard stood before: a mistake of ours, never an open door. */
export function principalOf(response: Response): Principal {
  const principal = response.locals['principal'] as Principal | undefined;
  if (principal === undefined) throw new TypeError('expected a guard before this resource, got none');
  return principal;
}

/** 403 for who may read, where more is needed. */
export function createScopeGuard(needed: Scope): RequestHandler {
  return (_request, response, next) => {
    if (needed === 'read' || principalOf(response).scope === 'admin') return next();
    sendProblem(response, {
      status: 403,
      code: 'scope-refused',
      title: 'Scope refused',
      detail: 'expected a credential with the scope admin, got one that may only read',
    });
  };
}

/** 403 for who is limited to some states, where the answer is about all of them. */
export function createReachGuard(reach: 'states' | 'log'): RequestHandler {
  return (_request, response, next) => {
    if (reach === 'states' || principalOf(response).states === undefined) return next();
    sendProblem(response, {
      status: 403,
      code: 'reach-refused',
      title: 'Reach refused',
      detail: 'expected a credential for the whole log, got one that is limited to some states',
    });
  };
}

// Who is let in: a bearer token, a token of a proxy that names the person, or the cookie of a session. Every local
// process reaches loopback, so everything behind this is closed. It reads no log.
import type { Request, RequestHandler, Response } from 'express';
import type { Token, TokenRefusal } from '../tokens.ts';
import { setPrincipal, type Principal } from './principal.ts';
import { ORIGIN_REFUSED, sendProblem, unauthorized, type Problem } from './problem.ts';
import type { Rates } from './rates.ts';
import type { Sessions } from './sessions.ts';

export interface AccessParts {
  readonly checkToken: (text: string) => Promise<Token | TokenRefusal>;
  readonly sessions: Sessions;
  /** Lower case; in which a proxy with a token of scope 'proxy' names the person. */
  readonly userHeader: string;
  /** By the name of the principal. */
  readonly rates: Rates;
  /** Wrong credentials: few are answered, so that nobody can try many. */
  readonly refusals: Rates;
}

const MAX_USER_UNITS = 128;

export function createAccessGuard(parts: AccessParts): RequestHandler {
  return async (request, response, next) => {
    const found = await identify(parts, request);
    if ('status' in found) return refuse(parts, request, response, found);
    if (!parts.rates.take(found.name)) return sendTooMany(response);
    setPrincipal(response, found);
    next();
  };
}

async function identify(parts: AccessParts, request: Request): Promise<Principal | Problem> {
  const bearer = parseBearer(request.headers.authorization);
  if (bearer !== undefined) return toPrincipal(await parts.checkToken(bearer), parts.userHeader, request);
  const cookie = readCookie(request.headers.cookie, sessionCookie(request));
  if (cookie === undefined) return MISSING;
  // Same-site is not enough: a page of another port of this host is same-site.
  if (!['same-origin', 'none', undefined].includes(headerOf(request, 'sec-fetch-site'))) return ORIGIN_REFUSED;
  if (request.method === 'POST' && request.headers.origin === undefined) return ORIGIN_REFUSED;
  return parts.sessions.find(cookie) ?? SESSION_ENDED;
}

function toPrincipal(token: Token | TokenRefusal, userHeader: string, request: Request): Principal | Problem {
  if (typeof token === 'string') return token === 'expired' ? EXPIRED : WRONG;
  const { name, scope, states } = token;
  if (scope !== 'proxy') return { name: `token:${name}`, scope, states };
  const user = headerOf(request, userHeader);
  if (user === undefined || !/^[\x21-\x7e]+$/u.test(user) || user.length > MAX_USER_UNITS) return USER_MISSING;
  return { name: `proxy:${user}`, scope: 'read', states };
}

function refuse({ refusals }: AccessParts, request: Request, response: Response, problem: Problem): void {
  // One bucket: on loopback everybody has the same address. Who presents nothing tries nothing.
  if (problem !== MISSING && !refusals.take('')) return sendTooMany(response);
  const isBearer = request.headers.authorization !== undefined && problem !== MISSING;
  response.setHeader('www-authenticate', `Bearer realm="stateseal"${isBearer ? ', error="invalid_token"' : ''}`);
  sendProblem(response, problem);
}

function sendTooMany(response: Response): void {
  response.setHeader('retry-after', '1');
  sendProblem(response, {
    status: 429,
    code: 'too-many-requests',
    title: 'Too many requests',
    detail: 'expected fewer requests, got too many at once; try again in a second',
  });
}

/** The token of an Authorization header; undefined when there is none in the Bearer scheme. */
export function parseBearer(header: string | undefined): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/iu.exec(header ?? '')?.[1];
}

/** Cookies know no ports: two recorders of one host need two names. */
export function sessionCookie(request: Request): string {
  return request.secure ? '__Host-stateseal' : `stateseal-${request.socket.localPort ?? 0}`;
}

export function readCookie(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim());
  const found = pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
  return found === undefined || found === '' ? undefined : found;
}

function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join() : value;
}

const MISSING = unauthorized(
  'token-missing',
  'Token missing',
  'expected "Authorization: Bearer <token>" or a session of stateseal open, got a request without either',
);

const WRONG = unauthorized('token-wrong', 'Token wrong', 'expected a token of stateseal token create, got another one');

const EXPIRED = unauthorized(
  'token-expired',
  'Token expired',
  'expected a token that is still good, got one whose time is over; make another: stateseal token create',
);

const SESSION_ENDED = unauthorized(
  'session-ended',
  'Session ended',
  'expected a session that is still good, got an old one; begin another: stateseal open',
);

const USER_MISSING = unauthorized(
  'user-missing',
  'User missing',
  'expected the proxy to name who is signed in, in the header it was configured for; got no usable name',
);

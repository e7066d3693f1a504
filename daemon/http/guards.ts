// What every request must pass before a resource sees it, in this order: headers of every answer, Host, Origin,
// method, body, token. Nothing here reads the log.
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { setPrincipal } from './principal.ts';
import { sendProblem } from './problem.ts';
import { isToken, parseBearer } from './token.ts';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

/** Headers of every answer, errors included. Nothing is to be framed, sniffed, or kept unless a resource says so. */
export function setSafeHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('cache-control', 'no-store');
  response.setHeader('content-security-policy', "default-src 'none'; frame-ancestors 'none'");
  response.setHeader('cross-origin-resource-policy', 'same-origin');
  response.setHeader('referrer-policy', 'no-referrer');
  response.setHeader('x-content-type-options', 'nosniff');
  next();
}

/** A name that was rebound to loopback still sends its own name in Host: 421 (RFC 9110 §15.5.20). */
export function assertHost(request: Request, response: Response, next: NextFunction): void {
  if (allowedHosts(request).includes(request.headers.host?.toLowerCase() ?? '')) return next();
  sendProblem(response, {
    status: 421,
    code: 'host-refused',
    title: 'Host refused',
    detail: 'expected localhost, 127.0.0.1 or [::1] with the port of this server in Host, got something else',
  });
}

/** Browsers name the page a request comes from: only a page of this server may ask. */
export function assertOrigin(request: Request, response: Response, next: NextFunction): void {
  const origin = request.headers.origin;
  if (origin === undefined || origin.toLowerCase() === `http://${request.headers.host?.toLowerCase()}`) return next();
  sendProblem(response, {
    status: 403,
    code: 'origin-refused',
    title: 'Origin refused',
    detail: 'pages of other origins may not use this server',
  });
}

/** The API only reads. */
export function assertMethod(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'GET' || request.method === 'HEAD') return next();
  response.setHeader('allow', 'GET, HEAD');
  // An unread body would otherwise be taken for the next request of this connection.
  response.setHeader('connection', 'close');
  sendProblem(response, {
    status: 405,
    code: 'method-refused',
    title: 'Method refused',
    detail: 'expected GET or HEAD, got another method',
  });
}

/** No resource takes a body, so none is read. */
export function assertNoBody(request: Request, response: Response, next: NextFunction): void {
  const length = request.headers['content-length'] ?? '0';
  if (/^0+$/u.test(length) && request.headers['transfer-encoding'] === undefined) return next();
  response.setHeader('connection', 'close');
  sendProblem(response, {
    status: 413,
    code: 'body-refused',
    title: 'Body refused',
    detail: 'expected a request without a body, got one with a body',
  });
}

/** Every local process reaches loopback, so what follows this is closed without the token. */
export function createTokenGuard(tokenHash: Uint8Array): RequestHandler {
  return (request, response, next) => {
    const presented = parseBearer(request.headers.authorization);
    if (presented !== undefined && isToken(presented, tokenHash)) {
      setPrincipal(response, { name: 'token:local', scope: 'admin', states: undefined });
      return next();
    }
    const missing = presented === undefined;
    response.setHeader('www-authenticate', `Bearer realm="stateseal"${missing ? '' : ', error="invalid_token"'}`);
    sendProblem(response, {
      status: 401,
      code: missing ? 'token-missing' : 'token-wrong',
      title: missing ? 'Token missing' : 'Token wrong',
      detail: missing
        ? 'expected "Authorization: Bearer <token>", got a request without a bearer token'
        : 'expected the token of this recorder, got another one',
    });
  };
}

function allowedHosts(request: IncomingMessage): readonly string[] {
  const port = request.socket.localPort;
  const withPort = LOOPBACK_NAMES.map((name) => `${name}:${port}`);
  return port === 80 ? [...withPort, ...LOOPBACK_NAMES] : withPort;
}

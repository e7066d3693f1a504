// What every request must pass before a resource sees it, in this order: headers of every answer, Host, Origin,
// method, body; then who asks (access.ts). Nothing here reads the log.
import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ORIGIN_REFUSED, sendProblem } from './problem.ts';

const COMPRESSED = /^(?:text\/(?!event-stream)|application\/(?:json|x-ndjson|problem\+json))/u;
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

/**
 * A name that was rebound to this address still sends its own name in Host: 421 (RFC 9110 §15.5.20). `names`: in lower
 * case, what it is called by others.
 */
export function createHostGuard(names: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (allowedHosts(request, names).includes(request.headers.host?.toLowerCase() ?? '')) return next();
    sendProblem(response, {
      status: 421,
      code: 'host-refused',
      title: 'Host refused',
      detail: 'expected a name of this server with its port in Host, got something else; more names: http.names',
    });
  };
}

/** Browsers name the page a request comes from: only a page of this server may ask. */
export function assertOrigin(request: Request, response: Response, next: NextFunction): void {
  const origin = request.headers.origin;
  const own = `${request.protocol}://${request.headers.host?.toLowerCase()}`;
  if (origin === undefined || origin.toLowerCase() === own) return next();
  sendProblem(response, ORIGIN_REFUSED);
}

/** What no resource has is refused before anything else; which one takes POST is told behind the credentials. */
export function assertMethod(request: Request, response: Response, next: NextFunction): void {
  if (['GET', 'HEAD', 'POST'].includes(request.method)) return next();
  refuseMethod('GET, HEAD')(request, response, next);
}

/** `allowed`: as the Allow header lists them. */
export function refuseMethod(allowed: 'GET, HEAD' | 'POST'): RequestHandler {
  return (_request, response) => {
    response.setHeader('allow', allowed);
    // An unread body would otherwise be taken for the next request of this connection.
    response.setHeader('connection', 'close');
    sendProblem(response, {
      status: 405,
      code: 'method-refused',
      title: 'Method refused',
      detail: `expected ${allowed.replace(', ', ' or ')}, got another method`,
    });
  };
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

/** Text that is no event stream: events would wait for a full block. */
export function isCompressible(_request: Request, response: Response): boolean {
  return COMPRESSED.test(String(response.getHeader('content-type') ?? ''));
}

function allowedHosts(request: IncomingMessage, names: readonly string[]): readonly string[] {
  const { localPort: port } = request.socket;
  const own = [...LOOPBACK_NAMES, ...names];
  // A unix socket has no port: clients send whatever stands in their URL.
  if (port === undefined) return own;
  const withPort = own.map((name) => `${name}:${port}`);
  return port === 80 || port === 443 ? [...withPort, ...own] : withPort;
}

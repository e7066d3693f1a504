// GET /session?code=…: a one-time code becomes the cookie of a session. POST /session/end ends it. The code is minted
// through the control socket (`stateseal open`), which only the owner of the data directory reaches.
import type { Request, RequestHandler, Response } from 'express';
import { readCookie, sessionCookie } from './access.ts';
import { sendProblem, unauthorized } from './problem.ts';
import { parseQuery } from './question.ts';
import type { Sessions } from './sessions.ts';

export const SESSION_PATH = '/session';

const CODE_REFUSED = unauthorized(
  'session-code-refused',
  'Code refused',
  'expected a code that was not used yet and is not older than a minute; ask for another: stateseal open',
);

export function createSessionBegin(sessions: Sessions): RequestHandler {
  return (request, response) => {
    const asked = parseQuery(request.url, { code: 'text' });
    // HEAD, and a browser that looks ahead, must not use it up.
    const isLook = request.method !== 'GET' || request.headers['sec-purpose'] !== undefined;
    const id = isLook ? undefined : sessions.redeem(asked.text('code') ?? '');
    if (id === undefined) return sendProblem(response, CODE_REFUSED);
    setCookie(request, response, id, 12 * 3600);
    response.redirect(303, '/');
  };
}

export function createSessionEnd(sessions: Sessions): RequestHandler {
  return (request, response) => {
    const id = readCookie(request.headers.cookie, sessionCookie(request));
    if (id !== undefined) sessions.end(id);
    setCookie(request, response, '', 0);
    response.status(204).end();
  };
}

function setCookie(request: Request, response: Response, value: string, maxAgeSeconds: number): void {
  const secure = request.secure ? '; Secure' : '';
  const cookie = `${sessionCookie(request)}=${value}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${maxAgeSeconds}`;
  response.setHeader('set-cookie', cookie + secure);
}

// Terraform's http backend protocol over node:http: who asks, for what, and the answer. Credentials are checked before
// a byte of the body is read. No answer repeats anything of a request; only a lock's holder is told to whoever waits.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { ParseError, describeForeign } from '../errors.ts';
import type { Claim } from '../record/observation.ts';
import { parseLockInfo } from '../terraform/lock-info.ts';
import type { LockInfo } from '../terraform/state.ts';
import { BodyBudget, readRequestBody, type BodyLease } from './body.ts';
import { parseBasic, type Login, type Verdict } from './credentials.ts';
import type { KeptState, LockResult, WriteResult } from './kept-state.ts';
import { formatLockInfo } from './lock-body.ts';
import { MAX_LOCK_BYTES } from './storage.ts';
import { parseTarget, type Target } from './target.ts';

export interface HandlerParts {
  readonly states: ReadonlyMap<string, KeptState>;
  readonly maxBodyBytes: number;
  /** A sender or receiver with whom nothing moves for so long is cut off; the work in between takes what it takes. */
  readonly idleMs: number;
  check(state: string, login: Login): Promise<Verdict>;
  /** Told what failed in an answer with status 500: code and text of ours, no input. */
  onFailure(error: unknown): void;
  onRefusal(why: Refusal): void;
}

export type Refusal = 'unauthorized' | 'forbidden' | 'locked' | 'malformed' | 'failed';

interface Answer {
  readonly status: number;
  readonly body: string | Uint8Array;
  readonly refusal?: Refusal;
}

/** Two of the largest bodies at a time. */
const BODIES_AT_ONCE = 2;

export function createHandler(parts: HandlerParts): RequestListener {
  const budget = new BodyBudget(parts.maxBodyBytes * BODIES_AT_ONCE);
  return (request, response) => {
    const lease = budget.lease();
    const { socket } = request;
    void answerRequest(request, parts, lease).then((answer) => {
      lease.end();
      if (answer === undefined) return void response.destroy();
      if (answer.refusal !== undefined) parts.onRefusal(answer.refusal);
      socket.setTimeout(parts.idleMs);
      send(request, response, answer);
    });
  };
}

/** Undefined when the sender went away. */
async function answerRequest(
  request: IncomingMessage,
  parts: HandlerParts,
  lease: BodyLease,
): Promise<Answer | undefined> {
  try {
    const target = parseTarget(request.method ?? '', request.url ?? '');
    const login = parseBasic(request.headers.authorization);
    if (login === undefined) return refuse(401, 'unauthorized', 'expected a credential: see stateseal backend --help');
    const verdict = await parts.check(typeof target === 'string' ? '' : target.name, login);
    if (verdict === 'unknown') return refuse(401, 'unauthorized', 'expected a credential of this backend, got another');
    if (target === 'not-found') return refuse(403, 'forbidden', 'expected /state/<name> or /state/<name>/lock');
    if (target === 'method-refused') return refuse(405, 'malformed', 'expected a method of the http backend');
    const state = parts.states.get(target.name);
    // Never 404: Terraform would take it for an empty state and plan to create everything.
    if (verdict === 'elsewhere' || state === undefined) {
      return refuse(403, 'forbidden', 'expected a credential of this state, got one of another');
    }
    const isLock = target.operation === 'lock' || target.operation === 'unlock';
    const { socket } = request;
    socket.setTimeout(parts.idleMs);
    const body = await readRequestBody(request, isLock ? MAX_LOCK_BYTES : parts.maxBodyBytes, lease);
    socket.setTimeout(0);
    if (body === 'cut') return undefined;
    if (body === 'too-large') return refuse(413, 'malformed', 'expected a smaller body: see maxFileBytes');
    if (body === 'busy') return refuse(503, 'failed', 'too many large states at a time: try again');
    if (body === 'digest-wrong') return refuse(400, 'malformed', 'expected a body with the digest of its Content-MD5');
    const by: Claim = { field: 'credential', value: `backend:${login.name}`, known: 'verified', by: 'backend' };
    return await operate(state, target, body, [by, ...target.claims]);
  } catch (error) {
    return toFailure(error, parts);
  }
}

async function operate(
  state: KeptState,
  { operation, lockId }: Target,
  body: Uint8Array,
  claims: readonly Claim[],
): Promise<Answer> {
  switch (operation) {
    case 'read': {
      const bytes = await state.read();
      return bytes === undefined ? { status: 404, body: 'no state yet\n' } : { status: 200, body: bytes };
    }
    case 'write':
      return toWriteAnswer(await state.write(body, lockId, claims));
    case 'remove':
      return toWriteAnswer(await state.remove(lockId, claims));
    case 'lock':
      return toLockAnswer(await state.lock(parseLockInfo(body), claims));
    case 'unlock':
      return toLockAnswer(await state.unlock(body.length === 0 ? lockId : parseLockInfo(body).id, claims));
  }
}

function toWriteAnswer(result: WriteResult): Answer {
  switch (result.outcome) {
    case 'stored':
      return { status: 200, body: '' };
    case 'not-a-state':
      return refuse(400, 'malformed', 'expected a state of version 4, got something else: nothing was stored');
    case 'locked':
      return locked(result.holder);
    case 'lock-lost':
      return refuse(409, 'locked', 'expected a lock that is held: this one was taken away by force-unlock');
  }
}

function toLockAnswer(result: LockResult): Answer {
  return result.outcome === 'done' ? { status: 200, body: '' } : locked(result.holder);
}

/** What Terraform shows as the lock's holder. */
function locked(holder: LockInfo): Answer {
  return { status: 423, body: formatLockInfo(holder), refusal: 'locked' };
}

function toFailure(error: unknown, parts: HandlerParts): Answer {
  // Only a lock's body is parsed out here.
  if (error instanceof ParseError) return refuse(400, 'malformed', 'expected the JSON of a lock, got something else');
  parts.onFailure(error);
  return refuse(500, 'failed', `not recorded or not stored, so not acknowledged: ${describeForeign(error)}`);
}

function refuse(status: number, refusal: Refusal, text: string): Answer {
  return { status, body: `${text}\n`, refusal };
}

function send(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
  const isText = typeof body === 'string';
  response.setHeader('cache-control', 'no-store');
  response.setHeader('x-content-type-options', 'nosniff');
  response.setHeader('content-type', isText ? 'text/plain; charset=utf-8' : 'application/json');
  response.setHeader('content-length', isText ? Buffer.byteLength(body) : body.length);
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="stateseal", charset="UTF-8"');
  // What was not read would be taken for the next request of this connection.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status).end(body);
}

// An HTTP proxy of our own on loopback, between stateseal and a real store: names each S3 call and does to it what its
// owner says. The Host header goes on as it came, because the signature covers it. Holds one request in memory each.
import { once } from 'node:events';
import { createServer, request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseS3Request, type S3Request } from './s3-call.ts';

/** What becomes of one call. "store" = the request is carried out there, once, unless it says otherwise. */
export type ProxyFault =
  /** The store sees nothing of it. */
  | { readonly kind: 'lost'; readonly how: 'cut' | 500 | 503 }
  /** The store has done it, and the caller is told otherwise. */
  | { readonly kind: 'done'; readonly how: 'cut' | 500 | 503 }
  /** The answer is complete, `ms` late. */
  | { readonly kind: 'late'; readonly ms: number }
  /** The answer's head comes at once, its body in single bytes over `ms`. */
  | { readonly kind: 'trickled'; readonly ms: number }
  /** The store gets so many bytes of the request's body, then both ends are cut. */
  | { readonly kind: 'cut-request'; readonly at: number }
  /** The caller gets so many bytes of the answer's body, then is cut. */
  | { readonly kind: 'cut-answer'; readonly at: number }
  /** One bit in the middle of the body that the caller reads is another. */
  | { readonly kind: 'flipped-answer' }
  /** The same with the body that the store gets. */
  | { readonly kind: 'flipped-request' }
  /** The body ends early, and the length says so. */
  | { readonly kind: 'shortened-answer' }
  /** An error that a store gives: its document, with the write done or not. */
  | { readonly kind: 'answered'; readonly status: number; readonly code: string; readonly isDone: boolean }
  /** The Date header says another time. */
  | { readonly kind: 'skewed'; readonly ms: number }
  /** The answer's body is what this makes of it; for listings. */
  | { readonly kind: 'rewritten'; readonly rewrite: (body: string) => string };

export interface FaultProxy {
  /** http://127.0.0.1:<port> */
  readonly endpoint: string;
  /** Decides; undefined = passed on untouched. May be changed at any time. */
  onCall: ((call: S3Request) => ProxyFault | undefined) | undefined;
  /** Told when the store has answered, before the caller hears of it. */
  onDone: ((call: S3Request) => void) | undefined;
  /** Calls seen so far, in order. */
  readonly calls: readonly S3Request[];
  /** Resolves when nothing is under way: what a caller that is gone has sent has reached the store or never will. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** A request to the store that takes longer is given up: no test waits for ever. */
const STORE_PATIENCE_MS = 30_000;
const TRICKLE_STEPS = 20;

export async function openFaultProxy(target: string): Promise<FaultProxy> {
  const calls: S3Request[] = [];
  const underWay = new Set<Promise<void>>();
  const server = createServer((incoming, outgoing) => {
    const serving = serve(proxy, calls, target, incoming, outgoing)
      .catch(() => void outgoing.destroy())
      .finally(() => underWay.delete(serving));
    underWay.add(serving);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port, got none');
  const proxy: FaultProxy = {
    endpoint: `http://127.0.0.1:${address.port}`,
    onCall: undefined,
    onDone: undefined,
    calls,
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return proxy;
}

/** A refusal by rights, as S3 words it. */
export const DENIED: ProxyFault = { kind: 'answered', status: 403, code: 'AccessDenied', isDone: false };
/** A refusal by time: the signature is minutes off the store's clock. */
export const TOO_SKEWED: ProxyFault = { kind: 'answered', status: 403, code: 'RequestTimeTooSkewed', isDone: false };

interface Received {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

interface Answer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

async function serve(
  proxy: FaultProxy,
  calls: S3Request[],
  target: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const received = await receive(incoming);
  const call = parseS3Request(received.method, received.url);
  calls.push(call);
  const fault = proxy.onCall?.(call);
  if (fault !== undefined && isKeptFromStore(fault)) {
    if (fault.kind === 'cut-request') await sendPart(target, received, fault.at);
    return refuse(incoming, outgoing, fault);
  }
  const sent = fault?.kind === 'flipped-request' ? { ...received, body: flipBit(received.body) } : received;
  const answer = await forward(target, sent);
  proxy.onDone?.(call);
  if (fault?.kind === 'done' || fault?.kind === 'answered') return refuse(incoming, outgoing, fault);
  await tell(incoming, outgoing, answer, fault);
}

function isKeptFromStore(fault: ProxyFault): boolean {
  if (fault.kind === 'answered') return !fault.isDone;
  return fault.kind === 'lost' || fault.kind === 'cut-request';
}

async function receive(incoming: IncomingMessage): Promise<Received> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const { method = '', url = '', rawHeaders } = incoming;
  return { method, url, rawHeaders, body: Buffer.concat(chunks) };
}

function forward(target: string, received: Received): Promise<Answer> {
  const sending = openRequest(target, received);
  const answered = new Promise<Answer>((resolve, reject) => {
    sending.once('error', reject);
    sending.once('response', (response) => {
      receive(response).then(
        ({ rawHeaders, body }) => resolve({ status: response.statusCode ?? 0, rawHeaders, body }),
        reject,
      );
    });
  });
  sending.end(received.body);
  return answered;
}

/** The store is left with a request that never becomes whole. */
async function sendPart(target: string, received: Received, at: number): Promise<void> {
  const sending = openRequest(target, received);
  const part = received.body.subarray(0, at);
  await new Promise((resolve) => {
    sending.once('error', resolve);
    // An empty write would wait for ever: then the head alone is sent.
    if (part.length > 0) sending.write(part, resolve);
    else sending.once('socket', (socket) => socket.once('connect', () => setImmediate(resolve))).flushHeaders();
  });
  sending.on('error', () => undefined).destroy();
}

// "Expect" is between two neighbours, and has been answered here.
function openRequest(target: string, { method, url, rawHeaders }: Received) {
  const { hostname, port } = new URL(target);
  const headers = without(rawHeaders, ['expect', 'connection']);
  const signal = AbortSignal.timeout(STORE_PATIENCE_MS);
  return sendRequest({ hostname, port, method, path: url, headers, agent: false, signal });
}

function refuse(incoming: IncomingMessage, outgoing: ServerResponse, fault: ProxyFault): void {
  const status = fault.kind === 'answered' ? fault.status : 'how' in fault && fault.how !== 'cut' ? fault.how : 0;
  if (status === 0) return void incoming.socket.destroy();
  const code = fault.kind === 'answered' ? fault.code : status === 503 ? 'SlowDown' : 'InternalError';
  const document = Buffer.from(`<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code></Error>`);
  const body = incoming.method === 'HEAD' ? Buffer.alloc(0) : document;
  outgoing.writeHead(status, { 'content-type': 'application/xml', 'content-length': body.length });
  outgoing.end(body);
}

/** Passes the store's answer on, with its fault. */
async function tell(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  answer: Answer,
  fault: ProxyFault | undefined,
): Promise<void> {
  if (fault?.kind === 'late') await delay(fault.ms);
  const body = toBody(answer.body, fault);
  const shiftMs = fault?.kind === 'skewed' ? fault.ms : 0;
  // The length a HEAD tells is not that of its own body.
  const kept = incoming.method === 'HEAD' ? [] : ['content-length', 'transfer-encoding'];
  const headers = withDate(without(answer.rawHeaders, [...kept, 'connection', 'keep-alive']), shiftMs);
  const length = incoming.method === 'HEAD' ? [] : ['content-length', String(body.length)];
  outgoing.sendDate = false;
  outgoing.writeHead(answer.status, [...headers, ...length]);
  if (fault?.kind === 'cut-answer') {
    const part = body.subarray(0, fault.at);
    outgoing.flushHeaders();
    if (part.length > 0) await new Promise((resolve) => outgoing.write(part, resolve));
    incoming.socket.destroy();
  } else if (fault?.kind === 'trickled') await trickle(outgoing, body, fault.ms);
  else outgoing.end(body);
}

function toBody(body: Buffer, fault: ProxyFault | undefined): Buffer {
  switch (fault?.kind) {
    case 'flipped-answer':
      return flipBit(body);
    case 'shortened-answer':
      return body.subarray(0, Math.floor(body.length / 2));
    case 'rewritten':
      return Buffer.from(fault.rewrite(body.toString('utf8')));
    default:
      return body;
  }
}

async function trickle(outgoing: ServerResponse, body: Buffer, ms: number): Promise<void> {
  outgoing.flushHeaders();
  const step = Math.ceil(body.length / TRICKLE_STEPS);
  for (let at = 0; at < body.length && !outgoing.destroyed; at += step) {
    outgoing.write(body.subarray(at, at + step));
    await delay(ms / TRICKLE_STEPS);
  }
  outgoing.end();
}

function flipBit(body: Buffer): Buffer {
  const at = Math.floor(body.length / 2);
  return Buffer.from(body.map((byte, index) => (index === at ? byte ^ 1 : byte)));
}

function without(rawHeaders: readonly string[], names: readonly string[]): string[] {
  return pairs(rawHeaders).flatMap(([name, value]) => (names.includes(name.toLowerCase()) ? [] : [name, value]));
}

function withDate(rawHeaders: readonly string[], shiftMs: number): string[] {
  return pairs(rawHeaders).flatMap(([name, value]) =>
    name.toLowerCase() === 'date' ? [name, new Date(Date.parse(value) + shiftMs).toUTCString()] : [name, value],
  );
}

function pairs(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  return rawHeaders.flatMap((name, index) => (index % 2 === 0 ? [[name, rawHeaders[index + 1] ?? ''] as const] : []));
}

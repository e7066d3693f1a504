// The sockets under the application: TCP (loopback, or TLS beyond it) and a unix socket, with limits on headers, time
// and connections.
import { chmod, rm } from 'node:fs/promises';
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { ConfigError, describeForeign } from '../errors.ts';
import { closeServer, createServer, listen, parserStatus, reachedAt, type TlsFiles } from '../http-socket.ts';
import { formatProblem } from './problem.ts';

export const DEFAULT_HTTP_HOST = '127.0.0.1';
export const DEFAULT_HTTP_PORT = 7373;

const MAX_HEADER_BYTES = 8 * 1024;
const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_TIMEOUT_MS = 5_000;
/** A reader that takes nothing for so long is cut off. */
const IDLE_SOCKET_MS = 30_000;
/** What is still being answered may end for so long after `close`. */
const CLOSE_GRACE_MS = 1_000;

const LOOPBACK: ReadonlyMap<string, string> = new Map([
  ['127.0.0.1', '127.0.0.1'],
  ['::1', '::1'],
  // Not left to name resolution, which an entry in /etc/hosts could send elsewhere.
  ['localhost', '127.0.0.1'],
]);

export interface ListenOptions {
  /** A loopback address; any address of this host with `tls`. */
  readonly host?: string;
  /** 0 = any free one. */
  readonly port?: number;
  readonly tls?: TlsFiles | undefined;
}

export interface HttpListener {
  /** Without a slash at the end: http://127.0.0.1:7373 */
  readonly url: string;
  readonly port: number;
  /** Takes no new connection, ends idle ones, waits a second for the rest. */
  close(): Promise<void>;
}

/** Throws ConfigError `http-host-refused`, `http-tls`, `http-port-taken` or `http-listen-failed`. */
export async function listenHttp(app: RequestListener, options: ListenOptions = {}): Promise<HttpListener> {
  const { tls, host: asked = DEFAULT_HTTP_HOST, port: wanted = DEFAULT_HTTP_PORT } = options;
  const host = LOOPBACK.get(asked) ?? (tls === undefined ? undefined : asked);
  if (host === undefined) throw hostRefused();
  const server = await createLimitedServer(app, tls);
  await listen(server, { host, port: wanted }, (error) => listenFailed(error, wanted));
  return { ...reachedAt(server, host, tls), close: () => closeServer(server, CLOSE_GRACE_MS) };
}

/**
 * A unix socket that only this account opens (0600); one that a killed process left is replaced. Throws ConfigError
 * `http-listen-failed`.
 */
export async function listenUnix(app: RequestListener, path: string): Promise<Pick<HttpListener, 'close'>> {
  const server = await createLimitedServer(app, undefined);
  await rm(path, { force: true });
  await listen(server, { path }, (error) => socketFailed(error));
  await chmod(path, 0o600);
  return {
    close: async () => {
      await closeServer(server, CLOSE_GRACE_MS);
      await rm(path, { force: true });
    },
  };
}

async function createLimitedServer(app: RequestListener, tls: TlsFiles | undefined): Promise<Server> {
  const limits: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    connectionsCheckingInterval: 1_000,
  };
  const server = await createServer(app, limits, tls, badTls);
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(IDLE_SOCKET_MS);
  server.on('clientError', answerMalformed);
  return server;
}

/** What the parser refuses never reaches the application: too large headers, bad syntax, too slow. */
function answerMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const status = parserStatus(error.code);
  const body = formatProblem({
    status,
    code: 'request-malformed',
    title: 'Request malformed',
    detail: `expected a well-formed request with at most ${MAX_HEADER_BYTES} bytes of headers, in time`,
  });
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/problem+json\r\ncontent-length: ${body.length}\r\n` +
      `cache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  );
}

function hostRefused(): ConfigError {
  return new ConfigError('http-host-refused', 'expected a loopback address for http.host, or http.tls, got neither', {
    hint: 'use 127.0.0.1, ::1 or localhost; give http.tls, or put a proxy with TLS in front, to reach it from elsewhere',
  });
}

function listenFailed(error: Error, port: number): ConfigError {
  if ('code' in error && error.code === 'EADDRINUSE') {
    return new ConfigError('http-port-taken', `expected port ${port} to be free, got one that is in use`, {
      hint: 'another recorder or program listens there: choose another http.port',
    });
  }
  return new ConfigError('http-listen-failed', `could not listen on port ${port}: ${describeForeign(error)}`, {
    hint: 'choose a http.port above 1023, and an address of this host as http.host',
  });
}

function socketFailed(error: Error): ConfigError {
  return new ConfigError('http-listen-failed', `could not listen on the unix socket: ${describeForeign(error)}`, {
    hint: 'its path, api.sock in the data directory, must fit into 107 bytes: use a shorter --data-dir',
  });
}

function badTls(error: unknown): ConfigError {
  return new ConfigError('http-tls', `could not use http.tls: ${describeForeign(error)}`, {
    hint: 'certFile holds the chain and keyFile the key, both PEM, readable by this user',
  });
}

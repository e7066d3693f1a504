// The socket under the state backend: TLS where configured, limits on headers, time and connections.
import type { RequestListener, Server, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { ConfigError, describeForeign } from '../errors.ts';
import { closeServer, createServer, listen, parserStatus, reachedAt, type TlsFiles } from '../http-socket.ts';

export interface BackendListenOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly tls: TlsFiles | undefined;
  /** A whole request, its body included, may take so long. */
  readonly requestMs: number;
}

export interface BackendListener {
  /** Without a slash at the end: http://127.0.0.1:7374 */
  readonly url: string;
  close(): Promise<void>;
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_HEADERS = 64;
const MAX_CONNECTIONS = 128;
const HEADERS_TIMEOUT_MS = 10_000;
const CHECK_MS = 250;
/** What is still being answered may end for so long after `close`. */
const CLOSE_GRACE_MS = 2_000;

/** Throws ConfigError `backend-listen-failed` or `backend-tls`. */
export async function listenBackend(handler: RequestListener, options: BackendListenOptions): Promise<BackendListener> {
  const server = await createLimitedServer(handler, options);
  await listen(server, options, (error) => listenFailed(error, options.port));
  const { url } = reachedAt(server, options.host, options.tls);
  return { url, close: () => closeServer(server, CLOSE_GRACE_MS) };
}

async function createLimitedServer(handler: RequestListener, options: BackendListenOptions): Promise<Server> {
  const limits: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: Math.min(HEADERS_TIMEOUT_MS, options.requestMs),
    requestTimeout: options.requestMs,
    keepAliveTimeout: 5_000,
    connectionsCheckingInterval: CHECK_MS,
  };
  const server = await createServer(handler, limits, options.tls, badTls);
  server.maxConnections = MAX_CONNECTIONS;
  server.maxHeadersCount = MAX_HEADERS;
  server.on('clientError', refuseMalformed);
  return server;
}

/** What the parser refuses never reaches the handler; its words may quote the request, so none are said. */
function refuseMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  socket.end(`HTTP/1.1 ${parserStatus(error.code)} Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
}

function listenFailed(error: Error, port: number): ConfigError {
  return new ConfigError('backend-listen-failed', `could not listen on port ${port}: ${describeForeign(error)}`, {
    hint: 'choose another backend.port, and an address of this host as backend.host',
  });
}

function badTls(error: unknown): ConfigError {
  return new ConfigError('backend-tls', `could not use backend.tls: ${describeForeign(error)}`, {
    hint: 'certFile holds the chain and keyFile the key, both PEM, readable by this user',
  });
}

// The socket under a server of ours, whichever it is: with or without TLS, how it begins to listen, where it is reached,
// how it ends, and which status a request has that the parser refused. Limits and words are each server's own.
import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** PEM files: certificate chain, and its key. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

/** With TLS where files are given. Rejects with what `toError` makes of files that cannot be used. */
export async function createServer(
  handler: RequestListener,
  limits: ServerOptions,
  tls: TlsFiles | undefined,
  toError: (error: unknown) => Error,
): Promise<Server> {
  if (tls === undefined) return createHttpServer(limits, handler);
  try {
    const pair = { cert: await readFile(tls.certFile), key: await readFile(tls.keyFile) };
    return createHttpsServer({ ...limits, ...pair, minVersion: 'TLSv1.2' }, handler);
  } catch (error) {
    throw toError(error);
  }
}

/** Where a listening server is reached, without a slash at the end: https://[::1]:7374 */
export function reachedAt(
  server: Server,
  host: string,
  tls: TlsFiles | undefined,
): { readonly url: string; readonly port: number } {
  const { port } = server.address() as AddressInfo;
  const name = host.includes(':') ? `[${host}]` : host;
  return { url: `${tls === undefined ? 'http' : 'https'}://${name}:${port}`, port };
}

/** Rejects with what `toError` makes of Node's words. */
export function listen(
  server: Server,
  at: { readonly host: string; readonly port: number } | { readonly path: string },
  toError: (error: Error) => Error,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => reject(toError(error));
    server.once('error', refuse);
    const place = 'path' in at ? { path: at.path } : { host: at.host, port: at.port };
    server.listen({ ...place, exclusive: true }, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

/** Takes no new connection, ends idle ones, and cuts the rest after `graceMs`. */
export function closeServer(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}

/** `code` of a `clientError`. */
export function parserStatus(code: string | undefined): 400 | 408 | 431 {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
}

// The socket under a server of ours, whichever it is: how it begins to listen, how it ends, and which status a request
// has that the parser refused. Limits and words are each server's own.
import type { Server } from 'node:http';

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

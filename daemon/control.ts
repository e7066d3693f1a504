// The control socket, <data>/control.sock (0600): one JSON line in, one JSON line out, for the verbs that need the
// running daemon. Whoever can open it owns the data directory already.
import { chmod, rm } from 'node:fs/promises';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { dirname, basename } from 'node:path';
import { ConfigError, StatesealError, StoreError, describeForeign } from './errors.ts';

export type ControlVerb = 'seal' | 'status' | 'look' | 'note' | 'import' | 'open';
/** What a verb was asked with: untrusted until its handler has checked it. */
export type ControlPayload = Readonly<Record<string, unknown>>;
export type ControlHandlers = Readonly<Record<ControlVerb, (payload: ControlPayload) => Promise<object>>>;

const MAX_LINE_BYTES = 64 * 1024;

export interface ControlServer {
  close(): Promise<void>;
}

/** Replaces a socket left by a killed daemon: the caller holds the data directory's lock. */
export async function openControlServer(path: string, handlers: ControlHandlers): Promise<ControlServer> {
  await rm(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, handlers);
  });
  await listen(server, path);
  await chmod(path, 0o600);
  return {
    close: async () => {
      const isClosed = new Promise<void>((resolve) => server.close(() => resolve()));
      // A client that neither asks nor hangs up must not hold the daemon.
      for (const socket of sockets) socket.destroy();
      await isClosed;
      await rm(path, { force: true });
    },
  };
}

/** Asks the running daemon. Throws ConfigError `daemon-not-running`, or what the daemon answered. */
export async function callDaemon(
  path: string,
  verb: ControlVerb,
  timeoutMs: number,
  payload: ControlPayload = {},
): Promise<object> {
  const answer = await exchange(path, `${JSON.stringify({ verb, payload })}\n`, timeoutMs);
  const value = JSON.parse(answer) as { result?: object; error?: { code: string; message: string; hint: string } };
  if (value.error) throw new StoreError(value.error.code, value.error.message, { hint: value.error.hint });
  return value.result ?? {};
}

/** A path longer than the system allows for sockets is reached from its own folder. */
function shortPath(path: string): string {
  if (Buffer.byteLength(path) <= 100) return path;
  throw new ConfigError(
    'data-dir-too-long',
    `expected a data directory of at most 87 bytes, got ${dirname(path).length}`,
    {
      hint: `the control socket ${basename(path)} must fit into the system's limit for socket paths: use a shorter --data-dir`,
    },
  );
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(refused(error)));
    server.listen(shortPath(path), () => resolve());
  });
}

function serve(socket: Socket, handlers: ControlHandlers): void {
  let text = '';
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8');
    if (text.length > MAX_LINE_BYTES) return socket.destroy();
    const end = text.indexOf('\n');
    if (end < 0) return;
    socket.setTimeout(0);
    socket.removeAllListeners('data');
    void answer(text.slice(0, end), handlers).then((reply) => socket.end(`${reply}\n`));
  });
}

async function answer(line: string, handlers: ControlHandlers): Promise<string> {
  try {
    const { verb, payload } = JSON.parse(line) as { verb?: unknown; payload?: ControlPayload };
    if (typeof verb !== 'string' || !Object.hasOwn(handlers, verb)) throw new TypeError('unknown verb');
    return JSON.stringify({ result: await handlers[verb as ControlVerb](payload ?? {}) });
  } catch (error) {
    const { code, message, hint } =
      error instanceof StatesealError
        ? error
        : {
            code: 'control-failed',
            message: describeForeign(error),
            hint: 'use the same version of stateseal on both ends',
          };
    return JSON.stringify({ error: { code, message, hint } });
  }
}

function exchange(path: string, request: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(shortPath(path));
    let text = '';
    const timer = setTimeout(() => {
      socket.destroy();
      reject(
        new StoreError('daemon-timeout', `expected an answer of the daemon within ${timeoutMs} ms, got none`, {
          hint: 'it may be busy sealing: stateseal status shows it',
        }),
      );
    }, timeoutMs);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')));
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(refused(error));
    });
    socket.on('close', () => {
      clearTimeout(timer);
      if (text.endsWith('\n')) resolve(text);
      else reject(refused(new Error('closed')));
    });
  });
}

function refused(error: Error): ConfigError {
  return new ConfigError(
    'daemon-not-running',
    `could not reach a daemon on this data directory: ${describeForeign(error)}`,
    {
      hint: 'start one with stateseal watch, or check --data-dir',
    },
  );
}

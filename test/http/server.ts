// A real server on a free port, and a client that can send what fetch refuses to: any header, method or bytes.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLog, type OpenLog } from '../../daemon/answers/open-log.ts';
import { createApp } from '../../daemon/http/app.ts';
import { listenHttp, type HttpListener } from '../../daemon/http/listen.ts';
import { NO_RECORDER, type LiveRecorder } from '../../daemon/http/live.ts';
import { createRates, type Rates } from '../../daemon/http/rates.ts';
import { createSessions, type Sessions } from '../../daemon/http/sessions.ts';
import { checkToken, type Token } from '../../daemon/tokens.ts';

const SECRET = 't'.repeat(43);
/** Of scope admin, without limits. */
export const TOKEN = `stateseal.test.${SECRET}`;

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Of an answer that goes on: the first part is enough, then the client goes away. */
  readonly isStream?: boolean;
}

export interface TestServer extends HttpListener {
  /** What it reads. */
  readonly log: OpenLog;
  readonly failures: string[];
  readonly sessions: Sessions;
  /** Reads and exports as the access log was told of them: `principal resource`. */
  readonly accessed: string[];
  /** Holds tokens/. */
  readonly dataDir: string;
  /** Sends the token unless told otherwise. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Sends bytes as they are and returns what comes back until the server ends the connection. */
  sendRaw(bytes: string): Promise<string>;
}

export interface ServerOptions {
  readonly live?: LiveRecorder;
  /** Of requests with a credential; default: as many as one wants. */
  readonly rates?: Rates;
}

/** Over the log of a data directory, as the API's thread opens it. */
export async function startServer(logDir: string, options: ServerOptions = {}): Promise<TestServer> {
  const log = openLog(logDir);
  const failures: string[] = [];
  const accessed: string[] = [];
  const dataDir = mkdtempSync(join(tmpdir(), 'stateseal-http-'));
  writeToken(dataDir, SECRET, { name: 'test', scope: 'admin', states: undefined, createdAt: '', expiresAt: undefined });
  const sessions = createSessions(() => performance.now());
  const generous = createRates({ burst: 1e9, perSecond: 1e9 }, () => performance.now());
  const app = createApp({
    log,
    live: options.live ?? NO_RECORDER,
    access: {
      checkToken: (text) => checkToken(dataDir, text, Date.now()),
      sessions,
      userHeader: 'x-forwarded-user',
      rates: options.rates ?? generous,
      refusals: generous,
    },
    accessLog: {
      read: (principal, resource) => accessed.push(`${principal} ${resource}`),
      exported: (principal, _, { resource, items }) => accessed.push(`${principal} ${resource} ${items}`),
    },
    onFailure: (text) => failures.push(text),
  });
  const listener = await listenHttp(app, { port: 0 });
  return {
    ...listener,
    log,
    failures,
    accessed,
    sessions,
    dataDir,
    ask: (path, options) => ask(listener.port, path, options ?? {}),
    sendRaw: (bytes) => sendRaw(listener.port, bytes),
    async close() {
      await listener.close();
      if (log.database.open) log.database.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A token whose text is known beforehand: `stateseal.<name>.<secret>`, the secret being 43 characters. */
export function writeToken(dataDir: string, secret: string, { name, ...members }: Token): void {
  mkdirSync(join(dataDir, 'tokens'), { recursive: true });
  const sha256 = createHash('sha256').update(secret).digest('hex');
  writeFileSync(join(dataDir, 'tokens', name), JSON.stringify({ sha256, ...members }));
}

function ask(port: number, path: string, options: AskOptions): Promise<Answer> {
  const token = 'token' in options ? options.token : TOKEN;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const headers = { ...authorization, ...options.headers };
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method: options.method ?? 'GET', headers, agent: false });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      const end = (): void => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      };
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        if (options.isStream !== true || response.headers['content-type'] !== 'text/event-stream') return;
        end();
        sent.destroy();
      });
      response.on('error', reject);
      response.on('end', end);
    });
    sent.end(options.body);
  });
}

function sendRaw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

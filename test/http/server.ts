// A real server on a free port, and a client that can send what fetch refuses to: any header, method or bytes.
import { request } from 'node:http';
import { connect } from 'node:net';
import { createApp } from '../../daemon/http/app.ts';
import { listenHttp, type HttpListener } from '../../daemon/http/listen.ts';
import type { LogReader } from '../../daemon/http/log-reader.ts';
import { hashToken } from '../../daemon/http/token.ts';

export const TOKEN = 'test-token-with-enough-characters';

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
}

export interface TestServer extends HttpListener {
  readonly failures: string[];
  /** Sends the token unless told otherwise. */
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Sends bytes as they are and returns what comes back until the server ends the connection. */
  sendRaw(bytes: string): Promise<string>;
}

export async function startServer(reader: LogReader): Promise<TestServer> {
  const failures: string[] = [];
  const app = createApp({ reader, tokenHash: hashToken(TOKEN), onFailure: (text) => failures.push(text) });
  const listener = await listenHttp(app, { port: 0 });
  return {
    ...listener,
    failures,
    ask: (path, options) => ask(listener.port, path, options ?? {}),
    sendRaw: (bytes) => sendRaw(listener.port, bytes),
  };
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
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
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

// A small S3 store over HTTP that answers as AWS documents it where Ceph does not (412, checksums in answers), and that
// can be told to answer wrongly. What it says about AWS is assumed, not observed; the real store is in test/slow/.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Archive } from '../../daemon/archive/archive.ts';
import type { S3ArchiveOptions } from '../../daemon/s3/s3-options.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import type { ArchiveError } from '../../daemon/errors.ts';
import { compareUtf8 } from '../../daemon/archive/key.ts';

export type Operation = 'PutObject' | 'HeadObject' | 'GetObject' | 'ListObjectVersions' | 'other';

export interface StubRequest {
  readonly operation: Operation;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface StubAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
  /** The connection is cut after so many bytes of the body. */
  readonly cutAfter?: number;
  /** The body stops after so many bytes, and the connection stays open. */
  readonly stallAfter?: number;
}

/** Looks at a request and the right answer (not yet carried out), and may give another. */
export type Intervene = (request: StubRequest, carryOut: () => StubAnswer) => StubAnswer | undefined;

export interface StubVersion {
  readonly key: string;
  readonly versionId: string;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly lastModified: Date;
  readonly isDeleteMarker: boolean;
}

export interface S3Stub {
  readonly endpoint: string;
  readonly requests: StubRequest[];
  readonly versions: StubVersion[];
  intervene: Intervene | undefined;
  /** Added to the Date header, milliseconds. */
  skewMs: number;
  close(): Promise<void>;
}

export async function startS3Stub(): Promise<S3Stub> {
  const server = createServer();
  const stub: S3Stub = {
    endpoint: '',
    requests: [],
    versions: [],
    intervene: undefined,
    skewMs: 0,
    close: () => closeServer(server),
  };
  server.on('request', (request, response) => void serve(stub, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('expected a port, got none');
  return Object.assign(stub, { endpoint: `http://127.0.0.1:${address.port}` });
}

/** An error document as S3 writes it. */
export function errorAnswer(status: number, code: string): StubAnswer {
  return { status, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret message</Message></Error>` };
}

const credentials = { accessKeyId: 'AKIDSECRET', secretAccessKey: 'sk-SECRET', sessionToken: 'st-SECRET' };

/** The same answer with other headers. */
export function withHeaders(answer: StubAnswer, headers: Readonly<Record<string, string>>): StubAnswer {
  return { ...answer, headers: { ...answer.headers, ...headers } };
}

/** The adapter under test, pointed at the stub; its credentials all contain SECRET. */
export function openStubArchive(stub: S3Stub, options: Partial<S3ArchiveOptions> = {}): Promise<Archive> {
  return openS3Archive({ bucket: 'evidence', prefix: 'hub-1', endpoint: stub.endpoint, credentials, ...options });
}

/** Text that an operator or a log would see of an error. */
export function everythingIn(error: ArchiveError): string {
  return [error.message, error.hint, error.code, error.stack, JSON.stringify(error), String(error.cause)].join('\n');
}

async function serve(stub: S3Stub, incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const request = parseRequest(incoming, Buffer.concat(chunks));
  stub.requests.push(request);
  const carryOut = () => answerTo(stub, request);
  const { status, headers, body, cutAfter, stallAfter } = stub.intervene?.(request, carryOut) ?? carryOut();
  const bytes = Buffer.from(body ?? '');
  const date = new Date(Date.now() + stub.skewMs).toUTCString();
  response.writeHead(status, { date, 'content-length': String(bytes.length), ...headers });
  const end = cutAfter ?? stallAfter ?? bytes.length;
  if (end > 0 && incoming.method !== 'HEAD') response.write(bytes.subarray(0, end));
  if (stallAfter !== undefined) response.flushHeaders();
  else if (cutAfter === undefined) response.end();
  else setImmediate(() => response.destroy());
}

function parseRequest(incoming: IncomingMessage, body: Buffer): StubRequest {
  const url = new URL(incoming.url ?? '', 'http://stub');
  const key = decodeURIComponent(url.pathname.split('/').slice(2).join('/'));
  return {
    operation: toOperation(incoming.method, url),
    key,
    query: url.searchParams,
    headers: incoming.headers,
    body,
  };
}

function toOperation(method: string | undefined, url: URL): Operation {
  if (method === 'GET' && url.searchParams.has('versions')) return 'ListObjectVersions';
  if (method === 'PUT') return 'PutObject';
  if (method === 'HEAD') return 'HeadObject';
  return method === 'GET' ? 'GetObject' : 'other';
}

function answerTo(stub: S3Stub, request: StubRequest): StubAnswer {
  if (request.operation === 'PutObject') return put(stub, request);
  if (request.operation === 'ListObjectVersions') return list(stub, request.query);
  if (request.operation === 'other') return errorAnswer(501, 'NotImplemented');
  const versionId = request.query.get('versionId');
  const found = stub.versions.find((one) => one.key === request.key && one.versionId === versionId);
  if (found === undefined) return errorAnswer(404, 'NoSuchVersion');
  if (found.isDeleteMarker) return errorAnswer(405, 'MethodNotAllowed');
  const { 'x-amz-checksum-sha256': checksum, ...headers } = found.headers;
  const asked = request.headers['x-amz-checksum-mode'] === 'ENABLED' && checksum !== undefined;
  const lastModified = found.lastModified.toUTCString();
  const told = { ...headers, 'last-modified': lastModified, 'x-amz-version-id': found.versionId };
  return { status: 200, headers: asked ? { ...told, 'x-amz-checksum-sha256': checksum } : told, body: found.body };
}

function put(stub: S3Stub, { key, headers, body }: StubRequest): StubAnswer {
  const isTaken = stub.versions.find((one) => one.key === key)?.isDeleteMarker === false;
  if (headers['if-none-match'] === '*' && isTaken) return errorAnswer(412, 'PreconditionFailed');
  const versionId = `v${stub.versions.length + 1}`;
  const names = [
    'x-amz-checksum-sha256',
    'x-amz-object-lock-mode',
    'x-amz-object-lock-retain-until-date',
    'x-amz-object-lock-legal-hold',
  ];
  const kept = names.flatMap((name) => (typeof headers[name] === 'string' ? [[name, headers[name]] as const] : []));
  const lastModified = new Date(Math.floor((Date.now() + stub.skewMs) / 1000) * 1000);
  const stored = { key, versionId, body, headers: Object.fromEntries(kept), lastModified, isDeleteMarker: false };
  stub.versions.unshift(stored);
  const checksum = headers['x-amz-checksum-sha256'];
  const told = typeof checksum === 'string' ? { 'x-amz-checksum-sha256': checksum } : {};
  return { status: 200, headers: { 'x-amz-version-id': versionId, ...told } };
}

function list(stub: S3Stub, query: URLSearchParams): StubAnswer {
  const [keyMarker, versionMarker] = [query.get('key-marker') ?? '', query.get('version-id-marker') ?? ''];
  const all = stub.versions.filter((one) => one.key.startsWith(query.get('prefix') ?? ''));
  const sorted = all.toSorted((a, b) => compareUtf8(a.key, b.key));
  const marked = sorted.findIndex((one) => one.key === keyMarker && one.versionId === versionMarker);
  const size = Number(query.get('max-keys') ?? 1000);
  const page = sorted.slice(marked + 1, marked + 1 + size);
  const last = page.at(-1);
  const isTruncated = marked + 1 + size < sorted.length && last !== undefined;
  const next = isTruncated
    ? `<NextKeyMarker>${encodeURIComponent(last.key)}</NextKeyMarker><NextVersionIdMarker>${last.versionId}</NextVersionIdMarker>`
    : '';
  const entries = page.map((one) => entry(stub, one)).join('');
  const body = `<?xml version="1.0"?><ListVersionsResult><IsTruncated>${isTruncated}</IsTruncated>${next}${entries}</ListVersionsResult>`;
  return { status: 200, body };
}

function entry(stub: S3Stub, one: StubVersion): string {
  const isLatest = stub.versions.find(({ key }) => key === one.key) === one;
  const common = `<Key>${encodeURIComponent(one.key)}</Key><VersionId>${one.versionId}</VersionId><IsLatest>${isLatest}</IsLatest>`;
  const time = `<LastModified>${one.lastModified.toISOString()}</LastModified>`;
  if (one.isDeleteMarker) return `<DeleteMarker>${common}${time}</DeleteMarker>`;
  return `<Version>${common}${time}<Size>${one.body.length}</Size></Version>`;
}

async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

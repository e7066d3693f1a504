// The fault proxy itself: each fault does what it says, to the store and to the caller. The store here is the stub.
import { request } from 'node:http';
import { expect } from 'chai';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { DENIED, openFaultProxy, TOO_SKEWED, type FaultProxy, type ProxyFault } from '../support/fault-proxy.ts';
import { parseS3Request } from '../support/s3-call.ts';
import { openStubArchive, startS3Stub, type S3Stub } from './s3-stub.ts';

const BODY = Buffer.from('0123456789'.repeat(8));

/** What a caller sees of one request; `error` when its connection ended early. */
interface Seen {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  readonly error: boolean;
  readonly ms: number;
}

describe('support/fault-proxy', () => {
  let store: S3Stub;
  let proxy: FaultProxy;

  beforeEach(async () => {
    store = await startS3Stub();
    proxy = await openFaultProxy(store.endpoint);
  });
  afterEach(async () => {
    await proxy.close();
    await store.close();
  });

  const call = (method: string, path: string, body = Buffer.alloc(0)): Promise<Seen> => {
    const { hostname, port } = new URL(proxy.endpoint);
    const startMs = performance.now();
    return new Promise((resolve) => {
      const chunks: Buffer[] = [];
      const sending = request({ hostname, port, method, path, agent: false });
      const end = (status: number, headers: Seen['headers'], error: boolean): void =>
        resolve({ status, headers, body: Buffer.concat(chunks), error, ms: performance.now() - startMs });
      sending.once('error', () => end(0, {}, true));
      sending.once('response', (response) => {
        const { statusCode = 0, headers } = response;
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () => end(statusCode, headers, false));
        response.once('error', () => end(statusCode, headers, true));
      });
      sending.end(body);
    });
  };
  const put = (fault: ProxyFault | undefined): Promise<Seen> => {
    proxy.onCall = () => fault;
    return call('PUT', '/evidence/hub-1/seal/0000000000000000', BODY);
  };
  /** The same object again, with a fault in the way. */
  const get = async (fault: ProxyFault | undefined): Promise<Seen> => {
    const { headers } = await put(undefined);
    proxy.onCall = () => fault;
    return call('GET', `/evidence/hub-1/seal/0000000000000000?versionId=${String(headers['x-amz-version-id'])}`);
  };
  const stored = (): readonly string[] => store.versions.map(({ body }) => body.toString());

  it('names calls by method, path and query', () => {
    const names = (
      [
        ['PUT', '/b/x/batch/0000000000000000.ndjson.gz?x-id=PutObject'],
        ['HEAD', '/b/x/seal/0000000000000007~2?versionId=v'],
        ['GET', '/b/x/checkpoint/0000000000000000?versionId=v&x-id=GetObject'],
        ['GET', `/b?versions&prefix=x%2Fblob%2F0000000000000000%2F${'ab'.repeat(32)}&encoding-type=url`],
        ['PUT', '/b/x/seal/0000000000000000?retention'],
        ['DELETE', '/b/x/junk'],
      ] as const
    ).map(([method, url]) => parseS3Request(method, url));
    expect(names.map(({ name, kind }) => `${name} ${kind}`)).to.deep.equal([
      'PutObject batch',
      'HeadObject seal',
      'GetObject checkpoint',
      'ListObjectVersions blob',
      'other seal',
      'other unknown',
    ]);
    expect(names[2]?.key).to.equal('x/checkpoint/0000000000000000');
  });

  it('passes on what has no fault, signatures and all', async () => {
    const archive = await openStubArchive(store, { endpoint: proxy.endpoint });
    const done: string[] = [];
    proxy.onDone = ({ name }) => done.push(name);
    const result = await archive.put('seal/0', BODY, sha256Hex(BODY), { mode: 'GOVERNANCE', days: 1 });
    expect(result.outcome).to.equal('created');
    expect(store.requests.map(({ headers }) => headers.host)).to.include(new URL(proxy.endpoint).host);
    expect(done).to.deep.equal(['ListObjectVersions', 'PutObject', 'HeadObject']);
    await archive.close();
  });

  it('lost: the store sees nothing', async () => {
    expect(await put({ kind: 'lost', how: 'cut' })).to.include({ error: true });
    expect(await put({ kind: 'lost', how: 503 })).to.include({ status: 503 });
    expect(await put({ kind: 'cut-request', at: 10 })).to.include({ error: true });
    expect(stored()).to.deep.equal([]);
  });

  it('done but told otherwise', async () => {
    expect(await put({ kind: 'done', how: 'cut' })).to.include({ error: true });
    expect(await put({ kind: 'done', how: 500 })).to.include({ status: 500 });
    const refused = { kind: 'answered', status: 409, code: 'ConditionalRequestConflict' } as const;
    const conflict = await put({ ...refused, isDone: true });
    expect(conflict.status).to.equal(409);
    expect(conflict.body.toString()).to.contain('<Code>ConditionalRequestConflict</Code>');
    expect(stored()).to.deep.equal([BODY, BODY, BODY].map(String));
    await put({ ...refused, isDone: false });
    expect(stored()).to.have.length(3);
  });

  it('refuses by rights and by time', async () => {
    const [denied, skewed] = [await get(DENIED), await get(TOO_SKEWED)];
    expect([denied.status, skewed.status]).to.deep.equal([403, 403]);
    expect(denied.body.toString()).to.contain('AccessDenied');
    expect(skewed.body.toString()).to.contain('RequestTimeTooSkewed');
  });

  it('late and trickled answers are whole', async () => {
    const late = await get({ kind: 'late', ms: 60 });
    expect(late.ms).to.be.at.least(55);
    expect(late.body).to.deep.equal(BODY);
    const trickled = await get({ kind: 'trickled', ms: 60 });
    expect(trickled.ms).to.be.at.least(50);
    expect(trickled.body).to.deep.equal(BODY);
  });

  it('cut, shortened and flipped answers', async () => {
    const cut = await get({ kind: 'cut-answer', at: 10 });
    expect(cut.error).to.equal(true);
    expect(cut.body).to.deep.equal(BODY.subarray(0, 10));
    const short = await get({ kind: 'shortened-answer' });
    expect(short.headers['content-length']).to.equal('40');
    expect(short.body).to.deep.equal(BODY.subarray(0, 40));
    const flipped = await get({ kind: 'flipped-answer' });
    expect(flipped.body.length).to.equal(BODY.length);
    expect([...flipped.body].filter((byte, index) => byte !== BODY[index])).to.have.length(1);
  });

  it('a flipped request, another time, a rewritten listing', async () => {
    await put({ kind: 'flipped-request' });
    expect(stored()[0]?.length).to.equal(BODY.length);
    expect(stored()[0]).not.to.equal(BODY.toString());
    const skewed = await get({ kind: 'skewed', ms: 3_600_000 });
    expect(Date.parse(String(skewed.headers['date'])) - Date.now()).to.be.within(3_500_000, 3_700_000);
    proxy.onCall = () => ({ kind: 'rewritten', rewrite: (body) => body.replace('hub-1', 'hub-2') });
    const listed = await call('GET', '/evidence?versions&prefix=hub-1');
    expect(listed.body.toString()).to.contain('hub-2');
  });
});

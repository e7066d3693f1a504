// The resources: pages, cursors, records with proofs, checkpoint.
import { expect } from 'chai';
import fc from 'fast-check';
import { createMemoryLog, rootOfProof, sampleId, sampleLine, treeRoot, type MemoryLog } from './memory-log.ts';
import { startServer, type TestServer } from './server.ts';

interface Page {
  readonly size: number;
  readonly next: number;
  readonly records: readonly { readonly index: number; readonly record: { readonly id: string } | null }[];
}

interface One {
  readonly index: number;
  readonly record: object;
  readonly line: string;
  readonly proof: { readonly size: number; readonly inclusion: readonly string[]; readonly checkpoint: string } | null;
  readonly reason?: string;
}

describe('http resources', () => {
  let log: MemoryLog;
  let server: TestServer;

  beforeEach(async () => {
    const lines = Array.from({ length: 25 }, (_, index) =>
      sampleLine(index, index % 5 === 0 ? 'log.heartbeat' : 'state.changed', index % 2 === 0 ? 'network' : 'dns'),
    );
    log = createMemoryLog(lines);
    server = await startServer(log);
  });
  afterEach(() => server.close());

  const page = async (path: string): Promise<Page> => JSON.parse((await server.ask(path)).text) as Page;
  const one = async (path: string): Promise<One> => JSON.parse((await server.ask(path)).text) as One;
  const indexes = (found: Page): number[] => found.records.map((item) => item.index);

  it('lists records in index order with the size of the log', async () => {
    const found = await page('/v1/records');
    expect(indexes(found)).to.deep.equal([...Array(25).keys()]);
    expect(found).to.include({ size: 25, next: 25 });
    expect(found.records[3]?.record?.id).to.equal(sampleId(3));
  });

  it('walks all pages once, also while the log grows', async () => {
    const seen: number[] = [];
    let next = 0;
    for (let turn = 0; turn < 10; turn += 1) {
      const found = await page(`/v1/records?limit=4&from=${next}&type=state.changed`);
      seen.push(...indexes(found));
      next = found.next;
      log.lines.push(Buffer.from(sampleLine(log.lines.length, 'log.heartbeat')));
    }
    expect(seen).to.deep.equal([...Array(25).keys()].filter((index) => index % 5 !== 0));
    expect(next).to.be.greaterThan(25);
  });

  it('filters by type and state together', async () => {
    const found = await page('/v1/records?type=log.heartbeat&state=dns');
    expect(indexes(found)).to.deep.equal([5, 15]);
  });

  it('continues behind the end with an empty page and the same cursor', async () => {
    expect(await page('/v1/records?from=25')).to.deep.equal({ size: 25, next: 25, records: [] });
    expect(await page('/v1/records?from=99')).to.deep.equal({ size: 25, next: 99, records: [] });
  });

  it('ends a page early when the lines are large', async () => {
    const large = JSON.stringify({ data: 'x'.repeat(60_000) });
    log.lines = Array.from({ length: 200 }, () => Buffer.from(large));
    const found = await page('/v1/records?limit=1000');
    expect(found.records).to.have.length.within(60, 80);
    expect(found.next).to.equal(found.records.length);
  });

  it('answers NDJSON when asked, and names the next page in Link', async () => {
    const answer = await server.ask('/v1/records?limit=2&state=dns', { headers: { accept: 'application/x-ndjson' } });
    expect(answer.headers['content-type']).to.match(/^application\/x-ndjson/u);
    expect(answer.headers['link']).to.equal('</v1/records?from=5&limit=2&state=dns>; rel="next"');
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { index: number }).index)).to.deep.equal([1, 3]);
  });

  it('keeps every digit of a record', async () => {
    log.lines[0] = Buffer.from('{"data":{"n":12345678901234567890.25},"type":"io.stateseal.x.y"}');
    expect((await server.ask('/v1/records?limit=1')).text).to.include('"n":12345678901234567890.25');
    expect((await server.ask('/v1/records/0')).text).to.include('"record":{"data":{"n":12345678901234567890.25}');
  });

  it('shows a damaged line as null in a page and as an error by itself', async () => {
    log.lines[1] = Buffer.from('{"half');
    log.lines[2] = Buffer.from([0x7b, 0xff, 0x7d]);
    const found = await page('/v1/records?limit=3');
    expect(found.records.map((item) => item.record === null)).to.deep.equal([false, true, true]);
    const answer = await server.ask('/v1/records/2');
    expect(answer.status).to.equal(500);
    expect(answer.text).to.include('urn:stateseal:problem:record-damaged').and.not.include('half');
  });

  it('gives a record by index and by id, byte for byte', async () => {
    const byIndex = await one('/v1/records/7');
    const byId = await one(`/v1/records/${sampleId(7)}`);
    expect(byIndex).to.deep.equal(byId);
    expect(byIndex.line).to.equal(sampleLine(7, 'state.changed', 'dns'));
    expect(byIndex.record).to.deep.equal(JSON.parse(byIndex.line));
  });

  it('says why there is no proof yet', async () => {
    log.frozenSize = 8;
    expect(await one('/v1/records/7')).to.include({ proof: null, reason: 'not-signed-yet' });
    const answer = await server.ask('/v1/records/8');
    expect(JSON.parse(answer.text)).to.include({ proof: null, reason: 'not-sealed-yet' });
    expect(answer.headers['cache-control']).to.equal('private, no-cache');
  });

  it('proves every leaf under the checkpoint that covers it', async () => {
    log.lines.length = 13;
    log.checkpoint = { size: 13, note: 'origin\n13\nroot\n\n— origin sig\n' };
    const root = Buffer.from(treeRoot(log.lines)).toString('hex');
    for (let index = 0; index < 13; index += 1) {
      const { line, proof } = await one(`/v1/records/${index}`);
      const hashes = (proof?.inclusion ?? []).map((hash) => Buffer.from(hash, 'base64'));
      expect(Buffer.from(rootOfProof(Buffer.from(line), index, 13, hashes)).toString('hex')).to.equal(root);
      expect(proof?.checkpoint).to.equal(log.checkpoint.note);
    }
    const answer = await server.ask('/v1/records/3');
    expect(answer.headers['cache-control']).to.equal('private, max-age=31536000, immutable');
  });

  it('gives the newest checkpoint as it was signed', async () => {
    expect((await server.ask('/v1/checkpoint')).status).to.equal(404);
    log.checkpoint = { size: 3, note: 'origin\n3\nroot\n\n— origin sig\n' };
    const answer = await server.ask('/v1/checkpoint');
    expect(answer).to.include({ status: 200, text: log.checkpoint.note });
    expect(answer.headers['content-type']).to.equal('text/plain; charset=utf-8');
    const again = await server.ask('/v1/checkpoint', { headers: { 'if-none-match': String(answer.headers['etag']) } });
    expect(again).to.include({ status: 304, text: '' });
  });

  it('answers HEAD like GET, without a body', async () => {
    const answer = await server.ask('/v1/records/1', { method: 'HEAD' });
    expect(answer).to.include({ status: 200, text: '' });
  });

  it('names the parameter that cannot be used and never repeats its value', async () => {
    const cases: readonly (readonly [string, string | undefined])[] = [
      ['/v1/records?from=-1', 'from'],
      ['/v1/records?from=1e3', 'from'],
      ['/v1/records?limit=0', 'limit'],
      ['/v1/records?limit=1001', 'limit'],
      ['/v1/records?limit=5&limit=6', 'limit'],
      ['/v1/records?type=CANARY', 'type'],
      ['/v1/records?state=', 'state'],
      ['/v1/records?CANARY=1', undefined],
      ['/v1/records?__proto__=1', undefined],
      ['/v1/records/CANARY', 'key'],
      ['/v1/records/007', 'key'],
      ['/v1/records/1?CANARY=1', undefined],
      ['/v1/checkpoint?size=3', undefined],
    ];
    for (const [path, parameter] of cases) {
      const answer = await server.ask(path);
      expect(answer.status, path).to.equal(400);
      const problem = JSON.parse(answer.text) as { parameter?: string; type: string };
      expect(problem.type).to.equal('urn:stateseal:problem:parameter-invalid');
      expect(problem.parameter, path).to.equal(parameter);
      expect(answer.text).not.to.include('CANARY');
    }
  });

  it('never answers 5xx to any path or query', async () => {
    const path = fc.tuple(fc.webPath(), fc.webQueryParameters()).map(([text, query]) => `/v1${text}?${query}`);
    const records = fc.webQueryParameters().map((query) => `/v1/records?from=${query}`);
    await fc.assert(
      fc.asyncProperty(fc.oneof(path, records), async (target) => {
        const answer = await server.ask(target);
        expect(answer.status).to.be.oneOf([200, 400, 404]);
      }),
      { numRuns: 80 },
    );
    expect((await server.ask('/v1/records/%ff')).status).to.equal(400);
    expect(server.failures).to.deep.equal([]);
  });
});

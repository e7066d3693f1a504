// The resources: pages, cursors, records with proofs, checkpoint.
import { expect } from 'chai';
import fc from 'fast-check';
import { openLeafLog, rootOfProof, sampleId, sampleLine, treeRoot, type LeafLog } from './leaf-log.ts';
import { startServer, type TestServer } from './server.ts';

interface Page {
  readonly size: number;
  readonly next: string | null;
  readonly items: readonly { readonly index: number; readonly record: { readonly id: string } | null }[];
}

interface One {
  readonly index: number;
  readonly record: object;
  readonly line: string;
  readonly proof: { readonly size: number; readonly inclusion: readonly string[]; readonly checkpoint: string } | null;
  readonly reason?: string;
}

describe('http resources', () => {
  let log: LeafLog;
  let server: TestServer;

  beforeEach(async () => {
    const lines = Array.from({ length: 25 }, (_, index) =>
      sampleLine(index, index % 5 === 0 ? 'log.heartbeat' : 'state.changed', index % 2 === 0 ? 'network' : 'dns'),
    );
    log = openLeafLog(lines);
    server = await startServer(log.folder);
  });
  afterEach(async () => {
    await server.close();
    log.close();
  });

  const page = async (path: string): Promise<Page> => JSON.parse((await server.ask(path)).text) as Page;
  const one = async (path: string): Promise<One> => JSON.parse((await server.ask(path)).text) as One;
  const indexes = (found: Page): number[] => found.items.map((item) => item.index);

  it('lists records in index order with the size of the log', async () => {
    const found = await page('/v1/records');
    expect(indexes(found)).to.deep.equal([...Array(25).keys()]);
    expect(found).to.include({ size: 25, next: null });
    expect(found.items[3]?.record?.id).to.equal(sampleId(3));
  });

  it('walks all pages of one answer once, while the log grows', async () => {
    const seen: number[] = [];
    for (let path = '/v1/records?limit=4&type=state.changed'; ;) {
      const found = await page(path);
      seen.push(...indexes(found));
      expect(found.size).to.equal(25);
      log.append([sampleLine(100 + seen.length)]);
      if (found.next === null) break;
      path = `/v1/records?limit=4&type=state.changed&cursor=${found.next}`;
    }
    expect(seen).to.deep.equal([...Array(25).keys()].filter((index) => index % 5 !== 0));
  });

  it('is reproducible at a size', async () => {
    const before = await server.ask('/v1/records?at-size=7');
    log.append([sampleLine(25)]);
    expect((await server.ask('/v1/records?at-size=7')).text).to.equal(before.text);
    expect(JSON.parse(before.text)).to.include({ size: 7 });
    expect((await server.ask('/v1/records?at-size=99')).status).to.equal(400);
  });

  it('filters by type and state together', async () => {
    const found = await page('/v1/records?type=log.heartbeat&state=dns');
    expect(indexes(found)).to.deep.equal([5, 15]);
  });

  it('begins behind the end with an empty page', async () => {
    expect(await page('/v1/records?from=25')).to.deep.equal({ size: 25, next: null, items: [] });
    expect(await page('/v1/records?from=99')).to.deep.equal({ size: 25, next: null, items: [] });
  });

  it('ends a page early when the lines are large', async () => {
    const large = JSON.stringify({ data: 'x'.repeat(60_000) });
    log.append(Array.from({ length: 200 }, () => large));
    const found = await page('/v1/records?limit=1000&from=25');
    expect(found.items).to.have.length.within(60, 80);
    const rest = await page(`/v1/records?limit=1&cursor=${found.next}`);
    expect(indexes(rest)).to.deep.equal([25 + found.items.length]);
  });

  it('answers NDJSON when asked, and names the next page in Link', async () => {
    const answer = await server.ask('/v1/records?limit=2&state=dns', { headers: { accept: 'application/x-ndjson' } });
    expect(answer.headers['content-type']).to.match(/^application\/x-ndjson/u);
    expect(answer.headers['link']).to.match(/^<\/v1\/records\?limit=2&state=dns&cursor=[\w-]+>; rel="next"$/u);
    const lines = answer.text.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { index: number }).index)).to.deep.equal([1, 3]);
  });

  it('keeps every digit of a record', async () => {
    log.alter(0, Buffer.from('{"data":{"n":12345678901234567890.25},"type":"io.stateseal.x.y"}'));
    expect((await server.ask('/v1/records?limit=1')).text).to.include('"n":12345678901234567890.25');
    expect((await server.ask('/v1/records/0')).text).to.include('"record":{"data":{"n":12345678901234567890.25}');
  });

  it('shows a damaged line as null in a page and as an error by itself', async () => {
    log.alter(1, Buffer.from('{"half'));
    log.alter(2, Buffer.from([0x7b, 0xff, 0x7d]));
    const found = await page('/v1/records?limit=3');
    expect(found.items.map((item) => item.record === null)).to.deep.equal([false, true, true]);
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
    log.freeze(8);
    expect(await one('/v1/records/7')).to.include({ proof: null, reason: 'not-signed-yet' });
    const answer = await server.ask('/v1/records/8');
    expect(JSON.parse(answer.text)).to.include({ proof: null, reason: 'not-sealed-yet' });
    expect(answer.headers['cache-control']).to.equal('private, no-cache');
  });

  it('proves every leaf under the checkpoint that covers it', async () => {
    const note = 'origin\n13\nroot\n\n— origin sig\n';
    log.freeze(13);
    log.sign(note);
    const lines = (await page('/v1/records?limit=13')).items.map(({ record }) => Buffer.from(JSON.stringify(record)));
    const root = Buffer.from(treeRoot(lines)).toString('hex');
    for (let index = 0; index < 13; index += 1) {
      const { line, proof } = await one(`/v1/records/${index}`);
      const hashes = (proof?.inclusion ?? []).map((hash) => Buffer.from(hash, 'base64'));
      expect(Buffer.from(rootOfProof(Buffer.from(line), index, 13, hashes)).toString('hex')).to.equal(root);
      expect(proof?.checkpoint).to.equal(note);
    }
    const answer = await server.ask('/v1/records/3');
    expect(answer.headers['cache-control']).to.equal('private, max-age=31536000, immutable');
  });

  it('gives the newest checkpoint as it was signed', async () => {
    expect((await server.ask('/v1/checkpoint')).status).to.equal(404);
    const note = 'origin\n3\nroot\n\n— origin sig\n';
    log.freeze(3);
    log.sign(note);
    const answer = await server.ask('/v1/checkpoint');
    expect(answer).to.include({ status: 200, text: note });
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
        expect(answer.status, target).to.be.oneOf([200, 400, 404]);
      }),
      { numRuns: 80 },
    );
    expect((await server.ask('/v1/records/%ff')).status).to.equal(400);
    expect(server.failures).to.deep.equal([]);
  });
});

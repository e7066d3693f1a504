// The source of a versioned bucket against a stand-in of a store: what is a state, what is read, what is refused, and what
// becomes of a store that fails. The real store is in test/slow/.
import { expect } from 'chai';
import { openBucketSource, type BucketSourceOptions } from '../../daemon/sources/bucket.ts';
import type { StateSighting, StateSource } from '../../daemon/sources/source.ts';
import { errorAnswer, startS3Stub, type S3Stub } from '../archive/s3-stub.ts';

const state = (serial: number): string =>
  JSON.stringify({ version: 4, serial, lineage: 'l', resources: [], outputs: {} });
const lock = (id: string, Operation = 'OperationTypeApply'): string =>
  JSON.stringify({
    ID: id,
    Operation,
    Info: '',
    Who: 'a@b',
    Version: '1.11.4',
    Created: '2026-06-23T14:00:00Z',
    Path: '',
  });

describe('the bucket source', () => {
  let stub: S3Stub;
  let source: StateSource;
  let versions = 0;

  const put = (key: string, body: string | undefined, seconds: number): void => {
    versions += 1;
    stub.versions.unshift({
      key,
      versionId: `v${versions}`,
      body: Buffer.from(body ?? ''),
      headers: {},
      lastModified: new Date(Date.UTC(2026, 5, 23, 14) + seconds * 1000),
      isDeleteMarker: body === undefined,
    });
  };
  const allOfIt = { fromMs: Number.NEGATIVE_INFINITY };
  const open = (options: Partial<BucketSourceOptions> = {}, prefix = 'net', history = allOfIt as object): void => {
    const credentials = { accessKeyId: 'AKIDSECRET', secretAccessKey: 'sk-SECRET' };
    const s3 = { bucket: 'states', prefix, endpoint: stub.endpoint, credentials, pageSize: 3 };
    source = openBucketSource({ s3, ...history, maxFileBytes: 10_000, ...options });
  };
  const look = (key: string, cursor = ''): Promise<StateSighting> =>
    source.look({ uri: `s3://states/${key}`, workspace: 'default' }, cursor);
  /** Every sighting from the beginning to the newest version. */
  const all = async (key: string): Promise<readonly StateSighting[]> => {
    const found: StateSighting[] = [];
    for (let cursor = ''; found.length < 50;) {
      const next = await look(key, cursor);
      if (next.sourceVersion === cursor) return found;
      found.push(next);
      cursor = next.sourceVersion;
    }
    return found;
  };
  const serialOf = ({ bytes }: StateSighting): unknown =>
    bytes.length === 0 ? '' : (JSON.parse(Buffer.from(bytes).toString()) as { serial: unknown }).serial;

  beforeEach(async () => {
    stub = await startS3Stub();
    versions = 0;
  });
  afterEach(async () => {
    await source.close();
    await stub.close();
  });

  it('sees states by their name, their lock, or a glob; workspaces beside the prefix', async () => {
    for (const key of [
      'net/a.tfstate',
      'net/plain',
      'net/plain.tflock',
      'net/readme.md',
      'net/odd',
      'network/b.tfstate',
      'env:/blue/net/a.tfstate',
      'env:/blue/other/a.tfstate',
    ]) {
      put(key, state(1), 0);
    }
    open({ states: ['net/od?'] });
    const found = await source.discover();
    expect(found.map(({ reference }) => `${reference.uri} ${reference.workspace}`)).to.deep.equal([
      's3://states/net/a.tfstate default',
      's3://states/net/odd default',
      's3://states/net/plain default',
      's3://states/env:/blue/net/a.tfstate blue',
    ]);
    expect(found.at(-1)?.nameCandidates[0]).to.equal('a@blue');
  });

  it('tells versions oldest first, and that more are there', async () => {
    for (const serial of [1, 2, 3, 4, 5]) put('net/a.tfstate', state(serial), serial);
    open();
    const found = await all('net/a.tfstate');
    expect(found.map(serialOf)).to.deep.equal([1, 2, 3, 4, 5]);
    expect(found.map(({ store }) => store?.isBehind)).to.deep.equal([true, true, true, true, false]);
    expect(found.map(({ store }) => store?.isFirst)).to.deep.equal([true, false, false, false, false]);
  });

  it('knows under whose hold a version was written, and that a plan writes none', async () => {
    const key = 'net/a.tfstate';
    put(`${key}.tflock`, lock('one'), 1);
    put(key, state(1), 2);
    put(key, state(2), 3);
    put(`${key}.tflock`, undefined, 4);
    put(`${key}.tflock`, lock('plan', 'OperationTypePlan'), 5);
    put(key, state(3), 6);
    put(`${key}.tflock`, undefined, 7);
    put(`${key}.tflock`, lock('two'), 8);
    put(key, state(4), 9);
    open();
    const found = await all(key);
    expect(found.map(({ lastLock }) => lastLock?.info?.id)).to.deep.equal(['one', 'one', undefined, 'two']);
    // Held on: the second version of the first hold is still to come; the last hold is not over.
    expect(found.map((sighting) => sighting.lock?.info?.id)).to.deep.equal(['one', undefined, undefined, 'two']);
  });

  it('a delete marker is the end of a state, and what comes after it another beginning', async () => {
    put('net/a.tfstate', state(1), 1);
    put('net/a.tfstate', undefined, 2);
    put('net/a.tfstate', state(1), 3);
    open();
    const found = await all('net/a.tfstate');
    expect(found.map(({ condition }) => condition)).to.deep.equal(['state', 'absent', 'state']);
    expect(found.map(({ store }) => store?.isFirst)).to.deep.equal([true, false, true]);
  });

  it('refuses what is too large or empty without reading it, and goes on behind it', async () => {
    put('net/a.tfstate', state(1), 1);
    put('net/a.tfstate', 'x'.repeat(20_000), 2);
    put('net/a.tfstate', '', 3);
    put('net/a.tfstate', state(2), 4);
    open();
    const found = await all('net/a.tfstate');
    expect(found.map(({ problem }) => problem?.code)).to.deep.equal([
      undefined,
      'file-too-large',
      'state-empty',
      undefined,
    ]);
    expect(stub.requests.filter(({ operation }) => operation === 'GetObject')).to.have.length(2);
  });

  it('what is named like a state and is none stands in the inventory, until it is one', async () => {
    put('net/a.tfstate', 'not a state', 1);
    put('net/b.tfstate', '{"mode":"of another program"}', 1);
    open();
    await source.discover();
    for (const key of ['net/a.tfstate', 'net/b.tfstate']) {
      expect(await look(key)).to.include({ condition: 'absent', sourceVersion: '' });
    }
    const reasons = (await source.discover()).map(({ isWatched, reason }) => `${isWatched} ${reason}`);
    expect(reasons).to.deep.equal(['false holds no Terraform state', 'false holds no Terraform state']);
    put('net/a.tfstate', state(1), 2);
    expect((await source.discover()).map(({ isWatched }) => isWatched)).to.deep.equal([true, false]);
    expect(serialOf(await look('net/a.tfstate'))).to.equal(1);
  });

  it('goes on behind a cursor whose version has expired', async () => {
    for (const serial of [1, 2, 3]) put('net/a.tfstate', state(serial), serial);
    open();
    const first = await look('net/a.tfstate');
    stub.versions.splice(
      stub.versions.findIndex(({ versionId }) => versionId === 'v1'),
      1,
    );
    expect(serialOf(await look('net/a.tfstate', first.sourceVersion))).to.equal(2);
  });

  it('says that a version went away between listing and reading', async () => {
    put('net/a.tfstate', state(1), 1);
    open();
    stub.intervene = ({ operation }) => (operation === 'GetObject' ? errorAnswer(404, 'NoSuchVersion') : undefined);
    expect((await look('net/a.tfstate')).problem?.code).to.equal('version-gone');
  });

  it('keys that are hostile are escaped where people see them, and lead nowhere else', async () => {
    const keys = ['net/\u001b[2J.tfstate', 'net/../../etc/x.tfstate', 'net/%2e%2e.tfstate', 'net/a b?c#d.tfstate'];
    for (const key of keys) put(key, state(1), 1);
    open();
    const found = await source.discover();
    expect(found).to.have.length(4);
    for (const { reference, displayPath, nameCandidates } of found) {
      expect(displayPath + nameCandidates.join('')).not.to.match(/\p{Cc}/u);
      expect(reference.uri).to.match(/^s3:\/\/states\/[\x21-\x7e]+$/u);
      expect(source.owns(reference.uri)).to.equal(true);
      expect(serialOf(await source.look(reference, ''))).to.equal(1);
    }
    expect(source.owns('s3://states/other/a.tfstate')).to.equal(false);
    expect(source.owns('s3://states/net/%61.tfstate')).to.equal(false);
  });

  it('one listing per poll while nothing moves; a poke for what did', async () => {
    put('net/a.tfstate', state(1), 1);
    put('net/b.tfstate', state(1), 1);
    open();
    const poked: string[] = [];
    source.onPoke((uri) => poked.push(uri));
    await source.discover();
    poked.length = 0;
    stub.requests.length = 0;
    await source.discover();
    expect(stub.requests.map(({ operation }) => operation)).to.deep.equal(['ListObjectsV2', 'ListObjectsV2']);
    put('net/b.tfstate', state(2), 2);
    await source.discover();
    expect(poked).to.deep.equal(['s3://states/net/b.tfstate']);
  });

  it('a state that came and went between two polls is found by a sweep, and told to the end', async () => {
    let nowMs = 0;
    const clock = { monotonicMs: () => nowMs, wallMs: () => Date.UTC(2026, 5, 23, 14), after: () => () => undefined };
    put('net/a.tfstate', state(1), 1);
    put('net/old.tfstate', state(1), -100);
    put('net/old.tfstate', undefined, -90);
    open({ pollMs: 1000, clock }, 'net', {});
    const poked: string[] = [];
    source.onPoke((uri) => poked.push(uri));
    const found = async (): Promise<readonly string[]> =>
      (await source.discover()).map(({ reference }) => reference.uri.slice('s3://states/net/'.length));
    expect(await found()).to.deep.equal(['a.tfstate']);
    put('env:/blue/net/a.tfstate', state(1), 2);
    put('env:/blue/net/a.tfstate', undefined, 3);
    nowMs += 1000;
    expect(poked).to.have.length(1);
    await source.discover();
    expect(poked).to.have.length(1);
    nowMs += 10_000;
    await source.discover();
    expect(poked.at(-1)).to.equal('s3://states/env:/blue/net/a.tfstate');
    // Until somebody has looked: the poke itself makes the intake list once more.
    expect((await source.discover()).map(({ reference }) => reference.uri)).to.include(poked.at(-1));
    const first = await look('env:/blue/net/a.tfstate');
    expect(serialOf(first)).to.equal(1);
    expect((await look('env:/blue/net/a.tfstate', first.sourceVersion)).condition).to.equal('absent');
    expect(await found()).to.deep.equal(['a.tfstate']);
    nowMs += 10_000;
    expect(await found()).to.deep.equal(['a.tfstate']);
  });

  it('what is asked while a listing is under way gets one that began later', async () => {
    put('net/a.tfstate', state(1), 1);
    open();
    await source.discover();
    let requests = 0;
    stub.intervene = () => {
      requests += 1;
      // The first prefix has been listed by then.
      if (requests === 2) put('net/b.tfstate', state(1), 2);
      return undefined;
    };
    const [, second] = await Promise.all([source.discover(), source.discover()]);
    expect(second.map(({ displayPath }) => displayPath)).to.have.length(2);
  });

  it('a store that fails is a problem until it passes, and never a state that is gone', async () => {
    put('net/a.tfstate', state(1), 1);
    open();
    await source.discover();
    stub.intervene = () => errorAnswer(403, 'AccessDenied');
    expect((await source.discover()).map(({ isWatched }) => isWatched)).to.deep.equal([true]);
    expect(source.problems()[0]?.code).to.equal('bucket-denied');
    expect(JSON.stringify(source.problems())).not.to.match(/SECRET|secret message/u);
    const error: unknown = await look('net/a.tfstate').catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(Error).with.property('code', 'bucket-denied');
    stub.intervene = undefined;
    await source.discover();
    expect(source.problems()).to.deep.equal([]);
  });

  it('only ever reads', async () => {
    for (const serial of [1, 2]) put('net/a.tfstate', state(serial), serial);
    open();
    await source.start();
    await source.discover();
    await all('net/a.tfstate');
    const asked = new Set(stub.requests.map(({ operation }) => operation));
    expect([...asked].sort()).to.deep.equal(['GetObject', 'ListObjectVersions', 'ListObjectsV2']);
  });
});

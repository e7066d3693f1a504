// The protocol over a real socket: who may do what, by which methods, and what a hostile or broken client gets.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { addCredential, checkLogin, listCredentials, revokeCredential } from '../../daemon/backend/credentials.ts';
import { createHandler, type Refusal } from '../../daemon/backend/handler.ts';
import { formatLockInfo } from '../../daemon/backend/lock-body.ts';
import { listenBackend, type BackendListener } from '../../daemon/backend/listen.ts';
import { lockInfo, openKeeping, recordedSerials, serialOf, stateBytes, type Keeping } from './keeping.ts';

const MAX_BODY_BYTES = 64 * 1024;
const IDLE_MS = 200;
const SECRET = 'query-canary-3f91';

describe('backend/protocol', () => {
  let keeping: Keeping;
  let dataDir: string;
  let listener: BackendListener;
  let passwords: Readonly<Record<string, string>>;
  let refusals: Refusal[];
  let failures: unknown[];

  beforeEach(async () => {
    keeping = await openKeeping();
    dataDir = mkdtempSync(join(tmpdir(), 'stateseal-protocol-'));
    passwords = {
      network: await addCredential(dataDir, { state: 'network', name: 'ci' }, 0),
      other: await addCredential(dataDir, { state: 'other', name: 'ci' }, 0),
    };
    [refusals, failures] = [[], []];
    const handler = createHandler({
      states: new Map([
        ['network', keeping.state],
        ['other', keeping.state],
      ]),
      maxBodyBytes: MAX_BODY_BYTES,
      idleMs: IDLE_MS,
      check: (state, login) => checkLogin(dataDir, state, login),
      onFailure: (error) => void failures.push(error),
      onRefusal: (why) => void refusals.push(why),
    });
    listener = await listenBackend(handler, {
      host: '127.0.0.1',
      port: 0,
      tls: undefined,
      requestMs: 20_000,
    });
  });
  afterEach(async () => {
    await listener.close();
    keeping.close();
    rmSync(dataDir, { recursive: true });
  });

  const basic = (password: string | undefined, name = 'ci'): string =>
    `Basic ${Buffer.from(`${name}:${password ?? ''}`).toString('base64')}`;
  const ask = (method: string, path: string, body?: Uint8Array, headers: Readonly<Record<string, string>> = {}) =>
    fetch(`${listener.url}${path}`, {
      method,
      headers: { authorization: basic(passwords['network']), ...headers },
      ...(body === undefined ? {} : { body: Buffer.from(body) }),
    });
  const statusOf = async (response: Promise<Response>): Promise<number> => (await response).status;
  const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64');

  it('a state comes in and goes out; both kinds of lock methods', async () => {
    expect(await statusOf(ask('GET', '/state/network'))).to.equal(404);
    const one = formatLockInfo(lockInfo('one'));
    expect(await statusOf(ask('LOCK', '/state/network', one, { 'content-md5': md5(one) }))).to.equal(200);
    const bytes = stateBytes(1);
    expect(await statusOf(ask('POST', '/state/network?ID=one', bytes, { 'content-md5': md5(bytes) }))).to.equal(200);
    const denied = await ask('POST', '/state/network/lock', formatLockInfo(lockInfo('two')));
    expect([denied.status, ((await denied.json()) as { ID: string }).ID]).to.deep.equal([423, 'one']);
    expect(await statusOf(ask('UNLOCK', '/state/network', one))).to.equal(200);
    expect(await statusOf(ask('POST', '/state/network/lock', formatLockInfo(lockInfo('two'))))).to.equal(200);
    expect(await statusOf(ask('POST', '/state/network?ID=one', stateBytes(2)))).to.equal(423);
    expect(await statusOf(ask('DELETE', '/state/network/lock', formatLockInfo(lockInfo('two'))))).to.equal(200);
    expect(await statusOf(ask('POST', '/state/network?ID=two', stateBytes(2)))).to.equal(409);
    expect(await statusOf(ask('UNLOCK', '/state/network'))).to.equal(200);
    expect(serialOf(new Uint8Array(await (await ask('GET', '/state/network')).arrayBuffer()))).to.equal(1);
    expect(await statusOf(ask('DELETE', '/state/network'))).to.equal(200);
    expect(await statusOf(ask('GET', '/state/network'))).to.equal(404);
    expect(refusals).to.deep.equal(['locked', 'locked', 'locked']);
  });

  it('who has no credential, a wrong one, a revoked one, or one of another state', async () => {
    const as = (authorization: string, path = '/state/network') => ask('GET', path, undefined, { authorization });
    for (const wrong of ['', 'Bearer x', 'Basic %', basic('wrong'), basic(passwords['network'], 'nobody'), basic('')]) {
      const response = await as(wrong);
      expect([response.status, response.headers.get('www-authenticate')], wrong).to.deep.equal([
        401,
        'Basic realm="stateseal", charset="UTF-8"',
      ]);
    }
    expect(await statusOf(as(basic(passwords['other'])))).to.equal(403);
    expect(await statusOf(as(basic(passwords['network']), '/state/nowhere'))).to.equal(403);
    expect(await statusOf(as(basic(passwords['network']), `/${SECRET}`))).to.equal(403);
    expect(await statusOf(as(basic('wrong'), '/state/nowhere'))).to.equal(401);
    expect(await statusOf(ask('PATCH', '/state/network'))).to.equal(405);
    expect(await revokeCredential(dataDir, { state: 'network', name: 'ci' })).to.equal(true);
    expect(await statusOf(ask('GET', '/state/network'))).to.equal(401);
    expect((await listCredentials(dataDir)).map(({ state }) => state)).to.deep.equal(['other']);
  });

  it('a body that is not what its digest says, too large, no state, no lock', async () => {
    const bytes = stateBytes(1);
    expect(await statusOf(ask('POST', '/state/network', bytes, { 'content-md5': md5(stateBytes(2)) }))).to.equal(400);
    const large = Buffer.alloc(MAX_BODY_BYTES + 1, 0x20);
    expect(await statusOf(ask('POST', '/state/network', large))).to.equal(413);
    for (const text of ['', '{', `{"version":4,"serial":"${SECRET}"}`, `[${SECRET}]`]) {
      const response = await ask('POST', '/state/network', Buffer.from(text));
      expect(response.status, text).to.equal(400);
      expect(await response.text()).not.to.contain(SECRET);
      const lock = await ask('LOCK', '/state/network', Buffer.from(text));
      expect(lock.status, text).to.equal(400);
      expect(await lock.text()).not.to.contain(SECRET);
    }
    expect(await statusOf(ask('GET', '/state/network'))).to.equal(404);
    expect([...recordedSerials(keeping)]).to.deep.equal([]);
  });

  it('without an announced length: stops at the limit', async () => {
    const socket = await open();
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    const head = `POST /state/network HTTP/1.1\r\nhost: x\r\nauthorization: ${basic(passwords['network'])}\r\n`;
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    // Twice the limit, and no end.
    for (let sent = 0; sent < 2 * MAX_BODY_BYTES; sent += 4096) socket.write(`1000\r\n${' '.repeat(4096)}\r\n`);
    await once(socket, 'close');
    expect(answer).to.match(/^HTTP\/1\.1 413 /u);
    expect(refusals).to.deep.equal(['malformed']);
  });

  it('cut and slow bodies change nothing; malformed requests are not repeated', async () => {
    const bytes = stateBytes(1);
    const head = `POST /state/network HTTP/1.1\r\nhost: x\r\nauthorization: ${basic(passwords['network'])}\r\ncontent-length: ${bytes.length}\r\n\r\n`;
    const cut = await open();
    cut.write(head);
    cut.write(bytes.subarray(0, 40));
    cut.destroy();
    const slow = await open();
    slow.write(head);
    slow.write(bytes.subarray(0, 40));
    await once(slow, 'close');
    expect(await send(`GET /state/${SECRET} HTTP/9.9 ${SECRET}\r\n\r\n`)).not.to.contain(SECRET);
    expect(await send(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`)).to.match(/^HTTP\/1.1 431/u);
    expect(await statusOf(ask('GET', '/state/network'))).to.equal(404);
  });

  it('500 says why in words of ours, and the failure is told', async () => {
    keeping.arm('observe', 'fails', 2);
    const response = await ask('POST', `/state/network?token=${SECRET}`, stateBytes(1));
    expect(response.status).to.equal(500);
    expect(await response.text()).to.equal(
      'not recorded or not stored, so not acknowledged: store-write-failed: expected a disk, got none\n',
    );
    expect(failures.length).to.equal(1);
    expect(refusals).to.deep.equal(['failed']);
  });

  it('many at a time: one holder, versions in order', async () => {
    const locks = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        statusOf(ask('LOCK', '/state/network', formatLockInfo(lockInfo(`l${index}`)))),
      ),
    );
    expect(locks.filter((status) => status === 200).length).to.equal(1);
    const writes = await Promise.all(
      Array.from({ length: 8 }, (_, index) => statusOf(ask('POST', `/state/network?ID=l${index}`, stateBytes(1)))),
    );
    expect(writes.filter((status) => status === 200).length).to.equal(1);
  });

  async function open(): Promise<Socket> {
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  async function send(text: string): Promise<string> {
    const socket = await open();
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    socket.write(text);
    await once(socket, 'close');
    return answer;
  }
});

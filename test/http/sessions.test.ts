// Sessions of a browser: how a one-time code becomes a cookie, and what the cookie is worth.
import { expect } from 'chai';
import { openLeafLog, sampleLine, type LeafLog } from './leaf-log.ts';
import { createSessions } from '../../daemon/http/sessions.ts';
import { startServer, type Answer, type TestServer } from './server.ts';

const OWNER = { name: 'session:uid:1', scope: 'admin', states: undefined } as const;

describe('http sessions', () => {
  let server: TestServer;
  let log: LeafLog;
  beforeEach(async () => {
    log = openLeafLog([sampleLine(0)]);
    server = await startServer(log.folder);
  });
  afterEach(async () => {
    await server.close();
    log.close();
  });

  const begin = (code: string, headers = {}, method = 'GET'): Promise<Answer> =>
    server.ask(`/session?code=${code}`, { token: undefined, headers, method });
  const cookieOf = ({ headers }: Answer): string => String(headers['set-cookie']).split(';')[0] ?? '';
  const read = (cookie: string, headers = {}): Promise<Answer> =>
    server.ask('/v1/records', { token: undefined, headers: { cookie, ...headers } });

  it('a code becomes a cookie once, hidden from scripts and other sites, and leads to the page', async () => {
    const code = server.sessions.mint(OWNER);
    const first = await begin(code);
    expect(first.status).to.equal(303);
    expect(first.headers['location']).to.equal('/');
    expect(String(first.headers['set-cookie'])).to.match(
      new RegExp(`^stateseal-${server.port}=[\\w-]{43}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200$`, 'u'),
    );
    expect((await read(cookieOf(first))).status).to.equal(200);
    expect(server.accessed).to.deep.equal(['session:uid:1 /v1/records']);
    expect((await begin(code)).status).to.equal(401);
  });

  it('a look ahead does not use a code up', async () => {
    const code = server.sessions.mint(OWNER);
    expect((await begin(code, {}, 'HEAD')).status).to.equal(401);
    expect((await begin(code, { 'sec-purpose': 'prefetch' })).status).to.equal(401);
    expect((await begin(code)).status).to.equal(303);
  });

  it('a page of another port or site gets nothing by the cookie', async () => {
    const cookie = cookieOf(await begin(server.sessions.mint(OWNER)));
    for (const site of ['same-site', 'cross-site']) {
      expect((await read(cookie, { 'sec-fetch-site': site })).status, site).to.equal(403);
    }
    for (const site of ['same-origin', 'none']) {
      expect((await read(cookie, { 'sec-fetch-site': site })).status, site).to.equal(200);
    }
  });

  it('what changes something needs the origin of the page; then the session is over', async () => {
    const cookie = cookieOf(await begin(server.sessions.mint(OWNER)));
    const end = (headers = {}): Promise<Answer> =>
      server.ask('/session/end', { method: 'POST', token: undefined, headers: { cookie, ...headers } });
    expect((await end()).status).to.equal(403);
    expect((await end({ origin: 'http://evil.example' })).status).to.equal(403);
    expect((await read(cookie)).status).to.equal(200);
    expect(
      (await end({ origin: `http://127.0.0.1:${server.port}`, host: `127.0.0.1:${server.port}` })).status,
    ).to.equal(204);
    expect((await read(cookie)).status).to.equal(401);
  });

  it('codes last a minute, sessions twelve hours', () => {
    let nowMs = 0;
    const sessions = createSessions(() => nowMs);
    const [early, late] = [sessions.mint(OWNER), sessions.mint(OWNER)];
    nowMs = 59_000;
    const id = sessions.redeem(early) ?? '';
    nowMs = 61_000;
    expect(sessions.redeem(late)).to.equal(undefined);
    nowMs = 59_000 + 12 * 3_600_000 - 1;
    expect(sessions.find(id)).to.deep.equal(OWNER);
    nowMs += 1;
    expect(sessions.find(id)).to.equal(undefined);
  });

  it('keeps no more codes than it has room for, the newest ones', () => {
    const sessions = createSessions(() => 0);
    const codes = Array.from({ length: 100 }, () => sessions.mint(OWNER));
    expect(codes.filter((code) => sessions.redeem(code) !== undefined)).to.deep.equal(codes.slice(-32));
  });
});

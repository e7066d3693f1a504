// Who gets in, and what a stranger or a failure gets to see.
import { expect } from 'chai';
import { ConfigError } from '../../daemon/errors.ts';
import { listenHttp } from '../../daemon/http/listen.ts';
import { parseBearer } from '../../daemon/http/access.ts';
import { openLeafLog, sampleLine, type LeafLog } from './leaf-log.ts';
import { startServer, TOKEN, type Answer, type TestServer } from './server.ts';

describe('http access', () => {
  let log: LeafLog;
  let server: TestServer;

  beforeEach(async () => {
    log = openLeafLog([sampleLine(0)]);
    server = await startServer(log.folder);
  });
  afterEach(async () => {
    await server.close();
    log.close();
  });

  const type = (answer: Answer): string => (JSON.parse(answer.text) as { type: string }).type;

  it('opens /livez and nothing else without a token', async () => {
    expect(await server.ask('/livez', { token: undefined })).to.include({ status: 200, text: '{"status":"alive"}' });
    for (const path of ['/', '/v1/records', '/v1/records/0', '/v1/checkpoint', '/nothing', '/livez/', '/LIVEZ']) {
      const answer = await server.ask(path, { token: undefined });
      expect(answer.status, path).to.equal(401);
      expect(type(answer)).to.equal('urn:stateseal:problem:token-missing');
      expect(answer.headers['www-authenticate']).to.equal('Bearer realm="stateseal"');
    }
  });

  it('refuses every other token, scheme and form', async () => {
    for (const authorization of [
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      `Basic ${TOKEN}`,
      TOKEN,
      'Bearer',
      '',
    ]) {
      const answer = await server.ask('/v1/records', { token: undefined, headers: { authorization } });
      expect(answer.status, authorization).to.equal(401);
      expect(answer.text).not.to.include(TOKEN.slice(1));
    }
    const accepted = await server.ask('/v1/records', {
      token: undefined,
      headers: { authorization: `bearer ${TOKEN}` },
    });
    expect(accepted.status).to.equal(200);
  });

  it('takes one bearer token and no list of them', () => {
    expect(parseBearer('Bearer abc, Bearer def')).to.equal(undefined);
  });

  it('answers only to its own names in Host, before anything else', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST']) {
      const answer = await server.ask('/v1/records', { headers: { host: `${name}:${server.port}` } });
      expect(answer.status, name).to.equal(200);
    }
    const strange = [
      'evil.example',
      `evil.example:${server.port}`,
      'localhost',
      'localhost:1',
      '127.0.0.1.evil.example',
    ];
    for (const host of strange) {
      const answer = await server.ask('/livez', { headers: { host } });
      expect(answer.status, host).to.equal(421);
      expect(answer.text).not.to.include('evil');
    }
  });

  it('refuses pages of other origins and grants no CORS', async () => {
    const foreign = await server.ask('/v1/records', { headers: { origin: 'https://evil.example' } });
    expect(foreign.status).to.equal(403);
    expect(foreign.headers).not.to.have.property('access-control-allow-origin');
    const own = await server.ask('/v1/records', { headers: { origin: `http://127.0.0.1:${server.port}` } });
    expect(own.status).to.equal(200);
    expect((await server.ask('/v1/records', { method: 'OPTIONS' })).status).to.equal(405);
  });

  it('takes no other method and no body', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) {
      const answer = await server.ask('/v1/records', { method });
      expect(answer.status, method).to.equal(405);
      expect(answer.headers['allow']).to.equal('GET, HEAD');
    }
    const answer = await server.ask('/v1/records', { headers: { 'content-length': '5' }, body: 'hello' });
    expect(answer).to.include({ status: 413 });
    expect(answer.headers['connection']).to.equal('close');
    const chunked = await server.ask('/livez', { headers: { 'transfer-encoding': 'chunked' }, body: 'hello' });
    expect(chunked.status).to.equal(413);
  });

  it('answers what the parser refuses as a problem, without repeating it', async () => {
    expect(await server.sendRaw('NONSENSE CANARY\r\n\r\n'))
      .to.match(/^HTTP\/1\.1 400 /u)
      .and.not.include('CANARY');
    const large = `GET /livez HTTP/1.1\r\nhost: a\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`;
    expect(await server.sendRaw(large)).to.match(/^HTTP\/1\.1 431 [^]*application\/problem\+json/u);
    const twoHosts = 'GET /livez HTTP/1.1\r\nhost: evil.example\r\nhost: localhost\r\nconnection: close\r\n\r\n';
    expect(await server.sendRaw(twoHosts)).to.match(/^HTTP\/1\.1 4\d\d /u);
    const noHost = 'GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n';
    expect(await server.sendRaw(noHost)).to.match(/^HTTP\/1\.1 400 /u);
    const smuggled =
      'GET /livez HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n';
    expect(await server.sendRaw(smuggled)).to.match(/^HTTP\/1\.1 400 /u);
  });

  it('sets safe headers on every answer', async () => {
    for (const path of ['/livez', '/v1/records', '/nothing', '/v1/records/x']) {
      const { headers } = await server.ask(path);
      expect(headers).to.include({
        'x-content-type-options': 'nosniff',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers).not.to.have.property('x-powered-by');
    }
  });

  it('hides a failure behind a problem and tells the daemon its name only', async () => {
    log.database.exec('ALTER TABLE entry RENAME TO "CANARY"');
    const unavailable = await server.ask('/v1/records');
    expect(unavailable.status).to.equal(503);
    server.log.database.close();
    const failed = await server.ask('/v1/records');
    expect(failed).to.include({ status: 500 });
    expect(type(failed)).to.equal('urn:stateseal:problem:internal');
    expect(failed.text + unavailable.text).not.to.match(/CANARY|\.ts:|entry|could not read/u);
    expect(server.failures[0])
      .to.match(/^store-failed: could not read the log/u)
      .and.not.include('CANARY');
    expect(server.failures[1]).to.equal('TypeError');
  });

  it('listens on loopback only', async () => {
    for (const host of ['0.0.0.0', '::', '192.0.2.1', 'example.com', '127.0.0.1.example.com', '']) {
      const refused = await listenHttp(() => undefined, { host, port: 0 }).catch((error: unknown) => error);
      expect(refused).to.be.instanceOf(ConfigError).with.property('code', 'http-host-refused');
    }
    const listener = await listenHttp(() => undefined, { host: 'localhost', port: 0 });
    expect(listener.url).to.equal(`http://127.0.0.1:${listener.port}`);
    await listener.close();
  });

  it('says that a port is taken', async () => {
    const refused = await listenHttp(() => undefined, { port: server.port }).catch((error: unknown) => error);
    expect(refused).to.be.instanceOf(ConfigError).with.property('code', 'http-port-taken');
  });

  it('closes while a client holds a connection open', async () => {
    const idle = server.sendRaw(`GET /livez HTTP/1.1\r\nhost: localhost:${server.port}\r\n\r\n`);
    await server.ask('/livez');
    await server.close();
    expect(await idle).to.match(/^HTTP\/1\.1 200 /u);
  });
});

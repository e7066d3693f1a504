// The API of a running daemon: who gets in by which door, and that who read what stands in the log afterwards.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openCommand } from '../daemon/commands/open.ts';
import { statusCommand } from '../daemon/commands/status.ts';
import { tokenCommand } from '../daemon/commands/token.ts';
import { DATABASE_FILE } from '../daemon/daemon.ts';
import { createBatches } from '../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../daemon/store/database.ts';
import { createQueries } from '../daemon/store/queries.ts';
import { formatState } from './support/canary-states.ts';
import { openWatched, type Watched } from './support/watched.ts';

describe('the API of a running daemon', function () {
  this.timeout(20_000);
  let folder: string;
  let watched: Watched;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-door-'));
    await writeFile(join(folder, 'x.tfstate'), formatState({ serial: 1, lineage: 'l', instances: [] }));
    watched = await openWatched({ roots: [folder], http: true, dataDir: join(folder, 'data') });
  });
  afterEach(async () => {
    await watched.close();
    await rm(folder, { recursive: true });
  });

  const url = (): string => /(http:\/\/127\.0\.0\.1:\d+)\//u.exec(watched.stdout())?.[1] ?? '';
  const token = async (name: string, ...more: string[]): Promise<string> =>
    (await watched.say(tokenCommand, 'create', name, ...more)).split('\n')[0] ?? '';
  const read = async (path: string, bearer: string): Promise<number> =>
    (await fetch(url() + path, { headers: { authorization: `Bearer ${bearer}` } })).status;
  /** Everything the log says of readers, after the daemon has ended. */
  const accessed = (): readonly unknown[] => {
    const database = openDatabaseReadOnly(join(watched.dataDir, DATABASE_FILE));
    try {
      const queries = createQueries(database, createBatches(database));
      const all = Array.from({ length: queries.size() }, (_, index) => queries.readRecord(index));
      return all.flatMap((stored) => {
        if (stored?.record.type !== 'log.accessed') return [];
        const { principal, reads, export: exported } = stored.record.data;
        return [{ principal, reads, ...(exported === undefined ? {} : { exported }) }];
      });
    } finally {
      database.close();
    }
  };

  it('opens to a token until it is revoked, and to nobody else', async () => {
    const text = await token('ci');
    expect(text).to.match(/^stateseal\.ci\.[\w-]{43}$/u);
    expect(await read('/v1/records', text)).to.equal(200);
    expect(await read('/v1/records', `${text.slice(0, -1)}x`)).to.equal(401);
    expect(await watched.say(tokenCommand, 'list')).to.match(/^ci {3}\S+ {3}may read$/mu);
    await watched.say(tokenCommand, 'revoke', 'ci');
    expect(await read('/v1/records', text)).to.equal(401);
    // The secret itself is on no disk.
    for (const { name, bytes } of await watched.written()) {
      expect(bytes.includes(text.slice(-43)), name).to.equal(false);
    }
  });

  it('answers on its unix socket, to a token too', async () => {
    const text = await token('ci');
    const ask = (authorization: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const headers = { authorization, host: 'localhost' };
        const sent = request({ socketPath: join(watched.dataDir, 'api.sock'), path: '/v1/records', headers });
        sent.on('response', (response) => resolve(response.resume().statusCode ?? 0));
        sent.on('error', reject).end();
      });
    expect(await ask(`Bearer ${text}`)).to.equal(200);
    expect(await ask('Bearer stateseal.ci.no')).to.equal(401);
  });

  it('stateseal open prints an address that becomes a session', async () => {
    const printed = (await watched.say(openCommand)).trim();
    expect(printed).to.match(/^http:\/\/127\.0\.0\.1:\d+\/session\?code=[\w-]{43}$/u);
    const first = await fetch(printed, { redirect: 'manual' });
    const cookie = String(first.headers.get('set-cookie')).split(';')[0] ?? '';
    expect((await fetch(`${url()}/v1/checkpoint`, { headers: { cookie } })).status).to.be.oneOf([200, 404]);
  });

  it('says in the log who read what, summed, also what a crash left behind', async () => {
    const [one, two] = [await token('one'), await token('two', '--state', 'x')];
    for (let number = 0; number < 5; number += 1) await read('/v1/records', one);
    await read('/v1/records/0', one);
    await read('/v1/records', two);
    await read('/livez', one);
    await watched.stop();
    expect(accessed()).to.deep.equal([
      {
        principal: 'token:one',
        reads: [
          { resource: '/v1/records', count: 5 },
          { resource: '/v1/records/{key}', count: 1 },
        ],
      },
    ]);
    const left = { principal: 'token:x', since: '2026-01-01T00:00:00.000Z', until: '2026-01-01T00:00:01.000Z' };
    const reads = [{ resource: '/v1/records', count: 7 }];
    await writeFile(join(watched.dataDir, 'accessed.json'), JSON.stringify([{ ...left, reads }]));
    const again = await openWatched({ roots: [folder], http: true, dataDir: watched.dataDir });
    expect(await again.say(statusCommand)).to.match(/^recorder {3}running/mu);
    await again.stop();
    await again.close();
    expect(accessed().at(-1)).to.deep.equal({ principal: 'token:x', reads });
    expect(await readFile(join(watched.dataDir, 'accessed.json'), 'utf8').catch(() => '')).to.equal('');
  });
});

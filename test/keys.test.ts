import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openLogKey, openRedactionKeys } from '../daemon/keys.ts';

describe('keys on disk', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'stateseal-keys-'));
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  const open = async (): Promise<string> => {
    const { vkey } = await openLogKey(dataDir, 'test.example', 'log.sqlite');
    await openRedactionKeys(dataDir, 2026);
    return vkey;
  };
  const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;

  it('are made once and kept', async () => {
    const vkey = await open();
    await writeFile(join(dataDir, 'log.sqlite'), '');
    expect(await open()).to.equal(vkey);
    expect((await readFile(join(dataDir, 'keys/log.vkey'), 'utf8')).trim()).to.equal(vkey);
  });

  for (const name of ['log.key', 'equality.key']) {
    it(`are not replaced in a log that lost ${name}`, async () => {
      await open();
      await writeFile(join(dataDir, 'log.sqlite'), '');
      await rm(join(dataDir, 'keys', name));
      const names = await readdir(join(dataDir, 'keys'));
      expect(await open().then(() => 'opened', codeOf)).to.equal('key-missing');
      expect(await readdir(join(dataDir, 'keys'))).to.deep.equal(names);
    });
  }

  it('of an epoch that is lost never give their id to another key', async () => {
    const first = await openRedactionKeys(dataDir, 2026);
    expect(first.epoch.kid).to.equal('e2026');
    expect((await openRedactionKeys(dataDir, 2026, new Set(['e2026']))).epoch).to.deep.equal(first.epoch);
    await rm(join(dataDir, 'keys/epoch-e2026.key'));
    const second = await openRedactionKeys(dataDir, 2026, new Set(['e2025', 'e2026']));
    expect(second.epoch.kid).to.equal('e202602');
    expect((await openRedactionKeys(dataDir, 2026)).epoch, 'from then on').to.deep.equal(second.epoch);
    await rm(join(dataDir, 'keys/epoch-e202602.key'));
    expect((await openRedactionKeys(dataDir, 2026, new Set(['e2026', 'e202602']))).epoch.kid).to.equal('e202603');
    // An older key that is still there is not taken up again, nor is an id below one that was used.
    await rm(join(dataDir, 'keys/epoch-e202603.key'));
    await writeFile(join(dataDir, 'keys/epoch-e2026.key'), `${'0'.repeat(64)}\n`);
    expect((await openRedactionKeys(dataDir, 2026, new Set(['e202603']))).epoch.kid).to.equal('e202604');
    expect((await openRedactionKeys(dataDir, 2027, new Set(['e2026']))).epoch.kid).to.equal('e2027');
  });

  it('are refused when they are damaged', async () => {
    await open();
    await writeFile(join(dataDir, 'keys/log.key'), 'x');
    expect(await open().then(() => 'opened', codeOf)).to.equal('key-damaged');
  });
});

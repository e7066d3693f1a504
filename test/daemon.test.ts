// What a running daemon keeps to itself: its data directory, its files, its place as the only writer.
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../daemon/errors.ts';
import { formatState } from './support/canary-states.ts';
import { openWatched, type Watched } from './support/watched.ts';

describe('a running daemon', function () {
  this.timeout(20_000);
  let folder: string;
  let watched: Watched | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-daemon-'));
    await writeFile(join(folder, 'x.tfstate'), formatState({ serial: 1, lineage: 'l', instances: [] }));
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await rm(folder, { recursive: true });
  });

  it('keeps every file to its own user, whatever the umask says', async () => {
    const umask = process.umask(0);
    try {
      watched = await openWatched({ roots: [folder], http: true });
      await watched.seal();
    } finally {
      process.umask(umask);
    }
    const modeOf = async (path: string): Promise<string> =>
      ((await stat(join(watched?.dataDir ?? '', path))).mode & 0o777).toString(8);
    expect(await modeOf('.')).to.equal('700');
    expect(await modeOf('keys')).to.equal('700');
    expect(await modeOf('control.sock')).to.equal('600');
    expect(await modeOf('api.sock')).to.equal('600');
    const keys = await readdir(join(watched.dataDir, 'keys'));
    expect(keys).to.include.members(['log.key', 'log.vkey', 'equality.key']);
    for (const name of keys) expect(await modeOf(`keys/${name}`), name).to.equal('600');
  });

  it('refuses a second one on the same data, and is not disturbed by it', async () => {
    watched = await openWatched({ roots: [folder] });
    const second = await openWatched({ roots: [folder], dataDir: watched.dataDir }).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(second).to.be.instanceOf(ConfigError).with.property('code', 'data-dir-busy');
    await watched.seal();
    expect(await watched.stop()).to.equal(0);
  });
});

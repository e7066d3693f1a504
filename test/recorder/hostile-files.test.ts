// Hostile files called terraform.tfstate, through the whole daemon: each is named with its reason, once, and nothing
// else is touched by it. What is not decided at one look (broken content, floods, full disks) is in test/slow.
import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { DANGEROUS } from '../commands/test-context.ts';
import { formatLock, formatState } from '../support/canary-states.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const ESCAPES = 'red\u001b[31m\u202e\u0007\u009b2J';

describe('hostile files, through the daemon', function () {
  this.timeout(20_000);
  let folder: string;
  let root: string;
  let watched: Watched | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-hostile-'));
    root = join(folder, 'infra');
    await mkdir(root);
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await rm(folder, { recursive: true });
  });

  async function place(path: string): Promise<string> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    return join(root, path);
  }

  const state = (serial: number, lineage: string, key = 'k'): string =>
    formatState({ serial, lineage, instances: [{ type: 'aws_x', name: 'x', key, attributes: { serial } }] });

  /** A version whose run is over when it is seen: its lock was left behind, so that no quiet time has to pass. */
  async function put(path: string, text: string): Promise<void> {
    await writeFile(join(root, dirname(path), '.terraform.tfstate.lock.info'), formatLock('run'));
    await writeFile(join(root, path), text);
    await watched?.settled();
  }

  const codes = (from: Watched): Record<string, string> =>
    Object.fromEntries(
      from.records('state.unreadable').map(({ record }) => {
        const { reference, code, reason } = record.data as { reference: string; code: string; reason: string };
        const name = reference.slice('dir:infra/'.length);
        expect(reason, reason).to.contain(name);
        return [name.split('/')[0] ?? '', code];
      }),
    );

  it('names each one with its reason, once, also after a restart, and goes on with the others', async () => {
    const expected: Record<string, string> = {};
    const plant = async (name: string, code: string, make: (path: string) => unknown): Promise<void> => {
      expected[name] = code;
      await make(await place(`${name}/terraform.tfstate`));
    };
    await writeFile(await place('good/terraform.tfstate'), state(1, 'good'));
    const outside = join(folder, 'outside');
    await writeFile(outside, state(1, 'outside'));
    await plant('fifo', 'file-not-regular', (path) => execFileSync('mkfifo', [path]));
    await plant('directory', 'file-not-regular', (path) => mkdir(path));
    await plant('symlink', 'file-is-symlink', (path) => symlink(outside, path));
    await plant('hardlink', 'file-is-hard-link', (path) => link(outside, path));
    await plant('sparse', 'file-too-large', async (path) => {
      const file = await open(path, 'w');
      await file.truncate(2 ** 40);
      await file.close();
    });
    const server = createServer();
    await plant('socket', 'file-not-regular', (path) => new Promise<void>((done) => server.listen(path, done)));
    if (process.getuid?.() === 0) {
      await plant('device', 'file-not-regular', (path) => execFileSync('mknod', [path, 'c', '1', '5']));
    }
    try {
      const dataDir = join(folder, 'data');
      watched = await openWatched({ roots: [root], dataDir });
      await watched.untilRecords('state.unreadable', Object.keys(expected).length);
      expect(codes(watched)).to.deep.equal(expected);
      await watched.close();
      watched = await openWatched({ roots: [root], dataDir });
      await put('good/terraform.tfstate', state(2, 'good'));
      expect(watched.records('state.changed').length).to.equal(1);
      expect(watched.records('state.unreadable').length).to.equal(Object.keys(expected).length);
      expect(watched.records('state.baselined').map(({ record }) => record.subject)).to.deep.equal(['good']);
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('sends no control character of a name to a terminal', async () => {
    await writeFile(await place(`${ESCAPES}/terraform.tfstate`), state(1, 'l', ESCAPES));
    await mkdir(await place(`bad${ESCAPES}/terraform.tfstate`));
    await mkdir(await place(`remote${ESCAPES}/.terraform/x`), { recursive: true });
    const pointer = { version: 3, backend: { type: 's3', config: { bucket: ESCAPES, key: ESCAPES } } };
    await writeFile(join(root, `remote${ESCAPES}/.terraform/terraform.tfstate`), JSON.stringify(pointer));
    watched = await openWatched({ roots: [root], http: true });
    await put(`${ESCAPES}/terraform.tfstate`, state(2, 'l', `${ESCAPES}2`));
    expect(watched.records('state.changed').length).to.equal(1);
    await watched.untilRecords('state.unreadable', 1);
    await watched.seal();
    for (const { name, bytes } of [...(await watched.answers()), ...(await watched.written())]) {
      // Lines of CSV end with both (RFC 4180).
      const text = bytes.toString().replaceAll(/\r\n/g, '\n');
      const isPrinted = !/^(?:archive|keys|log\.sqlite|lock|http)/.test(name);
      if (isPrinted) expect(DANGEROUS.exec(text), name).to.equal(null);
    }
  });

  it('takes nothing from outside through a parent that becomes a link', async () => {
    await writeFile(await place('p/terraform.tfstate'), state(1, 'inside'));
    await mkdir(join(folder, 'elsewhere'));
    await writeFile(join(folder, 'elsewhere/terraform.tfstate'), state(9, 'outside'));
    watched = await openWatched({ roots: [root] });
    await rename(join(root, 'p'), join(folder, 'moved'));
    await symlink(join(folder, 'elsewhere'), join(root, 'p'));
    await watched.settled();
    await rm(join(root, 'p'));
    await rename(join(folder, 'moved'), join(root, 'p'));
    await put('p/terraform.tfstate', state(2, 'inside'));
    expect(watched.records('state.changed').length).to.equal(1);
    const lines = [...watched.records('state.baselined', 'state.changed', 'resource.changed')].map(({ line }) => line);
    expect(lines.join('\n')).to.contain('inside').and.not.to.contain('outside');
  });
});

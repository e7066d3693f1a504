// A full disk under the data directory: an alarm, nothing recorded is harmed, and recording resumes by itself. On a
// small file system in memory, where the test may mount one.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { formatState } from '../support/canary-states.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const MEBIBYTE = 1024 * 1024;

/** `wide` instances of about a kilobyte each. */
function state(serial: number, wide: number): string {
  const instances = Array.from({ length: wide }, (_, index) => ({
    type: 'aws_x',
    name: `x${index}`,
    attributes: {
      serial,
      tags: Object.fromEntries(Array.from({ length: 20 }, (_none, tag) => [`t${tag}`, `v${serial}-${tag}-${index}`])),
    },
  }));
  return formatState({ serial, lineage: 'l', instances });
}

describe('a full disk', function () {
  this.timeout(120_000);
  let folder: string;
  let data: string;
  let root: string;
  let watched: Watched | undefined;

  before(function () {
    const mounted = spawnSync('sh', [
      '-c',
      'd=$(mktemp -d) && mount -t tmpfs -o size=1m tmpfs "$d" && umount "$d"; r=$?; rmdir "$d"; exit $r',
    ]);
    if (mounted.status === 0) return;
    console.log('      no right to mount a file system: run as root for the test of a full disk');
    this.skip();
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-full-'));
    data = join(folder, 'data');
    root = join(folder, 'infra');
    await mkdir(data);
    await mkdir(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', data]);
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    spawnSync('umount', ['-l', data]);
    await rm(folder, { recursive: true });
  });

  async function freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(data);
    return bavail * bsize;
  }

  /** Leaves so much room, and no more. */
  async function fill(leftBytes: number): Promise<void> {
    await writeFile(join(data, 'ballast'), Buffer.alloc(Math.max(0, (await freeBytes()) - leftBytes)));
  }

  async function until(what: string, isSo: () => boolean): Promise<void> {
    const endMs = performance.now() + 20_000;
    while (!isSo()) {
      if (performance.now() > endMs) throw new Error(`expected ${what}, got ${watched?.stderr() ?? ''}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  for (const leftBytes of [0, 4096, 64 * 1024]) {
    it(`with ${leftBytes} bytes left: an alarm, no harm, and on it goes`, async () => {
      await writeFile(join(root, 'terraform.tfstate'), state(1, 5));
      watched = await openWatched({ roots: [root], dataDir: join(data, 'log') });
      await watched.untilRecords('state.baselined', 1);
      await watched.seal();
      const sealed = watched.size();
      await fill(leftBytes);
      await writeFile(join(root, 'terraform.tfstate'), state(2, 400));
      await until('an alarm', () => watched?.stderr().includes('[store-write-failed]') ?? false);
      expect(watched.stderr())
        .to.match(/SQLITE_(?:FULL|IOERR)/u)
        .and.to.contain('hint: free space');
      // Whatever was appended meanwhile is whole: a line is there with all its hashes, or not at all.
      const answers = await watched.answers(sealed - 1);
      expect(answers.find(({ name }) => name === 'verify --strict')?.bytes.toString())
        .to.contain('PASS')
        .and.not.to.contain('FAIL');
      await rm(join(data, 'ballast'));
      expect(await freeBytes()).to.be.greaterThan(4 * MEBIBYTE);
      await watched.untilRecords('state.changed', 1);
      expect(watched.records('resource.changed').length).to.equal(400);
      await watched.seal();
      expect(await watched.stop()).to.equal(0);
      const alarms = watched.stderr().match(/problem/gu)?.length ?? 0;
      expect(alarms).to.be.lessThan(12);
    });
  }

  it('that fills while a batch is on its way to the archive: sealed when there is room again', async () => {
    await writeFile(join(root, 'terraform.tfstate'), state(1, 5));
    watched = await openWatched({ roots: [root], dataDir: join(data, 'log') });
    await watched.untilRecords('state.baselined', 1);
    await fill(0);
    const failure = await watched.seal().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(Error);
    await rm(join(data, 'ballast'));
    await watched.seal();
    const [verdict] = (await watched.answers(watched.size() - 1)).filter(({ name }) => name === 'verify --strict');
    expect(verdict?.bytes.toString()).to.contain('PASS').and.not.to.contain('FAIL');
    expect(await watched.stop()).to.equal(0);
  });
});

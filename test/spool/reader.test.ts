// What a hostile account can put into the spool: it is turned away, said once, and harms nobody else.
import { execFileSync } from 'node:child_process';
import {
  chown,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ParseError, StoreError } from '../../daemon/errors.ts';
import { createIngestKey, type IngestKey } from '../../daemon/spool/ingest-key.ts';
import { sealBox } from '../../daemon/spool/box.ts';
import { deliver } from '../../daemon/spool/deliver.ts';
import { createSpoolReader, type SpoolReader } from '../../daemon/spool/reader.ts';
import { DEFAULT_QUOTAS, type Quotas } from '../../daemon/spool/quotas.ts';
import { requireComponent } from '../support/components.ts';
import { makeSpool, runStarted, testId } from '../support/spool-scene.ts';

const BUDGET = { budgetMs: 30_000 };
const IS_ROOT = process.getuid?.() === 0;
const HOSTILE = 4242;

interface Loss {
  readonly type: string;
  readonly rows: readonly (readonly [string, string, number])[];
}

describe('spool reader', () => {
  let spool: string;
  let key: IngestKey;
  let clock: number;
  let taken: { readonly key: string; readonly uid: number }[];
  let losses: Loss[];
  let fail: (key: string) => Error | undefined;

  beforeEach(async () => {
    spool = await mkdtemp(join(tmpdir(), 'stateseal-spool-'));
    key = await makeSpool(spool);
    clock = Date.now();
    taken = [];
    losses = [];
    fail = () => undefined;
  });
  afterEach(() => rm(spool, { recursive: true, force: true }));

  function open(quotas: Quotas = DEFAULT_QUOTAS): SpoolReader {
    return createSpoolReader({
      directory: spool,
      key,
      quotas,
      now: () => clock,
      ingest: ({ key: name, uid }) => {
        const error = fail(name);
        if (error !== undefined) return Promise.reject(error);
        taken.push({ key: name, uid });
        return Promise.resolve();
      },
      recordLoss: (type, { lost }) => {
        losses.push({ type, rows: lost.map(({ uid, reason, files }) => [uid, reason, files] as const) });
        return Promise.resolve();
      },
    });
  }

  const inNew = (name: string): string => join(spool, 'new', name);
  const left = (): Promise<string[]> => readdir(join(spool, 'new'));

  async function put(number: number, uid?: number): Promise<string> {
    await deliver(spool, runStarted(number), [], BUDGET);
    const path = inNew(`${testId(number)}.box`);
    if (uid !== undefined) await chown(path, uid, uid);
    return path;
  }

  it('takes boxes in order of their names, says whose they are, and leaves nothing', async () => {
    for (const number of [3, 1, 2]) await put(number);
    await open().look();
    expect(taken).to.deep.equal([1, 2, 3].map((number) => ({ key: testId(number), uid: process.getuid?.() ?? 0 })));
    expect(await left()).to.deep.equal([]);
    expect(losses).to.deep.equal([]);
  });

  it('keeps a box that could not be recorded', async () => {
    await put(1);
    fail = () => new StoreError('store-write-failed', 'disk full', { hint: '' });
    const reader = open();
    for (let look = 0; look < 5; look += 1) {
      expect(
        await reader.look().then(
          () => '',
          (error: unknown) => (error as StoreError).code,
        ),
      ).to.equal('store-write-failed');
    }
    fail = () => undefined;
    await reader.look();
    expect(taken).to.have.length(1);
  });

  it('gives up a box on which the recorder fails each time, so that the next ones come', async () => {
    await put(1);
    await put(2);
    fail = (name) => (name === testId(1) ? new StoreError('recorder-failed', 'a defect', { hint: '' }) : undefined);
    const reader = open();
    for (let look = 0; look < 3; look += 1) await reader.look().catch(() => undefined);
    expect(taken.map((delivery) => delivery.key)).to.deep.equal([testId(2)]);
    expect(losses.map(({ type }) => type)).to.deep.equal(['spool.rejected']);
  });

  it('turns away what is no observation, once', async () => {
    await put(1);
    fail = () => new ParseError('observation-malformed', 'no', { hint: '' });
    const reader = open();
    await reader.look();
    await reader.look();
    expect(losses).to.deep.equal([
      { type: 'spool.rejected', rows: [[`uid:${process.getuid?.() ?? 0}`, 'not-an-observation', 1]] },
    ]);
    expect(await left()).to.deep.equal([]);
  });

  it('turns away everything that is no box, and takes what is one', async function () {
    requireComponent(this, 'files of other accounts', IS_ROOT, 'run as root');
    this.timeout(10_000);
    const outside = join(spool, 'outside');
    await writeFile(outside, 'a file of somebody else');
    const name = (number: number): string => `${testId(number)}.box`;
    await symlink(outside, inNew(name(1)));
    await symlink('/dev/zero', inNew(name(2)));
    execFileSync('mkfifo', [inNew(name(3))]);
    await mkdir(inNew(name(4)));
    await mkdir(inNew(name(5)));
    await writeFile(join(inNew(name(5)), 'inside'), '');
    await link(outside, inNew(name(6)));
    await writeFile(inNew(name(7)), 'garbage '.repeat(100));
    await writeFile(inNew(name(8)), '');
    await writeFile(inNew(name(9)), '');
    await truncate(inNew(name(9)), 2 ** 40);
    await writeFile(inNew(name(10)), '');
    await truncate(inNew(name(10)), 60 * 1024 * 1024);
    await writeFile(inNew('..box'), 'x'.repeat(200));
    await writeFile(inNew('\u202eexe.box\n'), 'x'.repeat(200));
    execFileSync('mknod', [inNew(name(11)), 'c', '1', '5']);
    const socket = createServer().listen(inNew(name(12)));
    const other = await createIngestKey(Buffer.alloc(32, 9));
    await writeFile(inNew(name(13)), await sealBox(other.public, testId(13), Buffer.from('x')));
    await writeFile(inNew(name(14)), await sealBox(key.public, testId(15), Buffer.from('x')));
    for (const found of await left())
      if (!found.startsWith(testId(1)) && !found.startsWith(testId(2))) await chown(inNew(found), HOSTILE, HOSTILE);
    await put(20, 1001);

    const reader = open();
    await reader.look();
    socket.close();
    expect(taken).to.deep.equal([{ key: testId(20), uid: 1001 }]);
    expect(await left()).to.deep.equal([name(5)]);
    expect(losses).to.have.length(1);
    expect([...(losses[0]?.rows ?? [])].sort()).to.deep.equal([
      ['uid:0', 'not-a-file', 2],
      ['uid:4242', 'altered', 1],
      ['uid:4242', 'foreign-name', 2],
      ['uid:4242', 'hard-link', 1],
      ['uid:4242', 'malformed', 3],
      ['uid:4242', 'not-a-file', 5],
      ['uid:4242', 'other-key', 1],
      ['uid:4242', 'too-large', 1],
    ]);
    expect(await readFile(outside, 'utf8')).to.equal('a file of somebody else');
    // What cannot be taken away is not told again.
    clock += 120_000;
    await reader.look();
    expect(losses).to.have.length(1);
  });

  it('says a flood once a minute, and takes away nothing that is not said', async () => {
    const reader = open();
    await writeFile(inNew('a'), 'x'.repeat(100));
    await reader.look();
    for (let number = 0; number < 50; number += 1) await writeFile(inNew(`junk-${number}`), 'x'.repeat(100));
    for (let look = 0; look < 3; look += 1) await reader.look();
    expect(losses).to.have.length(1);
    expect(await left()).to.have.length(50);
    clock += 60_000;
    await reader.look();
    expect(losses).to.have.length(2);
    expect(await left()).to.deep.equal([]);
  });

  it('drops the newest of an account that has too much, says it, and serves the others first', async function () {
    requireComponent(this, 'files of other accounts', IS_ROOT, 'run as root');
    for (let number = 1; number <= 6; number += 1) await put(number, HOSTILE);
    await put(9, 1001);
    const reader = open({ ...DEFAULT_QUOTAS, files: 4 });
    await reader.look();
    expect(taken.map(({ uid }) => uid)).to.deep.equal([1001, HOSTILE, HOSTILE, HOSTILE, HOSTILE]);
    expect(taken.map((delivery) => delivery.key)).to.deep.equal([9, 1, 2, 3, 4].map(testId));
    expect(losses).to.deep.equal([{ type: 'spool.overflowed', rows: [['uid:4242', 'quota', 2]] }]);
    expect(await left()).to.deep.equal([]);
    expect(await readFile(join(spool, 'refused'), 'utf8')).to.equal('uid:4242\n');
    await reader.look();
    expect(await readFile(join(spool, 'refused'), 'utf8')).to.equal('');
    expect(reader.status()).to.include({ recorded: 5, overflowed: 2, rejected: 0, waiting: 0 });
  });

  it('holds quotas of bytes, of one and of all', async () => {
    for (let number = 1; number <= 4; number += 1) await put(number);
    const { size } = await stat(inNew(`${testId(1)}.box`));
    await open({ ...DEFAULT_QUOTAS, totalBytes: size * 3 }).look();
    expect(taken).to.have.length(3);
    // Clients heed what was published, until the next look.
    await open().look();
    for (let number = 5; number <= 8; number += 1) await put(number);
    await open({ ...DEFAULT_QUOTAS, sizeBytes: size }).look();
    expect(taken).to.have.length(4);
  });

  it('clears what killed clients left, by a time that nobody can set', async () => {
    const old = join(spool, 'tmp', `${testId(1)}.box`);
    await writeFile(old, 'half');
    await utimes(old, 1, 1);
    const reader = open();
    await reader.look();
    expect(await readdir(join(spool, 'tmp'))).to.have.length(1);
    clock += 2 * 60 * 60 * 1000;
    await reader.look();
    expect(await readdir(join(spool, 'tmp'))).to.deep.equal([]);
  });

  it('is not stopped by a name that changes hands while it reads', async () => {
    const path = await put(1);
    const reader = open();
    const looking = reader.look();
    await rename(path, join(spool, 'elsewhere')).catch(() => undefined);
    await looking;
    await put(2);
    await reader.look();
    expect(taken.map((delivery) => delivery.key)).to.include(testId(2));
  });
});

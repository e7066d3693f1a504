// From a state file to a locked object and back, on a real store with Object Lock (Ceph's gateway): the daemon and the
// verbs as processes, a store that goes away, one that others write into, and a second writer with the same key.
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
  S3Client,
  type ObjectVersion,
} from '@aws-sdk/client-s3';
import { expect } from 'chai';
import type { Receipt } from '../../daemon/archive/archive.ts';
import { callDaemon } from '../../daemon/control.ts';
import type { SealerStatus } from '../../daemon/sealer/sealer.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';
import { formatMovingState } from '../support/moving-state.ts';
import { runStateseal, spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { openTcpGate, type TcpGate } from '../support/tcp-gate.ts';

const DAY_MS = 86_400_000;
const BUCKET = 'evidence';

/** What a seal itself leaves waits for the next seal. */
const QUIET: ReadonlySet<string> = new Set(['io.stateseal.batch.archived', 'io.stateseal.archive.obstructed']);

interface StoredRecord {
  readonly type: string;
  readonly subject: string;
  readonly data: { readonly prev?: number; readonly objects?: readonly Receipt[] };
}

describe('s3 end to end on Ceph', function () {
  this.timeout(180_000);
  let ceph: Ceph;
  let gate: TcpGate;
  let client: S3Client;
  let folder: string;
  let prefix: string;
  let running: StatesealProcess[];
  let prefixCount = 0;

  before(async function () {
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    ceph = await startCeph();
    gate = await openTcpGate(ceph.endpoint);
    const { adminUser: credentials, endpoint } = ceph;
    client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials });
    await client.send(new CreateBucketCommand({ Bucket: BUCKET, ObjectLockEnabledForBucket: true }));
  });
  after(async () => {
    // Nothing is open when the suite was skipped.
    for (const close of [() => client.destroy(), () => gate.close(), () => ceph.close()]) {
      await Promise.resolve()
        .then(close, close)
        .catch(() => undefined);
    }
  });

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-s3-'));
    mkdirSync(join(folder, 'network'));
    prefix = `logs-${(prefixCount += 1)}`;
    running = [];
    gate.open();
  });
  afterEach(async () => {
    gate.open();
    await Promise.all(running.map((process) => process.stop('SIGKILL')));
    rmSync(folder, { recursive: true });
  });

  const environment = (): Record<string, string> => ({
    AWS_ACCESS_KEY_ID: ceph.adminUser.accessKeyId,
    AWS_SECRET_ACCESS_KEY: ceph.adminUser.secretAccessKey,
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    HOME: folder,
  });

  const watch = async (dataDir = 'data'): Promise<StatesealProcess> => {
    const config = join(folder, 'stateseal.yaml');
    writeFileSync(
      config,
      [
        `roots: [{ path: ${join(folder, 'network')} }]`,
        `archive: { location: s3://${BUCKET}/${prefix}, endpoint: "${gate.endpoint}" }`,
        'seal: { maxAgeSeconds: 1 }',
        'quietSeconds: 1',
      ].join('\n'),
    );
    const args = ['watch', '--config', config, '--data-dir', join(folder, dataDir), '--http', 'off'];
    const daemon = spawnStateseal(args, { env: environment() });
    running.push(daemon);
    await daemon.until(/ready\./u);
    return daemon;
  };

  const changeState = (serial: number): void => {
    const path = join(folder, 'network', 'terraform.tfstate');
    writeFileSync(`${path}.new`, formatMovingState(serial));
    renameSync(`${path}.new`, path);
  };

  const read = <T>(dataDir: string, question: (database: Sqlite) => T): T => {
    const database = openDatabaseReadOnly(join(folder, dataDir, 'log.sqlite'));
    try {
      return question(database);
    } finally {
      database.close();
    }
  };
  const published = (dataDir = 'data'): number =>
    read(dataDir, (database) => {
      const done = createBatches(database)
        .outlines()
        .filter(({ phase }) => phase === 'published');
      return done.at(-1)?.size ?? 0;
    });
  /** What the running daemon says of its sealer. */
  const sealer = async (dataDir = 'data'): Promise<SealerStatus> => {
    const answer = await callDaemon(join(folder, dataDir, 'control.sock'), 'status', 5_000);
    return (answer as { readonly sealer: SealerStatus }).sealer;
  };

  const records = (dataDir = 'data'): StoredRecord[] =>
    read(dataDir, (database) => {
      const entries = createEntries(database);
      return [...entries.range(0, entries.size())].map(({ line }) => JSON.parse(line.toString()) as StoredRecord);
    });
  const changes = (dataDir?: string): number =>
    records(dataDir).filter(({ type }) => type === 'io.stateseal.state.changed').length;

  const untilTrue = async (what: string, isTrue: () => boolean | Promise<boolean>): Promise<void> => {
    for (const deadlineMs = Date.now() + 45_000; Date.now() < deadlineMs; await delay(100)) {
      if (await isTrue()) return;
    }
    const types = records().map(({ type }) => type.replace('io.stateseal.', ''));
    const printed = running.map((one) => one.stdout() + one.stderr()).join('\n');
    throw new Error(
      `expected within 45 s: ${what}; got ${types.join(' ')}\n${JSON.stringify(await sealer())}\n${printed}`,
    );
  };
  const untilSealed = (count: number, dataDir?: string): Promise<void> =>
    untilTrue(`${count} changes, all sealed`, () => {
      if (changes(dataDir) < count) return false;
      const newest = records(dataDir).findLastIndex(({ type }) => !QUIET.has(type));
      return newest < published(dataDir);
    });

  const verify = async (...more: readonly string[]): Promise<VerifyReport & { readonly exit: number }> => {
    const key = join(folder, 'data', 'keys', 'log.vkey');
    const { stdout, stderr, code } = await runStateseal(
      ['verify', `s3://${BUCKET}/${prefix}`, '--key', key, '--json', ...more],
      { env: { ...environment(), AWS_ENDPOINT_URL_S3: ceph.endpoint } },
    );
    if (stdout === '') throw new Error(stderr);
    const report = JSON.parse(stdout) as VerifyReport & { exit: number };
    expect(report.exit).to.equal(code);
    return report;
  };

  const versions = async (): Promise<readonly ObjectVersion[]> => {
    const { Versions } = await client.send(new ListObjectVersionsCommand({ Bucket: BUCKET, Prefix: `${prefix}/` }));
    return Versions ?? [];
  };
  /** The whole key of an object of the log. */
  const keyOf = async (name: string): Promise<string> => {
    const some = (await versions())[0]?.Key ?? '';
    return `${some.split('/').slice(0, 2).join('/')}/${name}`;
  };

  it('locks every object for 30 days, writes the receipts down, and verifies as locked', async () => {
    changeState(1);
    const daemon = await watch();
    changeState(2);
    await untilSealed(1);
    expect(await daemon.stop()).to.include({ code: 0 });

    const objects = records()
      .filter(({ type }) => type === 'io.stateseal.batch.archived')
      .flatMap(({ data }) => data.objects ?? []);
    expect(objects.length).to.be.greaterThan(3);
    for (const { mode, retainUntil, lastModified, versionId } of objects) {
      expect(mode).to.equal('GOVERNANCE');
      expect(Date.parse(retainUntil) - Date.parse(lastModified)).to.be.within(30 * DAY_MS, 30 * DAY_MS + 120_000);
      expect(versionId).not.to.equal('');
    }
    const report = await verify();
    expect(report).to.include({ exit: 0, integrity: 'pass', tier: 'locked' });
    expect([report.failures.count, report.anomalies.count, report.format.count]).to.deep.equal([0, 0, 0]);
    expect(report.objects?.versionCount).to.equal((await versions()).length);
    expect(report.retention).to.include({ endedCount: 0, unlockedCount: 0 });
    expect((await verify('--endpoint', ceph.endpoint, '--region', 'us-east-1')).exit).to.equal(0);
    const own = await runStateseal(
      ['verify', '--config', join(folder, 'stateseal.yaml'), '--data-dir', join(folder, 'data')],
      { env: environment() },
    );
    expect(own.code, own.stdout + own.stderr).to.equal(0);
  });

  it('records on while the store is away, shows the backlog, then seals in order', async () => {
    changeState(1);
    const daemon = await watch();
    changeState(2);
    await untilSealed(1);
    const before = published();

    gate.shut();
    for (const serial of [3, 4, 5]) {
      changeState(serial);
      await untilTrue(`change ${serial}`, () => changes() === serial - 1);
    }
    await untilTrue('a problem in the status', async () => (await sealer()).state === 'waiting');
    expect(published()).to.equal(before);
    expect((await sealer()).problem).to.include({ code: 'archive-unreachable' });
    const { stdout: shown } = await runStateseal(['status', '--data-dir', join(folder, 'data')]);
    expect(shown).to.match(
      /\d+ waiting \([\d,]+ bytes, the oldest \d+ (?:s|min) old\)\nbacklog .*\[archive-unreachable\], next try in \d+ s/u,
    );
    expect(daemon.stderr()).to.contain('[archive-unreachable]');

    gate.open();
    await untilSealed(4);
    expect(await daemon.stop()).to.include({ code: 0 });
    const seals = (await versions()).filter(({ Key }) => Key?.includes('/seal/') === true);
    const inKeyOrder = seals.toSorted((a, b) => ((a.Key ?? '') < (b.Key ?? '') ? -1 : 1));
    const times = inKeyOrder.map(({ LastModified }) => LastModified?.getTime() ?? 0);
    expect(times).to.deep.equal(times.toSorted((a, b) => a - b));
    expect(await verify()).to.include({ exit: 0, integrity: 'pass', tier: 'locked' });
  });

  it('passes over what others put at its keys; verify names it and passes', async () => {
    changeState(1);
    const daemon = await watch();
    await untilSealed(0);
    const next = String(published()).padStart(16, '0');
    for (const key of [`seal/${next}`, `batch/${next}.ndjson.gz`, `checkpoint/${next}`]) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: await keyOf(key), Body: 'squatted' }));
    }
    changeState(2);
    await untilSealed(1);
    expect(await daemon.stop()).to.include({ code: 0 });
    const obstructed = records().filter(({ type }) => type === 'io.stateseal.archive.obstructed');
    expect(obstructed.map(({ subject }) => subject.split('/')[0])).to.have.members(['batch', 'seal', 'checkpoint']);

    const first = '0'.repeat(16);
    for (const name of [`seal/${first}`, `batch/${first}.ndjson.gz`, `checkpoint/${first}`]) {
      const target = { Bucket: BUCKET, Key: await keyOf(name) };
      await client.send(new PutObjectCommand({ ...target, Body: 'newer junk' }));
      await client.send(new DeleteObjectCommand(target));
    }
    const report = await verify();
    expect(report).to.include({ exit: 0, integrity: 'pass', tier: 'locked' });
    const named = new Set(report.anomalies.list.map(({ key }) => key));
    for (const prev of [first, next]) {
      for (const key of [`seal/${prev}`, `batch/${prev}.ndjson.gz`, `checkpoint/${prev}`]) {
        expect([...named], key).to.include(key);
      }
    }
    expect(report.objects?.deleteMarkerCount).to.equal(3);
    expect((await verify('--strict')).exit).to.equal(1);
  });

  it('stops sealing when an older copy of the data runs beside the archive, and records on', async () => {
    changeState(1);
    expect(await (await watch()).stop()).to.include({ code: 0 });
    cpSync(join(folder, 'data'), join(folder, 'copy'), { recursive: true });
    const first = await watch();
    changeState(2);
    await untilSealed(1);
    expect(await first.stop()).to.include({ code: 0 });
    const before = (await versions()).length;

    const second = await watch('copy');
    await untilTrue('a stopped sealer', async () => (await sealer('copy')).state === 'stopped');
    expect((await sealer('copy')).problem).to.include({ code: 'archive-rolled-back' });
    for (const serial of [3, 4]) {
      const known = changes('copy');
      changeState(serial);
      await untilTrue('one more change', () => changes('copy') > known);
    }
    expect(await sealer('copy')).to.include({ state: 'stopped' });
    const stopped = await second.stop();
    expect(stopped.code).to.equal(2);
    expect(stopped.stderr).to.contain('[archive-rolled-back]');
    expect((await versions()).length, 'the second writer wrote nothing').to.equal(before);
    expect(await verify()).to.include({ exit: 0, integrity: 'pass' });
  });
});

// What a client can do to a sealed log that has every right but that of bypassing locks, on a real store: each attack is
// named by exactly its findings, nothing of it is believed, and the log itself verifies.
import { renameSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { IntegrityError } from '../../daemon/errors.ts';
import { batchKey, blobKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { restoreLog } from '../../daemon/restore/restore.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { openCephStore, type CephStore } from '../support/ceph-store.ts';
import { openFaultProxy } from '../support/fault-proxy.ts';
import { LOCK_DAYS, openS3Scene, type S3Scene, type Verdict } from '../support/s3-scene.ts';
import { openSealerOn } from '../support/sealer-on.ts';
import * as sample from '../support/sample-archive.ts';
import { openLogHarness, ORIGIN, plainRecord, testKeys, testSigner, type LogHarness } from '../support/log-harness.ts';

const INTACT = { exit: 0, integrity: 'pass', failures: '', anomalies: '', notes: '' } as const;
/** Named, not believed, not fatal; `--strict` fails. */
const NAMED = { ...INTACT, strictExit: 1 } as const;

describe('s3 attacks on Ceph', function () {
  this.timeout(300_000);
  let store: CephStore | undefined;
  let scene: S3Scene;
  let prefix: string;
  let count = 0;

  before(async function () {
    store = await openCephStore(this);
  });
  after(() => store?.close());

  /** Three batches: a baseline with its blob, a change, a change with a blob. */
  beforeEach(async () => {
    if (store === undefined) throw new Error('expected a store, got none');
    prefix = `attack-${(count += 1)}`;
    scene = await openS3Scene(store, prefix);
    for (const serial of [1, 2, 4]) {
      scene.record(serial);
      await scene.seal();
    }
    expectVerdict(await scene.verify(), { ...INTACT, strictExit: 0, tier: 'locked' });
  });
  afterEach(() => scene.close());

  const everything = (): readonly string[] => scene.prevs().flatMap((prev) => scene.objectsOf(prev));
  /** The next batch, frozen and not sent: its keys are known to whoever can guess its content. */
  const next = (): { readonly prev: number; readonly names: readonly string[] } => {
    scene.record(8);
    scene.log.methods.freeze();
    const prev = scene.prevs().at(-1) ?? 0;
    return { prev, names: scene.objectsOf(prev) };
  };
  const obstructed = (): readonly string[] =>
    scene.log.read(({ queries }) =>
      Array.from({ length: queries.size() }, (_, index) => queries.readRecord(index)?.record).flatMap((record) =>
        record?.type === 'archive.obstructed' ? [record.subject] : [],
      ),
    );

  it('overwrites every object with a newer version', async () => {
    const names = everything();
    expect(names).to.have.length(11);
    for (const name of names) await scene.put(name, 'newer');
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'foreign-version 11', tier: 'locked' });
  });

  it('lays a delete marker over every object', async () => {
    for (const name of everything()) await scene.mark(name);
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'delete-marker 11', tier: 'locked' });
  });

  it('lays delete markers where the next batch belongs, before it comes', async () => {
    const { names } = next();
    for (const name of names) await scene.mark(name);
    await scene.seal();
    expect(obstructed()).to.have.members(names);
    await scene.seal();
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'delete-marker 4', tier: 'locked' });
  });

  it('squats the next keys and their next suffixes', async () => {
    const { names, prev } = next();
    const taken = names.flatMap((name) => [name, `${name}~2`, `${name}~3`]);
    for (const name of taken) await scene.put(name, 'squatted');
    await scene.seal();
    expect(obstructed()).to.have.members(taken);
    expect(await scene.versions(sealKey(prev, 4))).to.have.length(1);
    await scene.seal();
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'foreign-version 12', tier: 'locked' });
  });

  it('back-dates a forged version, and a copy of the true one', async () => {
    const [, second = 0] = scene.prevs();
    const forged = await scene.put(sealKey(0), signedByAnother().get(sealKey(0)) ?? 'none');
    const copied = await scene.put(sealKey(second), await readTrue(sealKey(second)));
    const proxy = await openFaultProxy(store?.ceph.endpoint ?? '');
    try {
      proxy.onCall = ({ name }) =>
        name === 'ListObjectVersions'
          ? { kind: 'rewritten', rewrite: (page) => backDate(page, [forged, copied]) }
          : undefined;
      const verdict = await scene.verify({ endpoint: proxy.endpoint });
      // A copy older than the seal before it: its time is not believed, and the locked one counts.
      const anomalies = 'foreign-version, seal-time-doubtful';
      expectVerdict(verdict, { ...NAMED, anomalies, notes: 'duplicate-version', tier: 'locked' });
      expect(verdict.report.records.verifiedCount).to.equal(verdict.report.records.size);
    } finally {
      await proxy.close();
    }
  });

  it('puts the same bytes again', async () => {
    for (const name of everything()) await scene.put(name, await scene.read(name));
    expectVerdict(await scene.verify(), { ...INTACT, strictExit: 0, notes: 'duplicate-version 11', tier: 'locked' });
  });

  it('forges the next batch, without a seal, and with one signed by another key', async () => {
    const forgery = signedByAnother();
    const prev = (await scene.verify()).report.head?.size ?? 0;
    const sha256 = 'ab'.repeat(32);
    await scene.put(batchKey(prev), forgery.get(batchKey(0)) ?? 'none');
    await scene.put(blobKey(prev, sha256), 'a blob');
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'orphan-batch, orphan-blob', tier: 'locked' });
    await scene.put(sealKey(prev), forgery.get(sealKey(0)) ?? 'none');
    const anomalies = 'foreign-version, orphan-batch, orphan-blob';
    expectVerdict(await scene.verify(), { ...NAMED, anomalies, tier: 'locked' });
  });

  it('copies the whole folder elsewhere: the same log, and not locked', async () => {
    await scene.copyTo(`${prefix}-copy`);
    const verdict = await scene.verify({ prefix: `${prefix}-copy` });
    expectVerdict(verdict, { ...NAMED, anomalies: 'retention-short 11', tier: 'local' });
    expect(verdict.report.retention).to.include({ protectedCount: 0, unlockedCount: 11 });
    expectVerdict(await scene.verify(), { ...INTACT, strictExit: 0, tier: 'locked' });
  });

  it('swaps two batches, over them, and in their place', async () => {
    const [first = 0, second = 0] = scene.prevs();
    const bodies = [await scene.read(batchKey(first)), await scene.read(batchKey(second))];
    const truth = [await scene.versions(batchKey(first)), await scene.versions(batchKey(second))].flat();
    await scene.put(batchKey(first), bodies[1] ?? '');
    await scene.put(batchKey(second), bodies[0] ?? '');
    expectVerdict(await scene.verify(), { ...NAMED, anomalies: 'foreign-version 2', tier: 'locked' });

    await scene.remove(batchKey(first), truth[0]?.VersionId);
    await scene.remove(batchKey(second), truth[1]?.VersionId);
    const verdict = await scene.verify();
    expectVerdict(verdict, { exit: 1, integrity: 'fail', failures: 'batch-altered 2', anomalies: '' });
  });

  it('leaves a forgery when the true content has expired, and only then', async () => {
    const [first = 0] = scene.prevs();
    for (const name of [batchKey(first), sealKey(first)]) {
      const [truth] = await scene.versions(name);
      await scene.put(name, 'forged');
      if (name === batchKey(first)) await scene.remove(name, truth?.VersionId);
    }
    const early = await scene.verify();
    expectVerdict(early, { exit: 1, integrity: 'fail', failures: 'batch-altered', anomalies: 'foreign-version' });
    const nowMs = Date.now() + 31 * 86_400_000;
    const late = await scene.verify({ nowMs });
    expectVerdict(late, { integrity: 'pass', failures: '', anomalies: 'foreign-version 2' });
    expect(late.report.records.expiredCount).to.be.greaterThan(0);

    const [, trueSeal] = await scene.versions(sealKey(first));
    await scene.remove(sealKey(first), trueSeal?.VersionId);
    const gone = await scene.verify({ nowMs });
    expect(gone).to.include({ exit: 1, integrity: 'fail' });
    expect(gone.failures).to.equal('seal-missing');
  });

  it('replays an older database: sealing stops before it writes anything, recording goes on', async () => {
    const { dataDir } = scene.log;
    const older = `${dataDir}/older.sqlite`;
    await backUp(`${dataDir}/log.sqlite`, older);
    scene.record(5);
    await scene.seal();
    const before = (await scene.verify()).report.objects?.versionCount;

    replaceDatabase(scene.log, older);
    scene.record(6);
    const sealer = scene.openSealer();
    const failure: unknown = await sealer.seal().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).to.be.instanceOf(IntegrityError);
    expect(Reflect.get(Object(failure), 'code')).to.equal('archive-rolled-back');
    expect(sealer.status()).to.include({ state: 'stopped' });
    const size = scene.log.read(({ entries }) => entries.size());
    scene.record(7);
    expect(scene.log.read(({ entries }) => entries.size())).to.be.greaterThan(size);
    const verdict = await scene.verify();
    expectVerdict(verdict, { ...INTACT, strictExit: 0, tier: 'locked' });
    expect(verdict.report.objects?.versionCount).to.equal(before);
  });

  it('forges orphans before a restore: only what a seal vouches for is taken, and the log goes on past them', async () => {
    const { size = 0 } = (await scene.verify()).report.head ?? {};
    const forgery = signedByAnother();
    await scene.put(batchKey(size), forgery.get(batchKey(0)) ?? 'none');
    await scene.put(sealKey(size), forgery.get(sealKey(0)) ?? 'none');
    const archive = await store?.open(`${prefix}/${ORIGIN.slice(ORIGIN.lastIndexOf('/') + 1)}`);
    if (archive === undefined) throw new Error('expected a store, got none');
    const databasePath = `${scene.log.dataDir}/restored.sqlite`;
    await restoreLog({
      archive,
      databasePath,
      options: { nowMs: Date.now() },
      key: { signer: testSigner, vkey: testSigner.vkey, isNew: false, seed: Buffer.alloc(32) },
      openKeys: () => Promise.resolve(testKeys),
    });
    const restored = openLogHarness(undefined, LOCK_DAYS, databasePath);
    restored.clock.ms = Date.now();
    const database = openDatabaseReadOnly(`${restored.dataDir}/log.sqlite`);
    try {
      expect(restored.read(({ entries }) => entries.size())).to.equal(size);
      restored.methods.append([plainRecord(99)]);
      const sealer = openSealerOn(restored, database, archive, { retention: { mode: 'GOVERNANCE', days: LOCK_DAYS } });
      await sealer.seal();
      await sealer.seal();
      const verdict = await scene.verify();
      expectVerdict(verdict, { ...NAMED, anomalies: 'foreign-version 2', tier: 'locked' });
      expect(verdict.report.records.size).to.be.greaterThan(size);
    } finally {
      database.close();
      restored.close();
      await archive.close();
    }
  });

  /** The bytes of the oldest version: what the sealer wrote. */
  const readTrue = async (name: string): Promise<Uint8Array> => {
    const oldest = (await scene.versions(name)).at(-1);
    const archive = await store?.open(`${prefix}/${ORIGIN.slice(ORIGIN.lastIndexOf('/') + 1)}`);
    if (archive === undefined) throw new Error('expected a store, got none');
    try {
      return await archive.get(name, oldest?.VersionId ?? '');
    } finally {
      await archive.close();
    }
  };
});

/** As a backup of the running database is taken. */
async function backUp(databasePath: string, target: string): Promise<void> {
  const database = openDatabaseReadOnly(databasePath);
  await database.backup(target);
  database.close();
}

function replaceDatabase(log: LogHarness, older: string): void {
  const path = `${log.dataDir}/log.sqlite`;
  log.methods.close();
  for (const ending of ['-wal', '-shm']) rmSync(`${path}${ending}`, { force: true });
  // Under a new inode: who still has the old file open keeps reading that.
  renameSync(older, path);
  log.start();
}

function expectVerdict(verdict: Verdict, expected: Partial<Verdict>): void {
  expect(verdict, JSON.stringify({ ...verdict, report: undefined })).to.include(expected);
}

/** A batch with its manifest for prev 0, of the same origin, under another key. */
function signedByAnother(): ReadonlyMap<string, Uint8Array> {
  const lines = sample.sampleLines(sample.wholeLife(5));
  const signer = sample.createSampleSigner(9, ORIGIN);
  return sample.buildSampleArchive([{ lines }], { origin: ORIGIN, signer }).objects;
}

/** The entries of these versions become the oldest of the page, in time and in place. */
function backDate(page: string, versionIds: readonly string[]): string {
  const entries = page.match(/<Version>.*?<\/Version>/gsu) ?? [];
  const isForged = (entry: string): boolean => versionIds.some((id) => entry.includes(`<VersionId>${id}<`));
  const aged = entries
    .filter(isForged)
    .map((entry) => entry.replace(/<LastModified>[^<]*</u, '<LastModified>2001-01-01T00:00:00.000Z<'));
  const others = entries.filter((entry) => !isForged(entry));
  const start = page.indexOf('<Version>');
  const rest = page.replaceAll(/<Version>.*?<\/Version>/gsu, '');
  return start < 0 ? page : rest.slice(0, start) + [...others, ...aged].join('') + rest.slice(start);
}

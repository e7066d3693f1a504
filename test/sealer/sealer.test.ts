import { expect } from 'chai';
import { ArchiveError, IntegrityError } from '../../daemon/errors.ts';
import { batchKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { createSealer, type Sealer, type SealProblem } from '../../daemon/sealer/sealer.ts';
import { type Batch } from '../../daemon/store/batches.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { ORIGIN, openLogHarness, plainRecord, testVerifier, type LogHarness } from '../support/log-harness.ts';
import { createMemoryArchive, storeAway, type MemoryArchive } from '../support/memory-archive.ts';

describe('sealer', () => {
  let log: LogHarness;
  let database: Sqlite;
  let sealed: Batch[];
  let problems: SealProblem[];

  beforeEach(() => {
    log = openLogHarness();
    database = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
    sealed = [];
    problems = [];
  });
  afterEach(() => {
    database.close();
    log.close();
  });

  const open = (archive: MemoryArchive): Sealer =>
    createSealer({
      openArchive: () => Promise.resolve(archive),
      recorder: log.client,
      ...createSealView(database),
      verifiers: [testVerifier],
      origin: ORIGIN,
      policy: {
        maxAgeMs: 60_000,
        maxRecords: 4096,
        maxBytes: 4 * 1024 * 1024,
        idleMs: 3_600_000,
        structure: undefined,
        content: undefined,
      },
      now: () => log.clock.ms,
      random: () => 1,
      onSealed: (batch) => sealed.push(batch),
      onProblem: (problem) => problems.push(problem),
    });
  const record = (sealer: Sealer, n: number, type?: 'log.heartbeat'): void => {
    const outcome = log.methods.append([plainRecord(n, type)]);
    sealer.notice(outcome);
  };
  const types = (): string[] =>
    log.read(({ entries, queries }) =>
      Array.from({ length: entries.size() }, (_, index) => queries.readRecord(index)?.record.type ?? ''),
    );

  it('seals when the oldest evidence is old enough, not before', async () => {
    const sealer = open(createMemoryArchive());
    record(sealer, 1);
    log.clock.ms += 59_000;
    await sealer.tick();
    expect(sealed).to.have.length(0);
    log.clock.ms += 1_000;
    await sealer.tick();
    expect(sealed.map(({ prev, size }) => [prev, size])).to.deep.equal([[0, 1]]);
    expect(types()).to.deep.equal(['change.noted', 'batch.archived']);
  });

  it('is not armed by receipts and heartbeats, which wait for the hour', async () => {
    const sealer = open(createMemoryArchive());
    record(sealer, 1);
    await sealer.seal();
    record(sealer, 2, 'log.heartbeat');
    for (let minute = 0; minute < 59; minute += 1) {
      log.clock.ms += 60_000;
      await sealer.tick();
    }
    expect(sealed).to.have.length(1);
    log.clock.ms += 60_000;
    await sealer.tick();
    expect(sealed).to.have.length(2);
  });

  it('locks at most 72 objects in 24 idle hours', async () => {
    const archive = createMemoryArchive({ onPut: () => undefined });
    const sealer = open(archive);
    record(sealer, 1);
    await sealer.seal();
    const before = archive.putCount;
    for (let minute = 1; minute <= 24 * 60; minute += 1) {
      log.clock.ms += 60_000;
      if (minute % 5 === 0) record(sealer, minute, 'log.heartbeat');
      await sealer.tick();
    }
    expect(archive.putCount - before).to.be.within(3, 72);
  });

  it('tries again after 1 s, 2 s, 4 s … and keeps what failed in the status', async () => {
    let isAway = true;
    const archive = createMemoryArchive({
      onPut: () => (isAway ? { persisted: false, error: storeAway() } : undefined),
    });
    const sealer = open(archive);
    record(sealer, 1);
    log.clock.ms += 60_000;
    const delays: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      await sealer.tick();
      const retryMs = sealer.status().problem?.retryMs ?? 0;
      delays.push((retryMs - log.clock.ms) / 1000);
      log.clock.ms = retryMs;
    }
    expect(delays).to.deep.equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300]);
    expect(sealer.status()).to.include({ state: 'waiting', failures: 12 });
    isAway = false;
    await sealer.tick();
    expect(sealer.status()).to.deep.include({ state: 'idle', failures: 0, problem: undefined });
  });

  it('is not stopped by however many keys are taken beforehand', async () => {
    const archive = createMemoryArchive({ onPut: () => undefined });
    for (let attempt = 1; attempt <= 300; attempt += 1) {
      for (const keyOf of [batchKey, sealKey, checkpointKey]) archive.squat(keyOf(0, attempt), Buffer.from('junk'));
    }
    const sealer = open(archive);
    record(sealer, 1);
    await sealer.seal();
    expect([sealed.length, archive.putCount]).to.deep.equal([1, 3]);
    // Sent again, as after a crash: found where they are, and not put a second time.
    log.methods.resend();
    await open(archive).seal();
    expect(log.read(({ batches }) => batches.at(0)?.phase)).to.equal('published');
    const keys: string[] = [];
    for await (const { key } of archive.list('seal/0000000000000000~')) keys.push(key);
    expect(keys.filter((key) => key.length > 'seal/0000000000000000~999'.length)).to.have.length(1);
  });

  it('passes over squatted keys and says so in the log', async () => {
    const archive = createMemoryArchive();
    for (const key of [batchKey(0), sealKey(0), checkpointKey(0)]) archive.squat(key, Buffer.from('junk'));
    const sealer = open(archive);
    record(sealer, 1);
    await sealer.seal();
    expect(sealed).to.have.length(1);
    expect(types().filter((type) => type === 'archive.obstructed')).to.have.length(3);
    expect(await archive.versions(sealKey(0, 2))).to.have.length(1);
  });

  it('stops for good when another signed manifest stands at its place, and sends nothing of its own', async () => {
    const archive = createMemoryArchive({ onPut: () => undefined });
    const other = openLogHarness();
    try {
      other.methods.append([plainRecord(99)]);
      other.methods.freeze();
      const manifest = other.read(({ batches }) => batches.newest()?.manifest ?? '');
      archive.squat(sealKey(0), Buffer.from(manifest));
      const sealer = open(archive);
      record(sealer, 1);
      const failure = await sealer.seal().then(
        () => undefined,
        (error: unknown) => error,
      );
      expect(failure).to.be.instanceOf(IntegrityError).with.property('code', 'archive-rolled-back');
      expect(sealer.status().state).to.equal('stopped');
      expect(archive.putCount).to.equal(0);
      log.clock.ms += 86_400_000;
      await sealer.tick();
      expect(archive.putCount).to.equal(0);
    } finally {
      other.close();
    }
  });

  it('tries a permanent failure again after five minutes, for a person may have mended it', async () => {
    const denied = new ArchiveError('archive-denied', 'no', { transient: false, hint: 'policy' });
    let isDenied = true;
    const archive = createMemoryArchive({ onPut: () => (isDenied ? { persisted: false, error: denied } : undefined) });
    const sealer = open(archive);
    record(sealer, 1);
    log.clock.ms += 60_000;
    await sealer.tick();
    expect(problems.map(({ code, retryMs }) => [code, (retryMs ?? 0) - log.clock.ms])).to.deep.equal([
      ['archive-denied', 300_000],
    ]);
    isDenied = false;
    log.clock.ms += 300_000;
    await sealer.tick();
    expect(sealed).to.have.length(1);
  });

  it('tells a problem once, and again when it changes or comes back', async () => {
    const fates: Error[] = [];
    const archive = createMemoryArchive({
      onPut: () => {
        const error = fates.shift();
        return error && { persisted: false, error };
      },
    });
    const denied = (call: string): ArchiveError =>
      new ArchiveError('archive-denied', `${call}, attempt ${fates.length}`, { transient: false, hint: 'policy' });
    const sealer = open(archive);
    const sealWith = async (...errors: readonly Error[]): Promise<readonly string[]> => {
      problems.length = 0;
      fates.push(...errors);
      while (fates.length > 0) await sealer.seal().catch(() => undefined);
      return problems.map(({ code, message }) => `${code} ${message.split(',')[0]}`);
    };
    record(sealer, 1);
    const away = 'archive-unavailable expected an answer';
    expect(await sealWith(storeAway(), storeAway(), storeAway())).to.deep.equal([away]);
    expect(sealer.status().failures).to.equal(3);
    expect(await sealWith(denied('put'), denied('put'), denied('get'))).to.deep.equal([
      'archive-denied put',
      'archive-denied get',
    ]);
    expect(await sealWith(storeAway())).to.deep.equal([away]);
    await sealer.seal();
    expect(sealer.status()).to.include({ state: 'idle', failures: 0, problem: undefined });
    record(sealer, 2);
    expect(await sealWith(storeAway())).to.deep.equal([away]);
  });

  it('begins to count failures anew with each batch that comes through', async () => {
    log.close();
    log = openLogHarness({ maxRecords: 2, maxBytes: 1 << 20 });
    database.close();
    database = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
    let isAway = true;
    const archive = createMemoryArchive({
      onPut: (key) => (isAway || key === sealKey(2) ? { persisted: false, error: storeAway() } : undefined),
    });
    const sealer = open(archive);
    for (const n of [1, 2, 3]) record(sealer, n);
    for (let attempt = 0; attempt < 5; attempt += 1) await sealer.seal().catch(() => undefined);
    expect(sealer.status().failures).to.equal(5);
    isAway = false;
    await sealer.seal().catch(() => undefined);
    expect(sealed.map(({ prev }) => prev)).to.deep.equal([0]);
    expect(sealer.status()).to.include({ state: 'waiting', failures: 1 });
    expect((sealer.status().problem?.retryMs ?? 0) - log.clock.ms).to.equal(1_000);
    expect(problems).to.have.length(2);
  });
});

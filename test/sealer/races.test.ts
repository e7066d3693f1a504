// What happens while a seal is under way: new evidence, a second writer on a store that ignores conditions, copies of
// our own objects with other bytes, and keys that stay squatted over several attempts.
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { IntegrityError } from '../../daemon/errors.ts';
import { batchKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import type { Sealer } from '../../daemon/sealer/sealer.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { openLogHarness, plainRecord, type LogHarness } from '../support/log-harness.ts';
import { createMemoryArchive, storeAway, type MemoryArchive, type PutFate } from '../support/memory-archive.ts';
import { openSealerOn } from '../support/sealer-on.ts';

describe('sealer/races', () => {
  let log: LogHarness;
  let database: Sqlite;

  beforeEach(() => {
    log = openLogHarness();
    database = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
  });
  afterEach(() => {
    database.close();
    log.close();
  });

  const open = (archive: Archive): Sealer => openSealerOn(log, database, archive, { random: () => 1 });
  const record = (sealer: Sealer, n: number): void => sealer.notice(log.methods.append([plainRecord(n)]));
  const frozenSize = (): number => log.read(({ batches }) => batches.frozenSize());
  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => undefined,
      (error: unknown) => error,
    );
  /** The signed manifest of another history of the same key, for prev 0. */
  const foreignManifest = (): Buffer => {
    const other = openLogHarness();
    try {
      other.methods.append([plainRecord(99)]);
      other.methods.freeze();
      return Buffer.from(other.read(({ batches }) => batches.newest()?.manifest ?? ''));
    } finally {
      other.close();
    }
  };

  it('seals in its time what was recorded while a seal was under way', async () => {
    let during: (() => void) | undefined;
    const archive = createMemoryArchive({
      onPut: () => {
        during?.();
        during = undefined;
        return undefined;
      },
    });
    const sealer = open(archive);
    record(sealer, 1);
    during = () => record(sealer, 2);
    log.clock.ms += 60_000;
    await sealer.tick();
    expect(frozenSize()).to.equal(1);
    expect(sealer.status().oldestEvidenceMs).to.equal(log.clock.ms);
    log.clock.ms += 60_000;
    await sealer.tick();
    expect(frozenSize()).to.equal(3);
    expect(sealer.status()).to.include({ state: 'idle', oldestEvidenceMs: undefined });
  });

  it('stays armed when a seal fails, and is not armed by records that a seal covers already', async () => {
    let isAway = true;
    const archive = createMemoryArchive({
      onPut: () => (isAway ? { persisted: false, error: storeAway() } : undefined),
    });
    const sealer = open(archive);
    record(sealer, 1);
    const since = log.clock.ms;
    const late = log.methods.append([plainRecord(2)]);
    expect(await failureOf(sealer.seal())).not.to.equal(undefined);
    sealer.notice(late);
    expect(sealer.status().oldestEvidenceMs).to.equal(since);
    isAway = false;
    await sealer.seal();
    expect(sealer.status()).to.include({ state: 'idle', oldestEvidenceMs: undefined });
    const puts = archive.putCount;
    log.clock.ms += 60_000;
    await sealer.tick();
    expect(archive.putCount).to.equal(puts);
  });

  it('stops before it signs when a second writer got through on a store that ignores conditions', async () => {
    const manifest = foreignManifest();
    const archive: MemoryArchive = createMemoryArchive({
      ignoresConditions: true,
      onPut: (key): PutFate | undefined => {
        // Between our look and our write.
        if (key === sealKey(0)) archive.squat(key, manifest);
        return undefined;
      },
    });
    const sealer = open(archive);
    record(sealer, 1);
    const failure = await failureOf(sealer.seal());
    expect(failure).to.be.instanceOf(IntegrityError).with.property('code', 'archive-fork');
    expect(log.read(({ batches }) => batches.at(0)?.checkpoint)).to.equal(undefined);
    expect(sealer.status().state).to.equal('stopped');
  });

  it('finds another signed manifest also behind its own', async () => {
    const archive = createMemoryArchive({ ignoresConditions: true, onPut: () => undefined });
    const sealer = open(archive);
    record(sealer, 1);
    archive.squat(sealKey(0), foreignManifest());
    log.methods.freeze();
    archive.squat(sealKey(0), Buffer.from(log.read(({ batches }) => batches.at(0)?.manifest ?? '')));
    expect(await failureOf(sealer.seal())).to.have.property('code', 'archive-fork');
    expect(archive.putCount).to.equal(0);
  });

  it('is not stopped by a copy of its own manifest with a signature line added', async () => {
    let isFirst = true;
    const archive: MemoryArchive = createMemoryArchive({
      ignoresConditions: true,
      onPut: (key, body) => {
        if (key !== sealKey(0) || !isFirst) return undefined;
        isFirst = false;
        const line = `— somebody.example/x ${Buffer.alloc(68, 1).toString('base64')}\n`;
        setImmediate(() => archive.squat(key, Buffer.concat([body, Buffer.from(line)])));
        return { persisted: true, error: storeAway() };
      },
    });
    const sealer = open(archive);
    record(sealer, 1);
    expect(await failureOf(sealer.seal())).to.have.property('code', 'archive-unavailable');
    await new Promise((resolve) => setImmediate(resolve));
    await sealer.seal();
    expect(log.read(({ batches }) => batches.at(0)?.phase)).to.equal('published');
    expect(await archive.versions(sealKey(0))).to.have.length(2);
  });

  it('names an obstructed key once, however often it is tried', async () => {
    let isAway = true;
    const archive = createMemoryArchive({
      onPut: (key) => (isAway && key.startsWith('seal/') ? { persisted: false, error: storeAway() } : undefined),
    });
    archive.squat(batchKey(0), Buffer.from('junk'));
    const sealer = open(archive);
    record(sealer, 1);
    for (let attempt = 0; attempt < 3; attempt += 1) await failureOf(sealer.seal());
    isAway = false;
    await sealer.seal();
    const types = log.read(({ entries, queries }) =>
      Array.from({ length: entries.size() }, (_, index) => queries.readRecord(index)?.record.type),
    );
    // The second batch holds the obstruction.
    expect(types).to.deep.equal(['change.noted', 'archive.obstructed', 'batch.archived', 'batch.archived']);
  });

  it('asks for the time again after an answer with a wrong one, however far the batch had come', async () => {
    const store = createMemoryArchive();
    let skewMs = 0;
    let isWrongAt: string | undefined = checkpointKey(0);
    const archive: Archive = {
      ...bind(store),
      get clockSkewMs() {
        return skewMs;
      },
      versions: (key) => {
        skewMs = 0;
        return store.versions(key);
      },
      list: (prefix) => {
        skewMs = 0;
        return store.list(prefix);
      },
      put: (key, body, sha256, retention) => {
        if (key !== isWrongAt) return store.put(key, body, sha256, retention);
        isWrongAt = undefined;
        skewMs = 3_600_000;
        throw storeAway();
      },
    };
    const sealer = open(archive);
    record(sealer, 1);
    expect(await failureOf(sealer.seal())).to.have.property('code', 'archive-unavailable');
    expect(log.read(({ batches }) => batches.at(0)?.phase)).to.equal('signed');
    await sealer.seal();
    expect(log.read(({ batches }) => batches.at(0)?.phase)).to.equal('published');
  });
});

function bind(store: MemoryArchive): Archive {
  return {
    location: store.location,
    isWriteOnce: true,
    clockSkewMs: 0,
    put: (...input) => store.put(...input),
    versions: (key) => store.versions(key),
    get: (...input) => store.get(...input),
    list: (prefix) => store.list(prefix),
    readLock: (key, versionId) => store.readLock(key, versionId),
    close: () => store.close(),
  };
}

// What a recorder finds in the archive before it signs anything more: its own seals as it left them, or a reason to wait.
// Recording goes on in every case.
import { expect } from 'chai';
import type { Retention } from '../../daemon/archive/archive.ts';
import { createVerifier, createEd25519Signer } from '../../daemon/merkle/note.ts';
import { batchKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { createSealer, type Sealer, type SealerParts, type SealPolicy } from '../../daemon/sealer/sealer.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { ORIGIN, openLogHarness, plainRecord, testVerifier, type LogHarness } from '../support/log-harness.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';

const policy: SealPolicy = {
  maxAgeMs: 60_000,
  maxRecords: 4096,
  maxBytes: 4 * 1024 * 1024,
  idleMs: 3_600_000,
  structure: undefined,
  content: undefined,
};

describe('sealer/start-check', () => {
  const ends: (() => void)[] = [];
  afterEach(() => {
    for (const end of ends.splice(0).reverse()) end();
  });

  const openLog = (): LogHarness => {
    const log = openLogHarness({ maxRecords: 2, maxBytes: 1 << 20 });
    ends.push(() => log.close());
    return log;
  };
  /** A recorder's start: a sealer that has not looked at the archive yet. */
  const start = (log: LogHarness, archive: MemoryArchive, parts: Partial<SealerParts> = {}): Sealer => {
    const database: Sqlite = openDatabaseReadOnly(`${log.dataDir}/log.sqlite`);
    ends.push(() => database.close());
    return createSealer({
      ...createSealView(database),
      openArchive: () => Promise.resolve(archive),
      recorder: log.client,
      verifiers: [testVerifier],
      origin: ORIGIN,
      policy,
      now: () => log.clock.ms,
      random: () => 1,
      onSealed: () => undefined,
      onProblem: () => undefined,
      ...parts,
    });
  };
  const record = (log: LogHarness, ...numbers: number[]): void => {
    numbers.forEach((number) => log.methods.append([plainRecord(number)]));
  };
  const codeOf = (work: Promise<unknown>): Promise<unknown> =>
    work.then(
      () => undefined,
      (error: unknown) => (error as { code?: unknown }).code,
    );
  const frozenSize = (log: LogHarness): number => log.read(({ batches }) => batches.frozenSize());
  const phases = (log: LogHarness): string[] => log.read(({ batches }) => batches.outlines().map(({ phase }) => phase));
  const newArchive = (location = 'memory:'): MemoryArchive => createMemoryArchive({ location, onPut: () => undefined });
  /** Bytes of every version, by key. */
  const contentOf = async (archive: MemoryArchive): Promise<Map<string, string>> => {
    const bodies = new Map<string, string>();
    for await (const { key, versionId } of archive.list('')) {
      bodies.set(key, Buffer.from(await archive.get(key, versionId)).toString('base64'));
    }
    return bodies;
  };

  it('goes on when the archive is as the log left it, and lists no more than single keys', async () => {
    const log = openLog();
    const archive = newArchive();
    record(log, 1, 2, 3);
    await start(log, archive).seal();
    record(log, 4);
    const listed: string[] = [];
    const list = archive.list.bind(archive);
    archive.list = (prefix) => (listed.push(prefix), list(prefix));
    await start(log, archive).seal();
    expect(phases(log)).to.deep.equal(['published', 'published', 'published']);
    // Twice to compare, once before what is sent: each the listing of one key.
    expect(listed).to.deep.equal([sealKey(2), sealKey(4), sealKey(4)]);
  });

  it('names a database that is older than the archive, signs nothing more, and records on', async () => {
    const [log, older] = [openLog(), openLog()];
    const archive = newArchive();
    for (const one of [log, older]) record(one, 1, 2);
    await start(log, archive).seal();
    const puts = archive.putCount;
    const sealer = start(older, archive);
    expect(await codeOf(sealer.seal())).to.equal('archive-rolled-back');
    expect(sealer.status().state).to.equal('stopped');
    record(older, 3);
    expect([older.methods.append([plainRecord(4)]).to, frozenSize(older), archive.putCount]).to.deep.equal([
      4,
      0,
      puts,
    ]);
  });

  it('names a second writer that seals while this one runs', async () => {
    const [log, copy] = [openLog(), openLog()];
    let storeMs = log.clock.ms;
    const archive = createMemoryArchive({ now: () => (storeMs += 1000) });
    for (const one of [log, copy]) record(one, 1);
    const [first, second] = [start(log, archive), start(copy, archive)];
    await first.seal();
    copy.methods.freeze();
    record(copy, 2);
    // The same, found by one that started an hour after it happened.
    const late = start(copy, archive, { now: () => log.clock.ms + 3_600_000 });
    expect(await codeOf(late.seal())).to.equal('archive-fork');
    expect(await codeOf(second.seal())).to.equal('archive-second-writer');
    expect(copy.read(({ batches }) => batches.at(0)?.checkpoint)).to.equal(undefined);
  });

  it('names a fork: another history of the same key where ours was published', async () => {
    const [log, other] = [openLog(), openLog()];
    const [archive, foreign] = [newArchive(), newArchive()];
    record(log, 1);
    record(other, 99);
    await start(log, archive).seal();
    await start(other, foreign).seal();
    record(log, 2);
    const sealer = start(log, foreign);
    expect(await codeOf(sealer.seal())).to.equal('archive-fork');
    expect(sealer.status().state).to.equal('stopped');
  });

  it('waits for a person when what it sealed is not there any more, and goes on once it is back', async () => {
    const log = openLog();
    const archive = newArchive();
    record(log, 1);
    await start(log, archive).seal();
    const [version] = await archive.versions(sealKey(0));
    const body = await archive.get(sealKey(0), version?.versionId ?? '');
    archive.expire(sealKey(0), version?.versionId ?? '');
    record(log, 2);
    const sealer = start(log, archive);
    expect(await codeOf(sealer.seal())).to.equal('archive-incomplete');
    expect([sealer.status().state, frozenSize(log)]).to.deep.equal(['waiting', 1]);
    archive.squat(sealKey(0), body);
    await sealer.seal();
    expect(sealer.status().state).to.equal('idle');
  });

  it('finds its seals behind a key that was squatted when they came, and is free by now', async () => {
    const [log, older] = [openLog(), openLog()];
    const archive = newArchive();
    for (const one of [log, older]) record(one, 1);
    const junk = archive.squat(sealKey(0), Buffer.from('junk'));
    await start(log, archive).seal();
    expect(await archive.versions(sealKey(0, 2))).to.have.length(1);
    archive.expire(sealKey(0), junk);
    record(log, 2);
    await start(log, archive).seal();
    expect(new Set(phases(log))).to.deep.equal(new Set(['published']));
    record(older, 3);
    expect(await codeOf(start(older, archive).seal())).to.equal('archive-rolled-back');
    older.methods.freeze();
    expect(await codeOf(start(older, archive).seal()), 'frozen before').to.equal('archive-fork');
    expect(older.read(({ batches }) => batches.at(0)?.checkpoint)).to.equal(undefined);
  });

  it('refuses another key than the one that signed', async () => {
    const log = openLog();
    record(log, 1);
    await start(log, newArchive()).seal();
    record(log, 2);
    const stranger = createVerifier(createEd25519Signer(ORIGIN, Buffer.alloc(32, 9)).vkey);
    expect(await codeOf(start(log, newArchive(), { verifiers: [stranger] }).seal())).to.equal('log-key-wrong');
    expect(frozenSize(log)).to.equal(1);
  });

  it('sends everything again, as the same bytes, to an archive at another place', async () => {
    const log = openLog();
    const [trial, real] = [newArchive('./archive'), newArchive('s3://evidence/hub-1')];
    record(log, 1, 2, 3);
    await start(log, trial).seal();
    record(log, 4);
    await start(log, real).seal();
    const [before, after] = [await contentOf(trial), await contentOf(real)];
    for (const [key, body] of before) expect(after.get(key), key).to.equal(body);
    const report = await verifyArchive(real, [testVerifier], { nowMs: log.clock.ms, wantsReceipts: false });
    expect([report.integrity, report.records.size]).to.deep.equal(['pass', frozenSize(log)]);
    expect(new Set(phases(log))).to.deep.equal(new Set(['published']));
  });

  it('goes on with a move that was interrupted', async () => {
    const log = openLog();
    record(log, 1, 2, 3, 4, 5);
    await start(log, newArchive('./archive')).seal();
    const away = Object.assign(new Error('cut'), { code: 'cut' });
    const cut = createMemoryArchive({
      location: 's3://evidence/hub-1',
      onPut: (_, __, index) => (index > 4 ? { persisted: false, error: away } : undefined),
    });
    expect(await codeOf(start(log, cut).seal())).to.equal('cut');
    expect(phases(log).slice(0, 3)).to.deep.equal(['published', 'signed', 'signed']);
    const real = cut.openSession({ location: 's3://evidence/hub-1' });
    await start(log, real).seal();
    expect(new Set(phases(log))).to.deep.equal(new Set(['published']));
    const report = await verifyArchive(real, [testVerifier], { nowMs: log.clock.ms, wantsReceipts: false });
    expect([report.integrity, report.anomalies.count]).to.deep.equal(['pass', 0]);
  });

  it('finds its own locked bytes below copies that somebody laid over them', async () => {
    const log = openLog();
    const lock: Retention = { mode: 'COMPLIANCE', days: 10 };
    const locked = { policy: { ...policy, structure: lock, content: lock } };
    record(log, 1);
    let isAway = false;
    const archive: MemoryArchive = createMemoryArchive({
      onPut: (key) => {
        if (key === sealKey(0)) isAway = true;
        return isAway ? { persisted: true, error: Object.assign(new Error('cut'), { code: 'cut' }) } : undefined;
      },
    });
    expect(await codeOf(start(log, archive, locked).seal())).to.equal('cut');
    for (const key of [batchKey(0), sealKey(0)]) {
      const [version] = await archive.versions(key);
      archive.squat(key, await archive.get(key, version?.versionId ?? ''));
    }
    const again = archive.openSession({});
    await start(log, again, locked).seal();
    expect(await archive.versions(sealKey(0, 2)), 'no other key was needed').to.deep.equal([]);
    expect(log.read(({ queries }) => queries.readRecord(1)?.record.type)).to.equal('batch.archived');
  });

  it('takes a key that is called taken, and holds nothing, for a conflict that passes', async () => {
    const log = openLog();
    record(log, 1);
    const archive = newArchive();
    const put = archive.put.bind(archive);
    archive.put = (key, ...rest) => (key === batchKey(0) ? Promise.resolve({ outcome: 'exists' }) : put(key, ...rest));
    const sealer = start(log, archive);
    expect(await codeOf(sealer.seal())).to.equal('archive-conflict');
    expect(sealer.status().state).to.equal('waiting');
    archive.put = put;
    await sealer.seal();
    expect(log.read(({ queries }) => queries.readRecord(1)?.record.type)).to.equal('batch.archived');
  });

  it('reads twice what looks like its own and is not: a damaged answer makes no stranger of it', async () => {
    const log = openLog();
    record(log, 1);
    log.methods.freeze();
    const archive = newArchive();
    archive.squat(
      batchKey(0),
      log.read(({ batches }) => batches.at(0)?.body ?? Buffer.of()),
    );
    const get = archive.get.bind(archive);
    let damaged = 1;
    archive.get = async (key, versionId, maxBytes) => {
      const bytes = Uint8Array.from(await get(key, versionId, maxBytes));
      if (damaged-- > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
      return bytes;
    };
    const sealer = start(log, archive);
    expect(await codeOf(sealer.seal())).to.equal('archive-bad-answer');
    await sealer.seal();
    expect(await archive.versions(batchKey(0, 2))).to.deep.equal([]);
  });

  it('counts its own bytes without their lock as squatted: they could be deleted', async () => {
    const log = openLog();
    const lock: Retention = { mode: 'COMPLIANCE', days: 10 };
    record(log, 1);
    log.methods.freeze();
    const archive = newArchive();
    archive.squat(
      batchKey(0),
      log.read(({ batches }) => batches.at(0)?.body ?? Buffer.of()),
    );
    archive.squat(sealKey(0), Buffer.from(log.read(({ batches }) => batches.at(0)?.manifest ?? '')));
    await start(log, archive, { policy: { ...policy, structure: lock, content: lock } }).seal();
    const [own] = await archive.versions(sealKey(0, 2));
    expect(await archive.readLock(sealKey(0, 2), own?.versionId ?? '')).to.include({ mode: 'COMPLIANCE' });
    const report = await verifyArchive(archive, [testVerifier], { nowMs: log.clock.ms, wantsReceipts: false });
    expect(report.integrity).to.equal('pass');
  });
});

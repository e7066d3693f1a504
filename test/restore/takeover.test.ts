// An archive taken into an empty database, batch by batch: what a recorder's restart finds there, also where the host was
// lost in the middle of a seal, or retention has let the content go.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { batchKey, blobKey, checkpointKey } from '../../daemon/merkle/object-key.ts';
import { restoreLog, type RestoreReport } from '../../daemon/restore/restore.ts';
import { createSealer } from '../../daemon/sealer/sealer.ts';
import { createBatches, type BatchOutline } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import type { createEntries } from '../../daemon/store/entries.ts';
import { createQueries } from '../../daemon/store/queries.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { openLogHarness, ORIGIN, plainRecord, testKeys, testSigner, testVerifier } from '../support/log-harness.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';

const DAY_MS = 86_400_000;
const nowMs = sample.sampleStartMs + 3_600_000;

describe('restore/takeover', () => {
  let folder: string;
  let path: string;
  const ends: (() => void)[] = [];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-takeover-'));
    path = join(folder, 'log.sqlite');
  });
  afterEach(() => {
    for (const end of ends.splice(0).reverse()) end();
    rmSync(folder, { recursive: true });
  });

  const restore = (archive: MemoryArchive, log: sample.SampleArchive, atMs = nowMs): Promise<RestoreReport> =>
    restoreLog({
      archive,
      databasePath: path,
      options: { nowMs: atMs },
      key: { signer: log.signer, vkey: log.signer.vkey, isNew: false, seed: Buffer.alloc(32) },
      openKeys: () => Promise.resolve({ equalityKey: testKeys.equalityKey }),
    });
  const read = <T>(question: (database: Sqlite) => T): T => {
    const database = openDatabaseReadOnly(path);
    try {
      return question(database);
    } finally {
      database.close();
    }
  };
  const outlines = (): readonly BatchOutline[] => read((database) => createBatches(database).outlines());
  const twenty = (contentDays = 0): sample.SampleArchive => {
    const parts = sample.cut(sample.sampleLines(sample.wholeLife(20)), [7, 1, 8, 4]);
    const blob = Buffer.from('a body outside the leaves');
    const batches = parts.map((lines, index) => ({ lines, blobs: index === 2 ? [blob] : [] }));
    return sample.buildSampleArchive(batches, { contentDays });
  };
  const fill = async (log: sample.SampleArchive): Promise<MemoryArchive> => {
    const archive = createMemoryArchive();
    await sample.fillArchive(archive, log);
    return archive;
  };
  const remove = async (archive: MemoryArchive, key: string): Promise<void> => {
    for (const { versionId } of await archive.versions(key)) archive.expire(key, versionId);
  };

  it('holds what the archive holds: lines, hashes, notes; the newest batch still owes its receipts', async () => {
    const log = twenty();
    const report = await restore(await fill(log), log);
    expect(report.verified.integrity).to.equal('pass');
    expect(outlines().map(({ prev, phase }) => [prev, phase])).to.deep.equal([
      [0, 'published'],
      [7, 'published'],
      [8, 'published'],
      [16, 'signed'],
    ]);
    read((database) => {
      const verified = verifyStore(database, [createVerifier(log.signer.vkey)], { nowMs, isStrict: true });
      expect([verified.integrity, verified.records.verifiedCount]).to.deep.equal(['pass', 20]);
      const batches = createBatches(database);
      for (const { prev, sealNote, checkpointNote } of log.seals) {
        expect(batches.at(prev)).to.include({ manifest: sealNote, checkpoint: checkpointNote });
      }
      expect(createQueries(database, batches).readRecord(19)?.record.type).to.equal('log.stopped');
    });
  });

  it('leaves the checkpoint to be signed where the host was lost before it', async () => {
    const log = twenty();
    const archive = await fill(log);
    await remove(archive, `${log.folder}/${checkpointKey(16)}`);
    await restore(archive, log);
    expect(outlines().at(-1)).to.include({ prev: 16, phase: 'committed' });
  });

  it('keeps hashes and kept lines of what has expired, and verifies, and restores again', async () => {
    const log = twenty(10);
    const archive = await fill(log);
    const gone = [
      batchKey(0),
      batchKey(8),
      ...log.seals.flatMap(({ prev, manifest }) => manifest.blobs.map(({ sha256 }) => blobKey(prev, sha256))),
    ];
    for (const key of gone) await remove(archive, `${log.folder}/${key}`);
    const later = nowMs + 11 * DAY_MS;
    const report = await restore(archive, log, later);
    expect(report.verified.records).to.include({ verifiedCount: 5, expiredCount: 15 });
    read((database) => {
      const verifiers = [createVerifier(log.signer.vkey)];
      const verified = verifyStore(database, verifiers, { nowMs: later });
      expect([verified.integrity, verified.failures.list]).to.deep.equal(['pass', []]);
      expect(verified.records).to.deep.include({ verifiedCount: 6, expiredCount: 14 });
      expect(verifyStore(database, verifiers, { nowMs }).integrity, 'the same before its time').to.equal('fail');
      const queries = createQueries(database, createBatches(database));
      expect(queries.readRecord(0)?.record.type, 'a kept line').to.equal('log.created');
      expect(queries.readRecord(3)).to.equal(undefined);
    });
  });

  it('tells key epochs from attributes that look like them', async () => {
    const sealed = { path: '/tags', by: 'mark', kid: 'e2031', commitment: 'AAAA', changed: true };
    const value = { kid: 'e900000001', commitment: 'AAAA' };
    const changes = [{ path: '/kid', before: { ...value, kid: 'e2099' }, after: [value] }];
    const data = { changes, hidden: [sealed], version: { content: { kid: 'e2030', commitment: 'AAAA' } } };
    const lines = sample.sampleLines([...sample.wholeLife(3), { type: 'resource.changed', data, atSeconds: 4 }]);
    const log = sample.buildSampleArchive([{ lines, blobs: [] }], {});
    const { kids } = await restore(await fill(log), log);
    expect([...kids])
      .to.include.members(['e2030', 'e2031'])
      .and.not.include.members(['e2099']);
    expect([...kids]).not.to.include('e900000001');
  });

  it('leaves nothing behind when the archive does not verify', async () => {
    const log = twenty();
    const archive = await fill(log);
    await remove(archive, `${log.folder}/${batchKey(8)}`);
    const failure = await restore(archive, log).catch((error: unknown) => error);
    expect(failure).to.include({ code: 'restore-refused' });
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('is a database that a sealer goes on with: the same bytes found, receipts written, the next batch sealed', async () => {
    const lost = openLogHarness();
    ends.push(() => lost.close());
    const archive = createMemoryArchive({ onPut: () => undefined });
    const seal = (log: typeof lost): Promise<void> => {
      const database = openDatabaseReadOnly(join(log.dataDir, 'log.sqlite'));
      ends.push(() => database.close());
      return createSealer({
        ...createSealView(database),
        openArchive: () => Promise.resolve(archive),
        recorder: log.client,
        verifiers: [testVerifier],
        origin: ORIGIN,
        policy: {
          maxAgeMs: 1,
          maxRecords: 4096,
          maxBytes: 1 << 22,
          idleMs: 1,
          structure: undefined,
          content: undefined,
        },
        now: () => log.clock.ms,
        random: () => 1,
        onSealed: () => undefined,
        onProblem: () => undefined,
      }).seal();
    };
    lost.methods.append([plainRecord(1), plainRecord(2)]);
    await seal(lost);
    const signer = { signer: testSigner } as sample.SampleArchive;
    await restore(archive, signer);
    const next = openLogHarness({ maxRecords: 4096, maxBytes: 1 << 22 }, 0, path);
    ends.push(() => next.close());
    next.methods.append([plainRecord(3)]);
    const puts = archive.putCount;
    await seal(next);
    // The records of the first seal were not sealed when the host was lost: its receipts are new ones.
    expect(next.read(({ entries }) => createTypes(entries))).to.deep.equal([
      'change.noted',
      'change.noted',
      'change.noted',
      'batch.archived',
      'batch.archived',
    ]);
    expect(archive.putCount - puts, 'puts of the next batch alone').to.equal(3);
    const report = await verifyArchive(archive, [testVerifier], { nowMs: lost.clock.ms, wantsReceipts: false });
    expect([report.integrity, report.anomalies.count, report.notes.count]).to.deep.equal(['pass', 0, 0]);
  });
});

function createTypes(entries: ReturnType<typeof createEntries>): string[] {
  return [...entries.range(0, entries.size())].map(({ line }) =>
    (JSON.parse(line.toString()) as { type: string }).type.replace('io.stateseal.', ''),
  );
}

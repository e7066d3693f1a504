// One changed byte in the log's own tables is named with its record; an intact database never fails.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createFreezer } from '../../daemon/recorder/freezer.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabase, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { soon } from '../support/flip-bits.ts';
import {
  createCachingVerifier,
  createSampleSigner,
  sampleLines,
  sha256Hex,
  wholeLife,
} from '../support/sample-archive.ts';

const signer = createSampleSigner();
const verifiers = [createCachingVerifier(signer.vkey)];

describe('verify: the local database', () => {
  let folder: string;
  let database: Sqlite;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'verify-store-'));
    database = openDatabase(join(folder, 'log.sqlite'));
    fillDatabase(database, 600, 580);
  });

  afterEach(async () => {
    database.close();
    await rm(folder, { recursive: true });
  });

  const verify = (options = {}): VerifyReport => verifyStore(database, verifiers, { ...soon, ...options });

  /** Runs `sql`, verifies, and takes it back. */
  const after = (sql: string, ...parameters: unknown[]): VerifyReport => {
    database.exec('SAVEPOINT change');
    const { changes } = database.prepare(sql).run(...parameters);
    expect(changes, sql).to.be.greaterThan(0);
    const report = verify();
    database.exec('ROLLBACK TO change');
    database.exec('RELEASE change');
    return report;
  };

  const failures = (report: VerifyReport): string[] =>
    report.failures.list.map(({ code, leafIndex, prev }) => `${code} ${leafIndex ?? `after ${prev}`}`);

  it('passes an intact one, sealed and unsealed records alike', () => {
    const report = verify({ isStrict: true });
    expect(report.failures.list).to.deep.equal([]);
    expect(report.anomalies.count + report.format.count).to.equal(0);
    expect(report.records).to.deep.equal({
      from: 0,
      size: 580,
      verifiedCount: 580,
      expiredCount: 0,
      expired: { count: 0, list: [], prefixEnd: undefined },
      unsealedCount: 20,
    });
    expect(report.head?.isPublished).to.equal(false);
    expect(report.completeness.recorder.isStopped).to.equal(true);
  });

  it('passes an empty one', () => {
    database.exec('DELETE FROM entry; DELETE FROM batch; DELETE FROM node; DELETE FROM blob;');
    expect(verify().integrity).to.equal('pass');
  });

  it('names the record of one changed byte in a line, sealed or not', () => {
    for (const leafIndex of [0, 1, 255, 256, 420, 579, 580, 599]) {
      for (const place of [1, 100, 200]) {
        const report = after(
          "UPDATE entry SET line = CAST(substr(line, 1, ?) || x'7e' || substr(line, ? + 2) AS BLOB) WHERE leaf_index = ?",
          place,
          place,
          leafIndex,
        );
        expect(failures(report), `${leafIndex} ${place}`).to.deep.equal([`line-altered ${leafIndex}`]);
        expect(report.completeness.unreadCount).to.equal(1);
      }
    }
  });

  it('names a changed leaf hash, and a line changed together with its hash', () => {
    expect(failures(after('UPDATE entry SET leaf_hash = zeroblob(32) WHERE leaf_index = 300'))).to.deep.equal([
      'leaf-hash-altered 300',
    ]);
    const entry = createEntries(database).read(301);
    const swapped = after(
      'UPDATE entry SET line = ?, leaf_hash = ? WHERE leaf_index = 300',
      entry?.line,
      entry?.leafHash,
    );
    expect(failures(swapped)).to.deep.equal(['leaf-hash-altered 300', 'line-altered 300']);
  });

  it('names a record that is gone, also at the end of what is sealed', () => {
    for (const leafIndex of [0, 300, 579]) {
      expect(failures(after('DELETE FROM entry WHERE leaf_index = ?', leafIndex))).to.include(
        `entry-missing ${leafIndex}`,
      );
    }
    expect(failures(after('DELETE FROM entry WHERE leaf_index > 570'))).to.include('entry-missing 571');
  });

  it('names changed and missing hashes above the leaves', () => {
    expect(failures(after('UPDATE node SET hash = zeroblob(32) WHERE position = 1'))).to.deep.equal([
      'node-altered 256',
    ]);
    expect(failures(after('DELETE FROM node WHERE position = 1'))).to.deep.equal(['node-missing 256']);
  });

  it('names what is changed in a batch row', () => {
    const changes: [string, string][] = [
      ['size = size + 1', 'batch-row-altered'],
      ['root = zeroblob(32)', 'batch-row-altered'],
      ["body_sha256 = 'ab'", 'batch-row-altered'],
      ["body = CAST(substr(body, 1, 50) || x'00' || substr(body, 52) AS BLOB)", 'batch-altered'],
      ["manifest = replace(manifest, 'content-days 0', 'content-days 1')", 'manifest-altered'],
      ['manifest = substr(manifest, 1, 100)', 'manifest-altered'],
      ["checkpoint = replace(checkpoint, 'bastion', 'bastiom')", 'checkpoint-altered'],
      ['checkpoint = NULL', 'checkpoint-missing'],
      ['checkpoint = (SELECT checkpoint FROM batch WHERE prev = 0)', 'checkpoint-altered'],
    ];
    for (const [change, code] of changes) {
      const report = after(`UPDATE batch SET ${change} WHERE prev = 200`);
      expect(failures(report), change).to.include(`${code} after 200`);
    }
  });

  it('names a batch that is gone from the middle', () => {
    expect(failures(after('DELETE FROM batch WHERE prev = 200'))).to.include('seal-missing after 200');
  });

  it('names changed, missing and added blobs', () => {
    expect(failures(after("UPDATE blob SET body = x'00'"))).to.deep.equal(['blob-altered 30']);
    expect(failures(after('DELETE FROM blob'))).to.deep.equal(['blob-missing after 0']);
    expect(failures(after("UPDATE blob SET leaf_index = 31, sha256 = 'ab'"))).to.include('blob-unsigned after 0');
  });

  it('fails a database whose newest records are gone only against a kept checkpoint', () => {
    const since = createBatches(database).at(400)?.checkpoint ?? createBatches(database).at(200)?.checkpoint ?? '';
    expect(verify({ since }).since?.isConsistent).to.equal(true);
    database.exec('DELETE FROM batch WHERE prev >= 200; DELETE FROM entry WHERE leaf_index >= 200; DELETE FROM node;');
    expect(failures(verify())).to.deep.equal([]);
    expect(verify({ since }).failures.list.map(({ code }) => code)).to.deep.equal(['since-shrunk']);
  });
});

/** Batches of 200; all but the newest with a checkpoint; one blob at record 30. */
function fillDatabase(database: Sqlite, recordCount: number, sealedCount: number): void {
  const entries = createEntries(database);
  const batches = createBatches(database);
  const body = Buffer.from('a body outside the leaves');
  const lines = sampleLines(wholeLife(recordCount));
  database.transaction(() => {
    entries.append(lines.slice(0, sealedCount));
    batches.addBlob({ sha256: sha256Hex(body), leafIndex: 30, body });
  })();
  const freezer = createFreezer({
    database,
    entries,
    batches,
    signer,
    limits: { maxRecords: 200, maxBytes: 4 * 1024 ** 2 },
    contentDays: 0,
  });
  for (let batch = freezer.freeze(0); batch !== undefined; batch = freezer.freeze(0)) {
    if (batch.size < sealedCount) freezer.signCheckpoint(batch.prev);
  }
  database.transaction(() => entries.append(lines.slice(sealedCount)))();
}

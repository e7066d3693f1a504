// Second histories, rotated keys, starts in the middle, kept checkpoints, and content whose retention is over.
import { expect } from 'chai';
import { ConfigError } from '../../daemon/errors.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { soon, twentyRecords } from '../support/flip-bits.ts';
import { createMemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import {
  anomalyCodes,
  failureCodes,
  forgedHistory,
  openScene,
  otherLog,
  remove,
  rotatedLog,
  tamper,
  type Scene,
} from './scene.ts';

const dayMs = 86_400_000;

describe('verify: second histories by the log key itself', () => {
  for (const name of [sealKey(8), checkpointKey(8)]) {
    it(`fails on two signed statements at ${name}`, async () => {
      const { archive, key, verify } = await openScene();
      archive.squat(key(name), forgedHistory().objects.get(name) ?? new Uint8Array());
      const report = await verify();
      expect(failureCodes(report)).to.deep.equal([`${name.split('/')[0]}-fork`]);
    });
  }

  it('fails on a second history wherever its statements lie', async () => {
    for (const [place, name] of [
      [sealKey(0), sealKey(8)],
      [checkpointKey(0), checkpointKey(8)],
    ] as const) {
      const { archive, key, verify } = await openScene();
      archive.squat(key(place), forgedHistory().objects.get(name) ?? new Uint8Array());
      expect(failureCodes(await verify()), name).to.deep.equal([`${name.split('/')[0]}-fork`]);
    }
  });

  it('fails where the history changes between two seals', async () => {
    const scene = await openScene();
    const forged = forgedHistory();
    for (const name of [batchKey(16), sealKey(16), checkpointKey(16)]) {
      await tamper(scene, name, forged.objects.get(name) ?? new Uint8Array());
    }
    expect(failureCodes(await scene.verify())).to.deep.equal(['history-broken']);
  });

  it('fails on a seal inside what is sealed already', async () => {
    const scene = await openScene();
    const lines = sample.sampleLines(sample.wholeLife(20));
    const shifted = sample.buildSampleArchive(sample.cut(lines, [10, 10]).map((part) => ({ lines: part })));
    for (const name of [batchKey(10), sealKey(10)])
      scene.archive.squat(scene.key(name), shifted.objects.get(name) ?? new Uint8Array());
    expect(failureCodes(await scene.verify())).to.deep.equal(['seal-overlap']);
  });

  it('fails on the copied folder of another log', async () => {
    const log = twentyRecords();
    const archive = createMemoryArchive();
    await sample.fillArchive(archive, otherLog(), { base: `${log.folder}/` });
    const report = await verifyArchive(archive, log.verifiers, soon);
    expect(failureCodes(report)).to.deep.equal(['no-signed-seal']);
    expect(report.records.verifiedCount).to.equal(0);
  });
});

describe('verify: keys, starts and kept checkpoints', () => {
  it('follows a key rotation that the old key covers, with any concurrency', async () => {
    for (const concurrency of [1, 16]) {
      const { verify } = await openScene(rotatedLog(true));
      const report = await verify({ concurrency });
      expect(report.failures.list).to.deep.equal([]);
      expect([report.anomalies.count, report.records.verifiedCount]).to.deep.equal([0, 20]);
      expect(report.keyIds).to.have.lengthOf(2);
    }
  });

  it('does not follow a key that nothing covers', async () => {
    const { verify } = await openScene(rotatedLog(false));
    const report = await verify();
    expect(report.records.size).to.equal(8);
    expect(anomalyCodes(report)).to.include('foreign-version');
  });

  it('holds every kept checkpoint against the log, at any size', async () => {
    const { log, verify } = await openScene();
    const lines = sample.sampleLines(sample.wholeLife(20));
    for (const size of [1, 5, 7, 8, 12, 16, 20]) {
      const kept = sample.buildSampleArchive([{ lines: lines.slice(0, size) }]).seals[0]?.checkpointNote ?? '';
      const report = await verify({ since: kept });
      expect(report.since, `${size}`).to.deep.equal({ size, isConsistent: true });
      expect(report.integrity).to.equal('pass');
    }
    const other = forgedHistory().seals.at(-1)?.checkpointNote ?? '';
    expect(failureCodes(await verify({ since: other }))).to.deep.equal(['since-rewritten']);
    for (const bad of ['', 'junk', log.seals[0]?.sealNote ?? '', otherLog().seals[0]?.checkpointNote ?? '']) {
      const error = await verify({ since: bad }).catch((thrown: unknown) => thrown);
      expect(error).to.be.instanceOf(ConfigError).with.property('code', 'verify-since-invalid');
    }
  });

  it('starts at a batch boundary when asked, and only then', async () => {
    const scene = await openScene();
    for (const name of scene.log.objects.keys()) if (/0{13}00[07]/.test(name)) await remove(scene, name);
    expect(failureCodes(await scene.verify())).to.deep.equal(['seal-missing']);
    const report = await scene.verify({ from: 8 });
    expect(report.failures.list).to.deep.equal([]);
    expect(report.records).to.include({ from: 8, size: 20, verifiedCount: 12 });
    expect(failureCodes(await scene.verify({ from: 9 }))).to.deep.equal(['seal-missing']);
  });
});

describe('verify: retention', () => {
  const locked = (): sample.SampleArchive =>
    sample.buildSampleArchive(
      sample
        .cut(sample.sampleLines(sample.wholeLife(20)), [8, 12])
        .map((lines) => ({ lines, blobs: [Buffer.from('body')] })),
      { contentDays: 30 },
    );
  const fill = async (days: number): Promise<Scene> => {
    const log = locked();
    const scene = await openScene(log);
    for (const name of log.objects.keys()) await remove(scene, name);
    await sample.fillArchive(scene.archive.openSession(), log, {
      base: `${log.folder}/`,
      retention: { mode: 'COMPLIANCE', days },
    });
    return scene;
  };

  it('says locked only when every object that counts is', async () => {
    const { verify } = await fill(30);
    const report = await verify();
    expect([report.tier, report.anomalies.count]).to.deep.equal(['locked', 0]);
    expect(report.retention).to.include({ protectedCount: 8, unlockedCount: 0, endedCount: 0 });
    expect(report.retention?.shortestLockEnd.slice(0, 10)).to.equal('2026-01-31');
  });

  it('names locks that are shorter than the manifest promises', async () => {
    const report = await (await fill(29)).verify();
    expect(anomalyCodes(report)).to.deep.equal(Array.from({ length: 8 }, () => 'retention-short'));
  });

  it('takes missing content for expired only when its retention is over', async () => {
    const scene = await fill(30);
    await remove(scene, batchKey(0));
    await remove(scene, blobKey(8, sample.sha256Hex(Buffer.from('body'))));
    const early = await scene.verify({ nowMs: sample.sampleStartMs + 29 * dayMs });
    expect(failureCodes(early)).to.deep.equal(['batch-missing', 'blob-missing']);
    const late = await scene.verify({ nowMs: sample.sampleStartMs + 31 * dayMs });
    expect(late.failures.list).to.deep.equal([]);
    expect(late.records).to.include({ verifiedCount: 12, expiredCount: 8 });
    expect(late.tier).to.equal('local');
  });

  it('names a forgery that expiry left behind', async () => {
    const scene = await fill(30);
    await remove(scene, batchKey(0));
    scene.archive.squat(scene.key(batchKey(0)), sample.compressLines(['forged']));
    const report = await scene.verify({ nowMs: sample.sampleStartMs + 31 * dayMs });
    expect(report.failures.list).to.deep.equal([]);
    expect(anomalyCodes(report)).to.include('foreign-version');
  });
});

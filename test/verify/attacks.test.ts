// Attacks and accidents on whole objects: each is named as log format §6 says.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { ConfigError } from '../../daemon/errors.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { exitCodeOf } from '../../daemon/verify/report.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { soon, twentyRecords } from '../support/flip-bits.ts';
import { createMemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import { anomalyCodes, failureCodes, forgedHistory, openScene, remove, runningLog, tamper } from './scene.ts';

describe('verify: objects removed, swapped, cut', () => {
  it('names the removal of every single object', async () => {
    for (const name of twentyRecords().objects.keys()) {
      const scene = await openScene();
      await remove(scene, name);
      const report = await scene.verify();
      if (name === checkpointKey(16)) {
        expect(report.head?.isPublished, name).to.equal(false);
        expect(report.integrity).to.equal('pass');
      } else if (name.startsWith('checkpoint/')) expect(anomalyCodes(report), name).to.include('checkpoint-missing');
      else expect(failureCodes(report), name).to.include(`${name.split('/')[0]}-missing`);
    }
  });

  it('names every swap of two objects', async () => {
    const names = [...twentyRecords().objects.keys()];
    for (const [index, a] of names.entries()) {
      for (const b of names.slice(index + 1)) {
        const scene = await openScene();
        await tamper(scene, a, scene.body(b));
        await tamper(scene, b, scene.body(a));
        const report = await scene.verify();
        const isOnlyCheckpoints = a.startsWith('checkpoint/') && b.startsWith('checkpoint/');
        if (isOnlyCheckpoints) expect(anomalyCodes(report), `${a} ${b}`).to.include('checkpoint-replayed');
        else expect(report.failures.count, `${a} ${b}`).to.be.greaterThan(0);
      }
    }
  });

  it('names every object that is cut short or grows', async () => {
    for (const [name, body] of twentyRecords().objects) {
      const scene = await openScene();
      for (let length = 0; length < body.length; length += 16) {
        await tamper(scene, name, body.subarray(0, length));
        const report = await scene.verify();
        expect(report.failures.count + report.anomalies.count, `${name} ${length}`).to.be.greaterThan(0);
      }
      await tamper(scene, name, Buffer.concat([body, Buffer.from('\n')]));
      const report = await scene.verify();
      expect(report.failures.count + report.anomalies.count, `${name} +1`).to.be.greaterThan(0);
    }
  });

  it('names the record that was changed in a batch that still inflates', async () => {
    const scene = await openScene();
    const lines = sample.sampleLines(sample.wholeLife(20)).slice(8, 16);
    const changed = lines.map((line, index) => (index === 5 ? line.replace('aws_instance', 'aws_innocent') : line));
    await tamper(scene, batchKey(8), sample.compressLines(changed));
    const report = await scene.verify();
    expect(report.failures.list).to.have.lengthOf(1);
    expect(report.failures.list[0]).to.include({ code: 'batch-altered', leafIndex: 13, prev: 8 });
  });

  it('sees the newest seals removed together only by --since and by the overdue heartbeat', async () => {
    const scene = await openScene(runningLog());
    const since = scene.log.seals.at(-1)?.checkpointNote ?? '';
    for (const name of scene.log.objects.keys()) if (/0{13}(?:008|016)/.test(name)) await remove(scene, name);
    const later = { nowMs: sample.sampleStartMs + 3 * 3_600_000 };
    const blind = await scene.verify(later);
    expect(blind.integrity).to.equal('pass');
    expect(blind.completeness.gaps.map(({ kind }) => kind)).to.deep.equal(['overdue']);
    expect(exitCodeOf(blind, false)).to.equal(3);
    const seeing = await scene.verify({ ...later, since });
    expect(failureCodes(seeing)).to.deep.equal(['since-shrunk']);
    expect(exitCodeOf(seeing, false)).to.equal(1);
  });

  it('fails when the newest seal is gone and its checkpoint is not', async () => {
    const scene = await openScene();
    await remove(scene, sealKey(16));
    const report = await scene.verify();
    expect(failureCodes(report)).to.deep.equal(['seal-missing']);
    expect(anomalyCodes(report)).to.deep.equal(['orphan-batch']);
  });

  it('refuses to call an emptied archive anything', async () => {
    const scene = await openScene();
    for (const name of scene.log.objects.keys()) await remove(scene, name);
    const error = await scene.verify().catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConfigError).with.property('code', 'verify-no-log');
  });
});

describe('verify: things added', () => {
  it('reports junk, markers and squatted next keys, chooses none, fails none', async () => {
    const { archive, log, key, verify } = await openScene();
    for (const name of log.objects.keys()) {
      archive.squat(key(name), Buffer.from('junk'));
      archive.addDeleteMarker(key(name));
    }
    const next = [batchKey(20), sealKey(20), checkpointKey(20), blobKey(20, 'ab'.repeat(32)), sealKey(999)];
    for (const name of next) archive.squat(key(name), Buffer.from('squatted'));
    const report = await verify();
    expect(report.failures.list).to.deep.equal([]);
    expect(report.records.verifiedCount).to.equal(20);
    expect(report.anomalies.count).to.equal(2 * 13 + next.length);
    expect(anomalyCodes(report)).to.include.members([
      'foreign-version',
      'delete-marker',
      'orphan-batch',
      'orphan-blob',
    ]);
    expect(exitCodeOf(report, false)).to.equal(0);
    expect(exitCodeOf(report, true)).to.equal(1);
  });

  it('names keys of no known form, and notes other folders', async () => {
    const { archive, key, verify } = await openScene();
    for (const name of ['seal/1', 'batch/0000000000000000.ndjson.gz~1', 'cosig/0000000000000000', 'readme']) {
      archive.squat(key(name), Buffer.from('x'));
    }
    const report = await verify();
    expect(anomalyCodes(report)).to.deep.equal(['unknown-key', 'unknown-key']);
    expect(report.notes.list.map((note) => note.key)).to.deep.equal(['cosig/', 'readme']);
    expect(report.integrity).to.equal('pass');
  });

  it('survives links and folders in a directory archive', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'verify-'));
    try {
      const log = twentyRecords();
      await sample.fillArchive(await openDirectoryArchive(folder), log);
      await symlink('/dev/zero', join(folder, log.folder, sealKey(20)));
      await cp(join(folder, log.folder, 'seal'), join(folder, log.folder, 'batch', 'seal'), { recursive: true });
      const reader = await openDirectoryArchive(folder, { create: false });
      const report = await verifyArchive(reader, log.verifiers, soon);
      expect(report.integrity).to.equal('pass');
      expect(anomalyCodes(report)).to.include.members(['foreign-version', 'unknown-key']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('tells a replayed seal or checkpoint from a fork', async () => {
    const { archive, key, body, verify } = await openScene();
    archive.squat(key(sealKey(8)), body(sealKey(0)));
    archive.squat(key(sealKey(20)), body(sealKey(7)));
    archive.squat(key(checkpointKey(16)), body(checkpointKey(0)));
    archive.squat(key(sealKey(16)), body(checkpointKey(16)));
    archive.squat(key(checkpointKey(7)), body(sealKey(7)));
    const report = await verify();
    expect(report.failures.list).to.deep.equal([]);
    expect(anomalyCodes(report)).to.have.members([
      'seal-replayed',
      'seal-replayed',
      'checkpoint-replayed',
      'checkpoint-replayed',
    ]);
  });

  it('calls a manifest by another key an anomaly, also under the same name', async () => {
    const { archive, key, verify } = await openScene();
    const forged = forgedHistory(sample.createSampleSigner(8));
    for (const name of [sealKey(8), sealKey(16), checkpointKey(16)]) {
      archive.squat(key(name), forged.objects.get(name) ?? new Uint8Array());
    }
    const report = await verify();
    expect(report.failures.list).to.deep.equal([]);
    expect(anomalyCodes(report)).to.deep.equal(['foreign-version', 'foreign-version', 'foreign-version']);
  });
});

describe('verify: crowds', () => {
  it('finds what counts among more versions than it holds, at every kind of key', async () => {
    for (const where of ['newer', 'older'] as const) {
      const log = twentyRecords();
      const archive = createMemoryArchive({ ignoresConditions: true });
      const names = [batchKey(8), sealKey(8), checkpointKey(8)];
      const crowd = (): void => {
        for (const name of names) {
          for (let index = 0; index < 300; index += 1)
            archive.squat(`${log.folder}/${name}`, Buffer.from(`junk ${index}`));
        }
      };
      if (where === 'older') crowd();
      await sample.fillArchive(archive, log);
      if (where === 'newer') crowd();
      const report = await verifyArchive(archive, log.verifiers, soon);
      expect(report.failures.list, where).to.deep.equal([]);
      expect(report.records.verifiedCount).to.equal(20);
      expect(anomalyCodes(report).filter((code) => code === 'listing-too-large')).to.have.lengthOf(3);
    }
  });

  it('finds blobs among more keys than it holds, and fails when they are not there', async () => {
    const scene = await openScene();
    const { archive, log, key } = scene;
    const crowded: Archive = {
      location: archive.location,
      isWriteOnce: true,
      clockSkewMs: 0,
      put: () => Promise.reject(new Error('not used')),
      versions: (name) => archive.versions(name),
      get: (name, versionId, maxBytes) => archive.get(name, versionId, maxBytes),
      readLock: (name, versionId) => archive.readLock(name, versionId),
      close: () => Promise.resolve(),
      async *list(prefix) {
        const first = { versionId: 'j', sizeBytes: 1, lastModified: '', isLatest: true, isDeleteMarker: false };
        const isCrowd = prefix === `${log.folder}/` || prefix === key('blob/');
        for await (const version of archive.list(prefix)) {
          if (isCrowd && version.key.startsWith(key('blob/')))
            for (let index = 0; index < 17_000; index += 1) {
              yield { ...first, key: key(blobKey(8, index.toString(16).padStart(64, '0'))) };
            }
          yield version;
        }
      },
    };
    const report = await verifyArchive(crowded, log.verifiers, soon);
    expect([report.integrity, anomalyCodes(report).includes('listing-too-large')]).to.deep.equal(['pass', true]);
    await remove(scene, [...log.objects.keys()].find((name) => name.startsWith('blob/')) ?? '');
    expect(failureCodes(await scene.verify())).to.deep.equal(['blob-missing']);
  });
});

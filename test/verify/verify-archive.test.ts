// Attacks and accidents on whole objects: each is named as log format §6 says, and an intact log never fails.
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { ConfigError } from '../../daemon/errors.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { exitCodeOf, type VerifyReport } from '../../daemon/verify/report.ts';
import { verifyArchive, type VerifyOptions } from '../../daemon/verify/verify-archive.ts';
import { onlyVersion, soon, twentyRecords } from '../support/flip-bits.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';

const dayMs = 86_400_000;

interface Scene {
  readonly log: sample.SampleArchive;
  readonly archive: MemoryArchive;
  key(name: string): string;
  body(name: string): Uint8Array;
  verify(options?: Partial<VerifyOptions>): Promise<VerifyReport>;
}

async function openScene(log = twentyRecords()): Promise<Scene> {
  const archive = createMemoryArchive();
  await sample.fillArchive(archive, log);
  return {
    log,
    archive,
    key: (name) => `${log.folder}/${name}`,
    body: (name) => log.objects.get(name) ?? new Uint8Array(),
    verify: (options = {}) => verifyArchive(archive, log.verifiers, { ...soon, ...options }),
  };
}

async function remove({ archive, key }: Scene, name: string): Promise<void> {
  for (const { versionId } of await archive.versions(key(name))) archive.expire(key(name), versionId);
}

async function tamper({ archive, key }: Scene, name: string, body: Uint8Array): Promise<void> {
  archive.tamper(key(name), await onlyVersion(archive, key(name)), body);
}

const failureCodes = (report: VerifyReport): string[] => report.failures.list.map(({ code }) => code);
const anomalyCodes = (report: VerifyReport): string[] => report.anomalies.list.map(({ code }) => code);

describe('verify: an intact archive', () => {
  it('passes with nothing found, and says what it holds', async () => {
    const { verify, log } = await openScene();
    const report = await verify({ isStrict: true });
    expect(report.integrity).to.equal('pass');
    expect([report.anomalies.count, report.format.count, report.notes.count]).to.deep.equal([0, 0, 0]);
    expect(report.records).to.include({ from: 0, size: 20, verifiedCount: 20, expiredCount: 0 });
    expect(report.head).to.include({ prev: 16, size: 20, isPublished: true, keyId: log.signer.keyId });
    expect(report.completeness.verdict).to.equal('complete');
    expect(exitCodeOf(report, true)).to.equal(0);
  });

  it('is found at the log folder itself, beside other logs, and as a directory', async () => {
    const log = twentyRecords();
    const top = createMemoryArchive();
    await sample.fillArchive(top, log, { base: '' });
    expect((await verifyArchive(top, log.verifiers, soon)).integrity).to.equal('pass');

    const folder = await mkdtemp(join(tmpdir(), 'verify-'));
    try {
      const archive = await openDirectoryArchive(folder);
      await sample.fillArchive(archive, log);
      await sample.fillArchive(archive, otherLog());
      const report = await verifyArchive(archive, log.verifiers, soon);
      expect([report.integrity, report.anomalies.count, report.notes.count]).to.deep.equal(['pass', 0, 0]);
      expect(report.tier).to.equal('local');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('passes at every moment of a seal', async () => {
    const log = twentyRecords();
    const archive = createMemoryArchive();
    for (const [name, body] of log.objects) {
      await archive.put(`${log.folder}/${name}`, body, sample.sha256Hex(body), undefined);
      const seals = log.seals.filter(
        ({ prev }) => [...log.objects.keys()].indexOf(sealKey(prev)) <= indexOf(log, name),
      );
      if (seals.length === 0) continue;
      const report = await verifyArchive(archive, log.verifiers, soon);
      expect(report.failures.list, name).to.deep.equal([]);
      expect(report.head?.size).to.equal(seals.at(-1)?.size);
      expect(report.head?.isPublished).to.equal(!name.startsWith('seal/'));
    }
  });

  it('does not fail a log that is being sealed while it is listed', async () => {
    const log = twentyRecords();
    const archive = createMemoryArchive();
    const late = [...log.objects].filter(([name]) => name.includes('0000000000000016'));
    for (const [name, body] of log.objects)
      if (!name.includes('0000000000000016')) archive.squat(`${log.folder}/${name}`, body);
    const racing = Object.assign(Object.create(archive) as MemoryArchive, {
      async *list(prefix: string) {
        for await (const version of archive.list(prefix)) {
          // The last seal is made after the listing has passed batch/ and checkpoint/.
          if (version.key.endsWith('/seal/0000000000000000'))
            for (const [name, body] of late.splice(0)) archive.squat(`${log.folder}/${name}`, body);
          yield version;
        }
        if (prefix === `${log.folder}/`) yield* archive.list(`${log.folder}/seal/0000000000000016`);
      },
    });
    const report = await verifyArchive(bound(racing, archive), log.verifiers, soon);
    expect(report.failures.list).to.deep.equal([]);
    expect(report.head).to.include({ size: 20, isPublished: true });
  });

  it('counts an identical second version of every object as a note', async () => {
    const { archive, log, key, verify } = await openScene();
    for (const [name, body] of log.objects) archive.squat(key(name), body);
    const report = await verify();
    expect([report.integrity, report.anomalies.count]).to.deep.equal(['pass', 0]);
    expect(report.notes.list.map(({ code }) => code))
      .to.have.lengthOf(13)
      .and.satisfy((codes: string[]) => codes.every((code) => code === 'duplicate-version'));
  });

  it('continues at suffixed keys where squatters sit on the plain ones', async () => {
    const log = twentyRecords();
    const archive = createMemoryArchive();
    for (const [name, body] of log.objects) {
      archive.squat(`${log.folder}/${name}`, Buffer.from('squatted'));
      archive.squat(`${log.folder}/${name}~2`, body);
    }
    const report = await verifyArchive(archive, log.verifiers, soon);
    expect(report.failures.list).to.deep.equal([]);
    expect(anomalyCodes(report)).to.have.lengthOf(13);
    expect(report.head?.isPublished).to.equal(true);
  });
});

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

describe('verify: form of records', () => {
  it('lists what is no record or not canonical, and fails only when strict', async () => {
    const [created = '', started = '', ...rest] = sample.sampleLines(sample.wholeLife(6));
    const odd = ['not json', started.replace('{', '{ '), rest[0]?.replace('{', '{ ') ?? ''];
    const { verify } = await openScene(sample.buildSampleArchive([{ lines: [created, ...odd, ...rest.slice(1)] }]));
    const report = await verify();
    expect([report.integrity, exitCodeOf(report, false)]).to.deep.equal(['pass', 0]);
    expect(report.format.list.map(({ code, leafIndex }) => `${code} ${leafIndex}`)).to.deep.equal([
      'record-not-canonical 1',
      'record-malformed 1',
    ]);
    const strict = await verify({ isStrict: true });
    expect(strict.format.list.map(({ code, leafIndex }) => `${code} ${leafIndex}`)).to.deep.equal([
      'record-malformed 1',
      'record-not-canonical 2',
      'record-not-canonical 3',
    ]);
    expect(exitCodeOf(strict, true)).to.equal(1);
  });
});

/** Same name, other folder, other key. */
function otherLog(): sample.SampleArchive {
  const lines = sample.sampleLines(sample.wholeLife(5));
  return sample.buildSampleArchive([{ lines }], { origin: 'bastion.example/zzzzzzzzzzzzz' });
}

/** As twentyRecords, with another record 9: signed by the log's own key, or by another one under its name. */
function forgedHistory(signer = sample.createSampleSigner()): sample.SampleArchive {
  const lines = sample.sampleLines(sample.wholeLife(20));
  lines[9] = lines[9]?.replace('aws_instance', 'aws_innocent') ?? '';
  const parts = sample.cut(lines, [7, 1, 8, 4]);
  const blob = Buffer.from('a body outside the leaves');
  const batches = parts.map((part, index) => ({ lines: part, blobs: index === 2 ? [blob] : [] }));
  return sample.buildSampleArchive(batches, { signer });
}

function runningLog(): sample.SampleArchive {
  const records = sample.wholeLife(20).slice(0, 19);
  return sample.buildSampleArchive(sample.cut(sample.sampleLines(records), [8, 8, 3]).map((lines) => ({ lines })));
}

function rotatedLog(isCovered: boolean): sample.SampleArchive {
  const next = sample.createSampleSigner(9);
  const records = sample.wholeLife(20);
  if (isCovered) records[4] = { type: 'log.keyrotated', atSeconds: 180, data: { vkey: next.vkey } };
  const [first = [], ...later] = sample.cut(sample.sampleLines(records), [8, 8, 4]);
  return sample.buildSampleArchive([{ lines: first }, ...later.map((lines) => ({ lines, signer: next }))]);
}

function indexOf(log: sample.SampleArchive, name: string): number {
  return [...log.objects.keys()].indexOf(name);
}

/** Private fields do not pass through a prototype: only `list` is replaced, the rest goes to the store itself. */
function bound(racing: MemoryArchive, store: MemoryArchive) {
  return {
    location: store.location,
    isWriteOnce: store.isWriteOnce,
    clockSkewMs: 0,
    put: store.put.bind(store),
    versions: store.versions.bind(store),
    get: store.get.bind(store),
    list: racing.list.bind(racing),
    readReceipt: store.readReceipt.bind(store),
    close: store.close.bind(store),
  };
}

// Intact archives, at every moment and in every place they may be in: none ever fails.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { sealKey } from '../../daemon/merkle/object-key.ts';
import { exitCodeOf } from '../../daemon/verify/report.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { soon, twentyRecords } from '../support/flip-bits.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import { anomalyCodes, openScene, otherLog } from './scene.ts';

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
        const isSeals = prefix === `${log.folder}/seal/`;
        // Somewhere between the first and the last page of seals the last one is made; batch/ and checkpoint/ are listed.
        for await (const version of archive.list(prefix)) {
          if (isSeals && version.key.endsWith('/seal/0000000000000008'))
            for (const [name, body] of late.splice(0)) archive.squat(`${log.folder}/${name}`, body);
          yield version;
        }
        if (isSeals) yield* archive.list(`${log.folder}/seal/0000000000000016`);
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
    readLock: store.readLock.bind(store),
    close: store.close.bind(store),
  };
}

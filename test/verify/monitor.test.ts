// The watcher over days: what it reads, what it keeps, and when it alarms.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ArchiveError, ConfigError } from '../../daemon/errors.ts';
import { batchKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { storeAway } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import { codes, dailyLog, DAY_MS, openMonitorScene, prevOf, sealedAt, type MonitorScene } from './monitor-scene.ts';

let scene: MonitorScene;

const key = (name: string): string => `${scene.log.folder}/${name}`;
const removeObject = async (name: string): Promise<void> => {
  for (const { versionId, isDeleteMarker } of await scene.archive.versions(key(name))) {
    if (!isDeleteMarker) scene.archive.expire(key(name), versionId);
  }
};
const keptSize = (): number => Number(readFileSync(scene.checkpointPath, 'utf8').split('\n')[1]);

describe('monitor: rounds', () => {
  beforeEach(() => (scene = openMonitorScene()));
  afterEach(() => scene.close());

  it('reads everything once, then only what is new, and keeps the checkpoint', async () => {
    await scene.sealUntil(4);
    const first = await scene.round(sealedAt(4));
    expect([first.isFull, first.exit, first.size, codes(first)]).to.deep.equal([true, 0, 20, []]);
    expect(scene.takeReads()).to.have.lengthOf(15);
    await scene.sealUntil(6);
    const second = await scene.round(sealedAt(6));
    expect([second.isFull, second.exit, second.size, second.newCount]).to.deep.equal([false, 0, 28, 8]);
    expect([...scene.takeReads()].sort()).to.deep.equal(
      [5, 6].flatMap((day) => [batchKey, checkpointKey, sealKey].map((name) => key(name(prevOf(day))))).sort(),
    );
    const third = await scene.round(sealedAt(6) + 0.1);
    expect([third.isFull, third.exit, third.newCount, scene.takeReads()]).to.deep.equal([false, 0, 0, []]);
    const since = readFileSync(scene.checkpointPath, 'utf8');
    const report = await verifyArchive(scene.archive, scene.log.verifiers, { nowMs: sample.sampleStartMs, since });
    expect(report.since).to.deep.equal({ size: 28, isConsistent: true });
  });

  it('reads everything again once in a while', async () => {
    await scene.sealUntil(19);
    const isFull = [];
    for (const day of [20, 20.5, 21, 26.9, 27, 27.5])
      isFull.push((await scene.round(day, { maxAgeMs: 99 * DAY_MS })).isFull);
    expect(isFull).to.deep.equal([true, false, false, false, true, false]);
  });

  it('follows a rotated key through short rounds', async () => {
    scene.close();
    const next = sample.createSampleSigner(9);
    const lines = sample.cut(
      sample.sampleLines(
        sample
          .wholeLife(20)
          .map((record, index) =>
            index === 9 ? { type: 'log.keyrotated', atSeconds: record.atSeconds, data: { vkey: next.vkey } } : record,
          ),
      ),
      [4, 4, 4, 4, 4],
    );
    const batches = lines.map((part, day) => (day >= 3 ? { lines: part, signer: next } : { lines: part }));
    scene = openMonitorScene(sample.buildSampleArchive(batches));
    await scene.sealUntil(2);
    await scene.round(3);
    await scene.sealUntil(3);
    expect(await scene.round(4)).to.include({ isFull: false, size: 16 });
    await scene.sealUntil(4);
    expect(await scene.round(5)).to.include({ isFull: false, size: 20 });
  });

  it('keeps nothing that did not verify, and begins anew from a damaged state', async () => {
    await scene.sealUntil(3);
    await scene.round(4);
    const path = join(scene.folder, `${scene.log.folder}.json`);
    for (const text of ['', '{', '{"version":1,"state":{"size":-1}}', '[]']) {
      writeFileSync(path, text);
      expect(await scene.round(4), text).to.include({ isFull: true, size: 16, exit: 0 });
    }
    await scene.sealUntil(4);
    scene.archive.squat(key(checkpointKey(prevOf(5))), Buffer.from('junk'));
    await removeObject(batchKey(prevOf(2)));
    expect(await scene.round(5)).to.include({ exit: 1 });
    expect(keptSize()).to.equal(16);
  });

  it('goes on from the checkpoint alone, and refuses to forget a damaged one', async () => {
    await scene.sealUntil(3);
    await scene.round(4);
    const older = readFileSync(scene.checkpointPath, 'utf8');
    await scene.sealUntil(5);
    await scene.round(6);
    writeFileSync(scene.checkpointPath, older);
    expect(await scene.round(6)).to.include({ isFull: true, size: 24 });
    expect(keptSize()).to.equal(24);
    writeFileSync(scene.checkpointPath, 'no checkpoint');
    const error = await scene.round(6).catch((thrown: unknown) => thrown);
    expect(error).to.be.instanceOf(ConfigError).with.property('code', 'monitor-state-unusable');
  });
});

describe('monitor: alarms', () => {
  beforeEach(async () => {
    scene = openMonitorScene();
    await scene.sealUntil(9);
    await scene.round(10);
  });
  afterEach(() => scene.close());

  it('alarms once when the recorder is overdue, daily while it is, and says when it is back', async () => {
    const told: string[] = [];
    for (let day = 10.5; day <= 14.5; day += 0.25) {
      const result = await scene.round(day);
      told.push(...codes(result).map((code) => `${day} ${code}`));
      expect(result.exit, `${day}`).to.equal(day > 12.3 ? 3 : 0);
    }
    expect(told).to.deep.equal(['12.5 raised overdue', '13.5 reminded overdue', '14.5 reminded overdue']);
    await scene.sealUntil(14);
    const back = await scene.round(15);
    expect([codes(back), back.exit, back.isFull]).to.deep.equal([['cleared overdue'], 0, false]);
    expect(codes(await scene.round(15.1, { maxAgeMs: 3_600_000 }))).to.deep.equal(['raised overdue']);
  });

  it('sees that the newest seals are gone, and keeps what it knew', async () => {
    for (const day of [8, 9])
      for (const name of [batchKey, sealKey, checkpointKey]) await removeObject(name(prevOf(day)));
    const shrunk = await scene.round(10.1);
    expect([codes(shrunk), shrunk.exit, shrunk.isFull]).to.deep.equal([['raised since-shrunk'], 1, true]);
    expect(await scene.round(10.2)).to.deep.include({ exit: 1, events: [] });
    expect(keptSize()).to.equal(40);
  });

  it('sees a history that was rewritten by the key itself', async () => {
    const forged = dailyLog(20, (records) => void (records[30] = { type: 'log.heartbeat', atSeconds: 648_000 }));
    for (const [name, body] of forged.objects) {
      const prev = Number(/\d{16}/.exec(name)?.[0]);
      if (prev < prevOf(7) || prev > prevOf(9)) continue;
      await removeObject(name);
      scene.archive.squat(key(name), body);
    }
    const rewritten = await scene.round(10.1);
    expect(codes(rewritten)).to.include('raised since-rewritten');
    expect([rewritten.exit, keptSize()]).to.deep.equal([1, 40]);
  });

  it('sees what is laid over or taken from old batches, in the next short round', async () => {
    scene.archive.addDeleteMarker(key(batchKey(prevOf(2))));
    const marked = await scene.round(10.1);
    expect([codes(marked), marked.exit, marked.isFull]).to.deep.equal([['raised delete-marker'], 3, true]);
    scene.archive.squat(key(sealKey(prevOf(3))), Buffer.from('newer'));
    expect(codes(await scene.round(10.2))).to.deep.equal(['raised foreign-version']);
    expect(await scene.round(10.3)).to.deep.include({ isFull: false, events: [], exit: 3 });
    await removeObject(batchKey(prevOf(2)));
    expect(codes(await scene.round(10.4))).to.deep.equal(['raised batch-missing']);
  });

  it('does not call a seal under way an anomaly, and one that never ends does', async () => {
    scene.archive.squat(key(batchKey(40)), Buffer.from('content comes first'));
    expect(await scene.round(10.1)).to.deep.include({ exit: 0, events: [] });
    expect(codes(await scene.round(10.2))).to.deep.equal(['raised orphan-batch']);
  });

  it('tells that the archive is away, after trying again, and keeps the alarms it had', async () => {
    scene.archive.addDeleteMarker(key(batchKey(0)));
    await scene.round(10.1);
    scene.fail = storeAway();
    const away = await scene.round(10.2);
    expect([codes(away), away.exit, away.active.length]).to.deep.equal([['raised unreachable'], 2, 2]);
    expect(scene.takePauses()).to.deep.equal([5000, 30_000]);
    scene.fail = new ArchiveError('archive-denied', 'no', { transient: false, hint: '' });
    expect(await scene.round(10.3)).to.deep.include({ events: [] });
    expect(scene.takePauses()).to.deep.equal([]);
    scene.fail = undefined;
    const back = await scene.round(10.4);
    expect([codes(back), back.exit]).to.deep.equal([['cleared unreachable'], 3]);
  });

  it('a log that is gone is a failure, where there was one', async () => {
    for (const name of scene.log.objects.keys()) await removeObject(name);
    const gone = await scene.round(10.1);
    expect([codes(gone), gone.exit]).to.deep.equal([['raised log-gone'], 1]);
  });

  it('warns before locks of seals end', async () => {
    const late = { maxAgeMs: 9999 * DAY_MS, fullEveryMs: 9999 * DAY_MS };
    expect(codes(await scene.round(370, late))).to.deep.equal([]);
    expect(codes(await scene.round(371.5, late))).to.deep.equal(['raised locks-ending']);
    const ended = await scene.round(401.5, { ...late, fullEveryMs: DAY_MS });
    expect(codes(ended)).to.deep.equal(['raised locks-ended', 'reminded locks-ending']);
  });

  it('has few alarms for much junk', async () => {
    for (let index = 0; index < 3000; index += 1) scene.archive.squat(key(`seal/junk-${index}`), Buffer.from('x'));
    const { active, exit } = await scene.round(10.1);
    expect([active.length, exit]).to.deep.equal([22, 3]);
  });
});

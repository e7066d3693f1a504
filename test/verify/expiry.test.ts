// Content whose retention is over: what the verdict says of it, and that no version with a false time makes it seem over.
import { expect } from 'chai';
import { batchKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { renderReport } from '../../daemon/verify/render-report.ts';
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { createMemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import { anomalyCodes, failureCodes, remove, sceneOver, type Scene } from './scene.ts';

const DAY_MS = 86_400_000;
const CONTENT_DAYS = 30;
const sizes = [5, 5, 5, 5];
/** Ten days apart. */
const sealedMs = (batch: number): number => sample.sampleStartMs + batch * 10 * DAY_MS + 60_000;

/** Four batches of five records; the first one says where and how the log is kept. */
async function openLog(archiveOptions: { readonly ignoresConditions?: boolean } = {}): Promise<Scene> {
  const records = sample.wholeLife(20);
  const policy = { location: 's3://evidence/hub-1', mode: 'GOVERNANCE', structureDays: 400, contentDays: CONTENT_DAYS };
  records[0] = { type: 'log.created', atSeconds: 0, data: { heartbeatSeconds: 300, archive: policy } };
  const lines = sample.cut(sample.sampleLines(records), sizes);
  const log = sample.buildSampleArchive(
    lines.map((part) => ({ lines: part })),
    { contentDays: CONTENT_DAYS },
  );
  let nowMs = 0;
  const archive = createMemoryArchive({ now: () => nowMs, location: 's3://evidence/hub-1', ...archiveOptions });
  for (const [name, body] of log.objects) {
    nowMs = sealedMs(log.seals.findIndex(({ prev }) => name.includes(String(prev).padStart(16, '0'))));
    const days = /^(?:seal|checkpoint)/.test(name) ? 400 : CONTENT_DAYS;
    await archive.put(`${log.folder}/${name}`, body, sample.sha256Hex(body), { mode: 'GOVERNANCE', days });
  }
  return sceneOver(archive, log);
}

const textOf = (report: VerifyReport): string => renderReport(report, { color: false, isStrict: false });

describe('verify: expired content', () => {
  it('passes from where content begins, and names range, policy and what was still verified', async () => {
    const scene = await openLog();
    await remove(scene, batchKey(0));
    await remove(scene, batchKey(5));
    const report = await scene.verify({ nowMs: sealedMs(1) + CONTENT_DAYS * DAY_MS + 1 });
    expect([report.integrity, report.anomalies.list]).to.deep.equal(['pass', []]);
    expect(report.records).to.deep.include({ verifiedCount: 10, expiredCount: 10 });
    expect(report.records.expired).to.deep.equal({
      count: 1,
      list: [{ from: 0, to: 10, contentDays: 30, mode: 'GOVERNANCE' }],
      prefixEnd: 10,
    });
    expect(textOf(report)).to.include(
      'pass from 10; content of [0,10) expired under content-days 30 (GOVERNANCE), leaf hashes verified',
    );
  });

  it('says the ranges when they are not the first ones, and no "pass" when it fails', async () => {
    const scene = await openLog();
    await remove(scene, batchKey(5));
    await remove(scene, batchKey(15));
    const early = await scene.verify({ nowMs: sealedMs(1) + CONTENT_DAYS * DAY_MS + 1 });
    expect(failureCodes(early)).to.deep.equal(['batch-missing']);
    expect(textOf(early)).to.match(/^ +content of \[5,10\) expired under content-days 30 \(GOVERNANCE\), leaf/m);
    const late = await scene.verify({ nowMs: sealedMs(3) + CONTENT_DAYS * DAY_MS + 1 });
    expect(late.failures.list).to.deep.equal([]);
    expect(textOf(late)).to.match(/^ +content of \[5,10\), \[15,20\) expired under/m);
    expect(late.records.expired.prefixEnd).to.equal(undefined);
  });

  it('still checks the leaf hashes of what has expired', async () => {
    const scene = await openLog();
    await remove(scene, batchKey(0));
    await remove(scene, sealKey(0));
    const report = await scene.verify({ nowMs: sealedMs(3) + 400 * DAY_MS });
    expect(failureCodes(report)).to.deep.equal(['seal-missing']);
  });

  it('says how to go on when the first seals are gone', async () => {
    const scene = await openLog();
    for (const name of scene.log.objects.keys()) if (/0{15}[05]/.test(name)) await remove(scene, name);
    const report = await scene.verify();
    expect(failureCodes(report)).to.deep.equal(['seal-missing']);
    expect(report.continueFrom).to.equal(10);
    expect(textOf(report)).to.include('no seal from size 0 to 10; if their retention is over: verify --from 10');
    const rest = await scene.verify({ from: 10 });
    expect([rest.integrity, rest.continueFrom]).to.deep.equal(['pass', undefined]);
  });
});

describe('verify: the time of a seal', () => {
  /** Ten days before batch 2 is free to go. */
  const early = sealedMs(2) + 20 * DAY_MS;

  it('an upload in parts, begun long ago, makes nothing seem expired', async () => {
    const scene = await openLog();
    const at = sealKey(10);
    scene.archive.squat(scene.key(at), scene.body(at), { lastModifiedMs: sealedMs(1), isMultipart: true });
    const intact = await scene.verify({ nowMs: early });
    expect([failureCodes(intact), anomalyCodes(intact)]).to.deep.equal([[], ['multipart-version']]);
    await remove(scene, batchKey(10));
    expect(failureCodes(await scene.verify({ nowMs: early }))).to.deep.equal(['batch-missing']);
    const late = await scene.verify({ nowMs: sealedMs(2) + CONTENT_DAYS * DAY_MS + 1 });
    expect(late.failures.list).to.deep.equal([]);
  });

  it('a version that claims to be older than the seal before it never counts', async () => {
    const scene = await openLog();
    const at = sealKey(10);
    scene.archive.squat(scene.key(at), scene.body(at), { lastModifiedMs: sealedMs(1) - 3_600_000 });
    const intact = await scene.verify({ nowMs: early });
    expect([failureCodes(intact), anomalyCodes(intact)]).to.deep.equal([[], ['seal-time-doubtful']]);
    await remove(scene, batchKey(10));
    expect(failureCodes(await scene.verify({ nowMs: early }))).to.deep.equal(['batch-missing']);
  });

  it('a first seal that claims to be older than the log itself never counts', async () => {
    const scene = await openLog();
    scene.archive.squat(scene.key(sealKey(0)), scene.body(sealKey(0)), {
      lastModifiedMs: sample.sampleStartMs - DAY_MS,
    });
    await remove(scene, batchKey(0));
    const report = await scene.verify({ nowMs: sealedMs(0) + CONTENT_DAYS * DAY_MS - 3_600_000 });
    expect(failureCodes(report)).to.deep.equal(['batch-missing']);
    expect(anomalyCodes(report)).to.deep.equal(['seal-time-doubtful']);
  });

  it('false times of all seals together gain no more than the distance to the seal before', async () => {
    const scene = await openLog();
    for (const [batch, prev] of [5, 10, 15].entries()) {
      scene.archive.squat(scene.key(sealKey(prev)), scene.body(sealKey(prev)), {
        lastModifiedMs: sealedMs(batch) - DAY_MS,
      });
    }
    await remove(scene, batchKey(15));
    expect(failureCodes(await scene.verify({ nowMs: sealedMs(2) + 29 * DAY_MS }))).to.deep.equal(['batch-missing']);
  });

  it('later copies of the same text change nothing, whoever made them', async () => {
    const scene = await openLog({ ignoresConditions: true });
    for (const name of scene.log.objects.keys()) {
      scene.archive.squat(scene.key(name), scene.body(name), { lastModifiedMs: sealedMs(3) + 5 * DAY_MS });
    }
    const intact = await scene.verify({ nowMs: sealedMs(3) + 6 * DAY_MS });
    expect([failureCodes(intact), anomalyCodes(intact)]).to.deep.equal([[], []]);
    expect(intact.tier).to.equal('local');
    for (const prev of [0, 5, 10]) await remove(scene, batchKey(prev));
    const report = await scene.verify({ nowMs: sealedMs(2) + CONTENT_DAYS * DAY_MS + 1 });
    expect(report.failures.list).to.deep.equal([]);
    expect(report.records.expired.prefixEnd).to.equal(15);
  });
});

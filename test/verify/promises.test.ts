// What the log says of its own archive, held against what stands there: the place, the length and the mode of locks.
import { expect } from 'chai';
import type { RetentionMode } from '../../daemon/archive/archive.ts';
import { createMemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';
import { anomalyCodes, sceneOver, type Scene } from './scene.ts';

interface Kept {
  readonly location: string;
  readonly base?: string;
  /** What the log names at its start, and, when it moved, later. */
  readonly named: readonly string[];
  readonly mode?: RetentionMode;
  readonly structureDays?: number;
}

/** A log that promises COMPLIANCE, 400 days for its structure and 30 for its content. */
async function openLog({ location, named, base, mode = 'COMPLIANCE', structureDays = 400 }: Kept): Promise<Scene> {
  const archiveOf = (place = ''): object => ({
    location: place,
    mode: 'COMPLIANCE',
    structureDays: 400,
    contentDays: 30,
  });
  const records = sample.wholeLife(20);
  records[0] = { type: 'log.created', atSeconds: 0, data: { heartbeatSeconds: 300, archive: archiveOf(named[0]) } };
  const [, moved] = named;
  if (moved !== undefined) {
    records[9] = { type: 'log.configured', atSeconds: 480, data: { settings: { archive: archiveOf(moved) } } };
  }
  const lines = sample.cut(sample.sampleLines(records), [8, 12]);
  const log = sample.buildSampleArchive(
    lines.map((part) => ({ lines: part })),
    { contentDays: 30 },
  );
  const archive = createMemoryArchive({ location });
  for (const [name, body] of log.objects) {
    const days = /^(?:seal|checkpoint)/.test(name) ? structureDays : 30;
    await archive.put(`${base ?? `${log.folder}/`}${name}`, body, sample.sha256Hex(body), { mode, days });
  }
  return sceneOver(archive, log);
}

describe('verify: what the log promises', () => {
  it('names the place the log was written to when this is another one, and fails nothing', async () => {
    const scene = await openLog({ location: 's3://copies/hub-1', named: ['s3://evidence/hub-1'] });
    const report = await scene.verify();
    expect([report.integrity, report.anomalies.count]).to.deep.equal(['pass', 0]);
    expect(report.notes.list).to.have.lengthOf(1);
    expect(report.notes.list[0]?.code).to.equal('archive-elsewhere');
    expect(report.notes.list[0]?.message).to.include('s3://evidence/hub-1');
  });

  it('takes any place the log ever named for its own, also its folder there', async () => {
    const places = [
      { location: 's3://evidence/hub-1', named: ['s3://evidence/hub-1'] },
      { location: 's3://evidence/hub-1', named: ['s3://evidence/hub-1', 's3://evidence/hub-2'] },
      { location: 's3://evidence/hub-2', named: ['s3://evidence/hub-1', 's3://evidence/hub-2'] },
      { location: 's3://evidence/hub-1/abcdefghijklm', named: ['s3://evidence/hub-1'], base: '' },
      { location: '/srv/archive', named: ['/srv/archive/'] },
      { location: '/srv/archive/abcdefghijklm', named: ['/srv/archive'], base: '' },
    ];
    for (const place of places) {
      const scene = await openLog(place);
      expect((await scene.verify()).notes.list, place.location).to.deep.equal([]);
    }
  });

  it('counts locks of seals and of content apart', async () => {
    const scene = await openLog({ location: 's3://a-b-c', named: ['s3://a-b-c'] });
    const { retention, tier } = await scene.verify({ endingSoonMs: 31 * 86_400_000 });
    expect(tier).to.equal('locked');
    expect(retention?.modes).to.deep.equal(['COMPLIANCE']);
    expect(retention?.structure).to.include({ protectedCount: 4, endingSoonCount: 0 });
    expect(retention?.content).to.include({ protectedCount: 2, endingSoonCount: 2 });
    expect(retention?.structure.shortestLockEnd.slice(0, 10)).to.equal('2027-02-05');
    expect(retention?.content.shortestLockEnd.slice(0, 10)).to.equal('2026-01-31');
  });

  it('names seals locked for less than the log says, and a weaker mode', async () => {
    const short = await openLog({ location: 's3://a-b-c', named: ['s3://a-b-c'], structureDays: 30 });
    expect(anomalyCodes(await short.verify())).to.deep.equal(Array.from({ length: 4 }, () => 'retention-short'));
    const weak = await openLog({ location: 's3://a-b-c', named: ['s3://a-b-c'], mode: 'GOVERNANCE' });
    const report = await weak.verify();
    expect(anomalyCodes(report)).to.deep.equal(Array.from({ length: 6 }, () => 'retention-weaker'));
    expect(report.integrity).to.equal('pass');
  });
});

// A sample log in a memory archive, ways to break it, and logs that differ from it in one thing.
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { verifyArchive, type VerifyOptions } from '../../daemon/verify/verify-archive.ts';
import { onlyVersion, soon, twentyRecords } from '../support/flip-bits.ts';
import { createMemoryArchive, type MemoryArchive } from '../support/memory-archive.ts';
import * as sample from '../support/sample-archive.ts';

export interface Scene {
  readonly log: sample.SampleArchive;
  readonly archive: MemoryArchive;
  readonly key: (name: string) => string;
  readonly body: (name: string) => Uint8Array;
  readonly verify: (options?: Partial<VerifyOptions>) => Promise<VerifyReport>;
}

export async function openScene(log = twentyRecords()): Promise<Scene> {
  const archive = createMemoryArchive();
  await sample.fillArchive(archive, log);
  return sceneOver(archive, log);
}

/** `archive` holds the log already. */
export function sceneOver(archive: MemoryArchive, log: sample.SampleArchive): Scene {
  return {
    log,
    archive,
    key: (name) => `${log.folder}/${name}`,
    body: (name) => log.objects.get(name) ?? new Uint8Array(),
    verify: (options = {}) => verifyArchive(archive, log.verifiers, { ...soon, ...options }),
  };
}

export async function remove({ archive, key }: Scene, name: string): Promise<void> {
  for (const { versionId } of await archive.versions(key(name))) archive.expire(key(name), versionId);
}

export async function tamper({ archive, key }: Scene, name: string, body: Uint8Array): Promise<void> {
  archive.tamper(key(name), await onlyVersion(archive, key(name)), body);
}

export const failureCodes = (report: VerifyReport): string[] => report.failures.list.map(({ code }) => code);
export const anomalyCodes = (report: VerifyReport): string[] => report.anomalies.list.map(({ code }) => code);

/** Same name, other folder, other key. */
export function otherLog(): sample.SampleArchive {
  const lines = sample.sampleLines(sample.wholeLife(5));
  return sample.buildSampleArchive([{ lines }], { origin: 'bastion.example/zzzzzzzzzzzzz' });
}

/** As twentyRecords, with another record 9: signed by the log's own key, or by another one under its name. */
export function forgedHistory(signer = sample.createSampleSigner()): sample.SampleArchive {
  const lines = sample.sampleLines(sample.wholeLife(20));
  lines[9] = lines[9]?.replace('aws_instance', 'aws_innocent') ?? '';
  const parts = sample.cut(lines, [7, 1, 8, 4]);
  const blob = Buffer.from('a body outside the leaves');
  const batches = parts.map((part, index) => ({ lines: part, blobs: index === 2 ? [blob] : [] }));
  return sample.buildSampleArchive(batches, { signer });
}

export function runningLog(): sample.SampleArchive {
  const records = sample.wholeLife(20).slice(0, 19);
  return sample.buildSampleArchive(sample.cut(sample.sampleLines(records), [8, 8, 3]).map((lines) => ({ lines })));
}

export function rotatedLog(isCovered: boolean): sample.SampleArchive {
  const next = sample.createSampleSigner(9);
  const records = sample.wholeLife(20);
  if (isCovered) records[4] = { type: 'log.keyrotated', atSeconds: 180, data: { vkey: next.vkey } };
  const [first = [], ...later] = sample.cut(sample.sampleLines(records), [8, 8, 4]);
  return sample.buildSampleArchive([{ lines: first }, ...later.map((lines) => ({ lines, signer: next }))]);
}

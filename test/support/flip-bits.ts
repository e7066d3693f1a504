// Flips single bits of the objects of an archive, one at a time, and asks the verifier about each.
import { verifyArchive, type VerifyOptions } from '../../daemon/verify/verify-archive.ts';
import { createMemoryArchive, type MemoryArchive } from './memory-archive.ts';
import {
  buildSampleArchive,
  cut,
  fillArchive,
  sampleLines,
  sampleStartMs,
  wholeLife,
  type SampleArchive,
} from './sample-archive.ts';

export interface Flips {
  readonly count: number;
  /** Flips that gave neither a failure nor an anomaly: "key byte.bit". */
  readonly silent: readonly string[];
  readonly withoutFailure: readonly string[];
}

/** Shortly after the last record of `wholeLife`. */
export const soon: VerifyOptions = { nowMs: sampleStartMs + 3_600_000 };

export function twentyRecords(): SampleArchive {
  const parts = cut(sampleLines(wholeLife(20)), [7, 1, 8, 4]);
  const blob = Buffer.from('a body outside the leaves');
  return buildSampleArchive(parts.map((lines, index) => ({ lines, blobs: index === 2 ? [blob] : [] })));
}

/** `choose`: which bits (0 to 7) of a byte of an object to flip. */
export async function flipBits(
  sample: SampleArchive,
  choose: (byteIndex: number, key: string) => readonly number[],
): Promise<Flips> {
  const archive = createMemoryArchive();
  await fillArchive(archive, sample);
  const silent: string[] = [];
  const withoutFailure: string[] = [];
  let count = 0;
  for (const [name, body] of sample.objects) {
    const key = `${sample.folder}/${name}`;
    const versionId = await onlyVersion(archive, key);
    for (let byteIndex = 0; byteIndex < body.length; byteIndex += 1) {
      for (const bit of choose(byteIndex, name)) {
        archive.tamper(key, versionId, flipped(body, byteIndex, bit));
        const report = await verifyArchive(archive, sample.verifiers, soon);
        const place = `${name} ${byteIndex}.${bit}`;
        if (report.failures.count + report.anomalies.count === 0) silent.push(place);
        if (report.failures.count === 0) withoutFailure.push(place);
        count += 1;
      }
    }
    archive.tamper(key, versionId, body);
  }
  return { count, silent, withoutFailure };
}

export async function onlyVersion(archive: MemoryArchive, key: string): Promise<string> {
  const [version, ...more] = await archive.versions(key);
  if (version === undefined || more.length > 0) throw new Error(`expected one version of ${key}`);
  return version.versionId;
}

function flipped(body: Uint8Array, byteIndex: number, bit: number): Uint8Array {
  const copy = body.slice();
  copy[byteIndex] = (copy[byteIndex] ?? 0) ^ (1 << bit);
  return copy;
}

// When was a batch sealed? The retention of its content counts from then, so a time that lies too early would excuse its
// removal. A store tells a time per version, and anybody can add versions of a signed text: the same bytes put again
// are younger, those of an upload begun long ago are older. Batches are sealed in order, which bounds every time.
import { ParseError } from '../errors.ts';
import type { KeptLine, Manifest } from '../merkle/manifest.ts';
import { parseRecord } from '../record/record.ts';
import type { Findings } from './findings.ts';
import type { StoredVersion } from './inventory.ts';
import { placeOf } from './object-read.ts';
import type { Signed } from './signed-objects.ts';

export interface SealTimes {
  /**
   * The time of the next seal in order, NaN when no version has one: the earliest that is not before the seal ahead of
   * it, nor before what the log itself says of its own start. So it is never later than the time of the true version,
   * as long as that one is still there: an intact log is never judged too strictly.
   */
  next(seal: Signed<Manifest>): number;
}

/** Clocks of recorder and store may be 5 minutes apart, and a store's own writes overlap. */
const slackMs = 600_000;

/** `afterMs`: the time of the seal before the first one that comes; -Infinity when there is none, or none known. */
export function createSealTimes(afterMs: number, findings: Findings): SealTimes {
  let beforeMs = afterMs;
  return {
    next(seal) {
      const times = timesOf(seal.versions);
      const boundMs = Math.max(beforeMs, createdMs(seal.value.kept)) - slackMs;
      const chosenMs = times.find((timeMs) => timeMs >= boundMs) ?? times.at(-1) ?? Number.NaN;
      // Nothing is made of the time where no retention hangs on it: a directory's files are as old as their copy.
      if (seal.value.contentDays > 0 && (times[0] ?? Infinity) < boundMs)
        findings.add('anomaly', doubtful(seal, boundMs));
      if (!Number.isNaN(chosenMs)) beforeMs = chosenMs;
      return chosenMs;
    },
  };
}

/** Ascending. An upload in parts is as old as its first part: it says nothing. */
function timesOf(versions: readonly StoredVersion[]): number[] {
  const times = versions.filter(({ isMultipart }) => !isMultipart).map(({ lastModifiedMs }) => lastModifiedMs);
  return times.filter((timeMs) => !Number.isNaN(timeMs)).sort((a, b) => a - b);
}

/** When the recorder began the log, by the line that outlives its batch: all seals are later. */
function createdMs(kept: readonly KeptLine[]): number {
  const line = kept.find((one) => CREATED.test(one.line))?.line;
  const timeMs = line === undefined ? Number.NaN : timeOf(line);
  return Number.isNaN(timeMs) ? -Infinity : timeMs;
}

const CREATED = /"type":"io\.stateseal\.log\.created"}$/;

function timeOf(line: string): number {
  try {
    return Date.parse(parseRecord(Buffer.from(line)).time);
  } catch (error) {
    if (error instanceof ParseError) return Number.NaN;
    throw error;
  }
}

function doubtful(seal: Signed<Manifest>, boundMs: number) {
  const message = `expected a seal made after ${new Date(boundMs).toISOString()}, got a version that claims to be older`;
  return { ...placeOf(seal.version), code: 'seal-time-doubtful', message };
}

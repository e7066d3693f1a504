// Reads one whole version of a file that its writer rewrites in place, without a lock (docs/TERRAFORM.md §1.2):
// same identity before and after, all bytes, a last '}'. Knows nothing of what the bytes mean.
import type { BigIntStats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { pause, type SourceClock } from './clock.ts';
import {
  formatFileVersion,
  lstatIfThere,
  openContained,
  refuseForeign,
  type ContainedFile,
  type Refusal,
} from './contained-file.ts';

export type SettledRead =
  | { readonly outcome: 'read' | 'empty'; readonly stat: BigIntStats; readonly bytes: Uint8Array }
  | { readonly outcome: 'absent' }
  | Refusal
  | { readonly outcome: 'aborted' };

export interface SettleOptions {
  readonly deadlineMs: number;
  readonly clock: SourceClock;
  /** Ends the wait; the answer is then 'aborted'. */
  readonly signal: AbortSignal;
  /** True while a writer holds the file's lock and did not make the file itself: then it may be empty or torn for long. */
  readonly isBeingWritten: (stat: BigIntStats) => Promise<boolean>;
}

type Attempt =
  | SettledRead
  | {
      readonly outcome: 'unsettled';
      readonly stat?: BigIntStats;
      readonly reason: UnsettledReason;
      readonly waitMs?: number;
    };

type UnsettledReason = 'changing' | 'empty' | 'torn';

/** File times tick up to 10 ms apart: within that, two versions of one size look alike. */
const sameTickMs = 12;
/** A writer that never rests for a tick is read all the same after so many attempts. */
const patientAttempts = 20;
const emptySettledMs = 1_000;
const tornSettledMs = 2_000;
const emptyBytes = new Uint8Array(0);

/** What is known of the version that was looked at last. */
interface Watch {
  attempts: number;
  version: string;
  readonly startMs: number;
  /** When this version was first seen. */
  sinceMs: number;
  /** A torn version is not read again before this. */
  nextReadMs: number;
}

/** Never throws for what the file is or holds. A file still torn or changing at the deadline is refused as 'file-unsettled'. */
export async function readSettled(file: ContainedFile, options: SettleOptions): Promise<SettledRead> {
  const startMs = options.clock.monotonicMs();
  const watch: Watch = { attempts: 0, version: '', startMs, sinceMs: startMs, nextReadMs: 0 };
  for (let waitMs = 5; ; waitMs = Math.min(50, waitMs * 2)) {
    if (options.signal.aborted) return { outcome: 'aborted' };
    const attempt = await attemptRead(file, options, watch);
    if (attempt.outcome !== 'unsettled') return attempt;
    const decided = await decide(file, options, watch, attempt);
    if (decided !== undefined) return decided;
    await pause(options.clock, attempt.waitMs ?? waitMs, options.signal);
  }
}

async function attemptRead(file: ContainedFile, options: SettleOptions, watch: Watch): Promise<Attempt> {
  watch.attempts += 1;
  const opening = await openContained(file);
  if (opening.outcome === 'moved') return { outcome: 'unsettled', reason: 'changing' };
  if (opening.outcome === 'absent' || opening.outcome === 'refused') return opening;
  try {
    return await readOpened(file, options, watch, opening.handle, opening.stat);
  } catch (error) {
    return refuseForeign(file, error, opening.stat);
  } finally {
    await opening.handle.close();
  }
}

async function readOpened(
  file: ContainedFile,
  { clock }: SettleOptions,
  watch: Watch,
  handle: FileHandle,
  stat: BigIntStats,
): Promise<Attempt> {
  noteVersion(watch, stat, clock);
  if (stat.size === 0n) return { outcome: 'unsettled', reason: 'empty', stat };
  const startMs = clock.monotonicMs();
  if (startMs < watch.nextReadMs) return { outcome: 'unsettled', reason: 'torn', stat };
  const ageMs = clock.wallMs() - Number(stat.mtimeNs) / 1e6;
  if (ageMs >= 0 && ageMs < sameTickMs && watch.attempts < patientAttempts) {
    return { outcome: 'unsettled', reason: 'changing', stat, waitMs: Math.ceil(sameTickMs - ageMs) };
  }
  const bytes = await readWhole(handle, Number(stat.size));
  if (!(await isUnchanged(file, handle, stat)) || bytes === undefined) {
    return { outcome: 'unsettled', reason: 'changing', stat };
  }
  if (endsWithBrace(bytes)) return { outcome: 'read', stat, bytes };
  // A large torn file must not be read in a tight loop: at most a twentieth of the time.
  const endMs = clock.monotonicMs();
  watch.nextReadMs = endMs + Math.max(20, 20 * (endMs - startMs));
  return { outcome: 'unsettled', reason: 'torn', stat };
}

function noteVersion(watch: Watch, stat: BigIntStats, clock: SourceClock): void {
  const version = formatFileVersion(stat);
  if (version === watch.version) return;
  watch.version = version;
  watch.sinceMs = clock.monotonicMs();
  watch.nextReadMs = 0;
}

/** One read call as a rule, so that a rewrite rarely falls in between; undefined when the file got shorter. */
async function readWhole(handle: FileHandle, sizeBytes: number): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafeSlow(sizeBytes);
  let filledBytes = 0;
  while (filledBytes < sizeBytes) {
    const { bytesRead } = await handle.read(bytes, filledBytes, sizeBytes - filledBytes, filledBytes);
    if (bytesRead === 0) return undefined;
    filledBytes += bytesRead;
  }
  return bytes;
}

async function isUnchanged(file: ContainedFile, handle: FileHandle, before: BigIntStats): Promise<boolean> {
  const after = await handle.stat({ bigint: true });
  const named = await lstatIfThere(file.path);
  return (
    formatFileVersion(after) === formatFileVersion(before) && named?.ino === before.ino && named.dev === before.dev
  );
}

function endsWithBrace(bytes: Uint8Array): boolean {
  let end = bytes.length - 1;
  while (end >= 0 && (bytes[end] === 0x0a || bytes[end] === 0x0d || bytes[end] === 0x20 || bytes[end] === 0x09))
    end -= 1;
  return bytes[end] === 0x7d;
}

/** Ends the wait where more of it would tell nothing new; undefined to go on. */
async function decide(
  file: ContainedFile,
  options: SettleOptions,
  watch: Watch,
  attempt: Extract<Attempt, { outcome: 'unsettled' }>,
): Promise<SettledRead | undefined> {
  const nowMs = options.clock.monotonicMs();
  const { stat, reason } = attempt;
  const isLate = nowMs - watch.startMs >= options.deadlineMs;
  const isRested = stat !== undefined && restedMs(options, watch, stat, reason) >= settledAfterMs(reason);
  if (!isLate && (!isRested || (await options.isBeingWritten(stat)))) return undefined;
  if (reason === 'empty' && stat !== undefined) return { outcome: 'empty', stat, bytes: emptyBytes };
  const message = `${file.displayPath}: expected a complete file that rests, got one that ${describe(reason)}`;
  return { outcome: 'refused', stat, problem: { code: 'file-unsettled', message } };
}

function settledAfterMs(reason: UnsettledReason): number {
  if (reason === 'changing') return Infinity;
  return reason === 'empty' ? emptySettledMs : tornSettledMs;
}

/** How long this version has stood. An empty file's own time counts; a torn one's does not: one slow write keeps its first time. */
function restedMs({ clock }: SettleOptions, watch: Watch, stat: BigIntStats, reason: UnsettledReason): number {
  const watchedMs = clock.monotonicMs() - watch.sinceMs;
  return reason === 'empty' ? Math.max(watchedMs, clock.wallMs() - Number(stat.mtimeNs) / 1e6) : watchedMs;
}

function describe(reason: UnsettledReason): string {
  return reason === 'torn' ? "does not end with '}'" : 'keeps changing';
}

// The watcher: rounds that verify an archive from elsewhere, against what the round before has kept. The first round and
// one a day read everything; those between read what came since, tied to the kept root, and look at the listing of all
// the rest: any change there, or any doubt, makes the round a whole one. Knows no terminal and no timer.
import type { Archive } from '../archive/archive.ts';
import { ArchiveError, ConfigError } from '../errors.ts';
import { createVerifier, type Verifier } from '../merkle/note.ts';
import { ownAlarm, updateAlarms, type ActiveAlarm, type Alarm, type AlarmEvent } from './alarms.ts';
import type { MonitorStore } from './monitor-files.ts';
import type { MonitorState } from './monitor-state.ts';
import { readAlarms } from './monitor-alarms.ts';
import { traceArchive, type VerifyProgress, type VerifyTrace } from './verify-archive.ts';

export interface MonitorOptions {
  /** A new one for every round: credentials and places change. */
  openArchive(): Promise<Archive>;
  readonly verifier: Verifier;
  readonly store: MonitorStore;
  now(): number;
  /** Waits between the tries of one round; false: the user wants to stop. */
  pause(ms: number): Promise<boolean>;
  readonly fullEveryMs: number;
  /** Locks of seals that end within this time raise an alarm. */
  readonly expiryWarningMs: number;
  /** How old the newest record may be; default: what the log's heartbeats say. */
  readonly maxAgeMs: number | undefined;
  /** Whole verifications begin at this batch boundary. */
  readonly from: number;
  /** May throw, which ends the round. */
  readonly onProgress?: (progress: VerifyProgress) => void;
}

export interface RoundResult {
  /** Undefined when nothing could be checked. */
  readonly trace: VerifyTrace | undefined;
  readonly isFull: boolean;
  /** Of the kept checkpoint, 0 for none. */
  readonly size: number;
  /** Records that were new in this round. */
  readonly newCount: number;
  readonly active: readonly ActiveAlarm[];
  readonly events: readonly AlarmEvent[];
  /** 0 nothing · 1 integrity or consistency · 2 could not look · 3 anything else. */
  readonly exit: 0 | 1 | 2 | 3;
}

export interface Monitor {
  /** Throws ConfigError when the watcher itself cannot work. */
  round(): Promise<RoundResult>;
}

const RETRY_PAUSES_MS = [5_000, 30_000];

export function createMonitor(options: MonitorOptions): Monitor {
  return {
    async round() {
      const kept = await options.store.load();
      const nowMs = options.now();
      const state = kept.state?.origin === options.verifier.name ? kept.state : undefined;
      try {
        const { trace, isFull } = await traceRound(options, state, kept.checkpoint, kept.alarms, nowMs);
        const read = readAlarms(trace, state, { ...options, nowMs, isWhole: isFull });
        const carried = isFull ? [] : kept.alarms.filter((alarm) => alarm.isOfWhole);
        const { active, events } = updateAlarms(kept.alarms, [...read.alarms, ...carried], nowMs);
        const isPassed = trace.report.integrity === 'pass';
        const next = isPassed ? advance(trace, state, nowMs, isFull, read.waiting) : state;
        const checkpoint = (isPassed ? trace.report.head?.checkpoint : undefined) ?? '';
        await options.store.save({
          checkpoint: checkpoint === '' ? kept.checkpoint : checkpoint,
          state: next,
          alarms: active,
        });
        const size = next?.size ?? 0;
        const newCount = Math.max(0, size - (state?.size ?? 0));
        return { trace, isFull, size, newCount, active, events, exit: exitOf(active) };
      } catch (error) {
        const unreachable = toUnreachable(error, kept.checkpoint !== '');
        if (unreachable === undefined) throw error;
        // What was wrong before is still unknown to be right.
        const held = kept.alarms.filter((alarm) => alarm.id !== unreachable.id);
        const { active, events } = updateAlarms(kept.alarms, [...held, unreachable], nowMs);
        await options.store.save({ ...kept, alarms: active });
        return {
          trace: undefined,
          isFull: false,
          size: state?.size ?? 0,
          newCount: 0,
          active,
          events,
          exit: exitOf(active),
        };
      }
    },
  };
}

/** A short round where nothing speaks against it, else a whole one. */
async function traceRound(
  options: MonitorOptions,
  state: MonitorState | undefined,
  checkpoint: string,
  alarms: readonly ActiveAlarm[],
  nowMs: number,
): Promise<{ readonly trace: VerifyTrace; readonly isFull: boolean }> {
  const isDue = state === undefined || !(nowMs - state.fullMs < options.fullEveryMs) || nowMs < state.fullMs;
  const isFailing = alarms.some(({ level }) => level === 'failure');
  if (!isDue && !isFailing) {
    const trace = await withRetries(options, () => traceOnce(options, state, checkpoint, nowMs));
    if (isEnough(trace, state)) return { trace, isFull: false };
  }
  return { trace: await withRetries(options, () => traceOnce(options, undefined, checkpoint, nowMs)), isFull: true };
}

async function traceOnce(
  options: MonitorOptions,
  state: MonitorState | undefined,
  checkpoint: string,
  nowMs: number,
): Promise<VerifyTrace> {
  const archive = await options.openArchive();
  try {
    const verifiers = [options.verifier, ...(state?.vkeys ?? []).map(createVerifier)];
    return await traceArchive(archive, verifiers, {
      nowMs,
      endingSoonMs: options.expiryWarningMs,
      ...(checkpoint === '' ? {} : { since: checkpoint }),
      ...(state === undefined ? { from: options.from } : { resume: toResume(state) }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    });
  } finally {
    await archive.close();
  }
}

function toResume({ size, root, sealedMs, heartbeatSeconds, newestMs, isStopped }: MonitorState) {
  const life = { heartbeatSeconds, newestMs, isStopped };
  return { size, root, sealedMs: Number.isNaN(sealedMs) ? -Infinity : sealedMs, life };
}

/** Nothing has changed where nothing was read, no new failure, and no statement about what lies before. */
function isEnough({ report, digestAtStart }: VerifyTrace, state: MonitorState): boolean {
  const isUnjudged = report.notes.list.some(({ code }) => code === 'seal-unchecked' || code === 'checkpoint-unchecked');
  const isListed = report.notes.count <= report.notes.list.length;
  return digestAtStart === state.listingDigest && report.integrity === 'pass' && !isUnjudged && isListed;
}

function advance(
  { report, chain, digestAtPublished }: VerifyTrace,
  state: MonitorState | undefined,
  nowMs: number,
  isFull: boolean,
  waiting: readonly string[],
): MonitorState | undefined {
  const { published } = chain;
  const { recorder } = report.completeness;
  const size = published?.size ?? state?.size;
  const root = published?.root ?? state?.root;
  if (size === undefined || root === undefined) return undefined;
  const endMs = Date.parse(report.retention?.structure.shortestLockEnd ?? '');
  const newestMs = Date.parse(recorder.newestTime);
  return {
    origin: report.origin,
    size,
    root,
    sealedMs: published?.sealedMs ?? state?.sealedMs ?? Number.NaN,
    vkeys: isFull ? chain.rotatedVkeys : [...(state?.vkeys ?? []), ...chain.rotatedVkeys],
    listingDigest: digestAtPublished,
    heartbeatSeconds: recorder.heartbeatSeconds,
    newestMs: Number.isNaN(newestMs) ? (state?.newestMs ?? Number.NaN) : newestMs,
    isStopped: recorder.isStopped,
    firstLockEndMs: isFull ? endMs : earlier(endMs, state?.firstLockEndMs ?? Number.NaN),
    fullMs: isFull ? nowMs : (state?.fullMs ?? nowMs),
    waiting,
  };
}

function earlier(a: number, b: number): number {
  if (Number.isNaN(a)) return b;
  return Number.isNaN(b) ? a : Math.min(a, b);
}

async function withRetries<T>(options: MonitorOptions, work: () => Promise<T>): Promise<T> {
  for (const pauseMs of RETRY_PAUSES_MS) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ArchiveError) || !error.transient || !(await options.pause(pauseMs))) throw error;
    }
  }
  return work();
}

/** An archive that is away is told; a log that is gone where one was known is worse; anything else is not ours to judge. */
function toUnreachable(error: unknown, isKnown: boolean): Alarm | undefined {
  if (error instanceof ArchiveError) {
    return ownAlarm('unreachable', `the archive cannot be read: ${error.message} [${error.code}]`, 'unreachable');
  }
  if (!(error instanceof ConfigError) || error.code !== 'verify-no-log' || !isKnown) return undefined;
  return ownAlarm('log-gone', 'expected the log that was here before, got nothing of it', 'failure');
}

function exitOf(active: readonly ActiveAlarm[]): RoundResult['exit'] {
  const has = (level: Alarm['level']): boolean => active.some((alarm) => alarm.level === level);
  if (has('failure')) return 1;
  if (has('unreachable')) return 2;
  return active.length > 0 ? 3 : 0;
}

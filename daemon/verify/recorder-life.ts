// When the recorder lived, from its own records: starts, stops, and the heartbeats that say it was there in between.
import { isJsonObject, member, type JsonObject } from '../json/value.ts';
import type { GapList } from './gaps.ts';
import type { RecordFacts } from './record-facts.ts';

export interface RecorderLife {
  add(facts: RecordFacts): void;
  /** Lines that nobody can read any more: what happened meanwhile is not known, and no gap either. */
  skip(): void;
  /** The outage that a state's missed versions can be laid to: the newest start. */
  lastOutage(): number | undefined;
  report(limits: LifeLimits): LifeReport;
}

export interface LifeLimits {
  readonly nowMs: number;
  /** How old the newest record may be beside missed heartbeats: lines wait for their seal, an archive shows them later. */
  readonly sealDelayMs: number;
}

export interface LifeReport {
  /** RFC 3339, '' when there is no readable record. */
  readonly firstTime: string;
  readonly newestTime: string;
  readonly newestAgeMs: number;
  readonly isStopped: boolean;
  readonly isOverdue: boolean;
  readonly heartbeatSeconds: number;
  /** Declared stops and crashes. */
  readonly stopCount: number;
  readonly crashCount: number;
  /** Share of the time between first and newest record, 0 to 100. */
  readonly alivePercent: number;
}

/** Where an earlier check has left the recorder. */
export interface LifeStart {
  readonly heartbeatSeconds: number;
  /** Of the newest record, NaN when none was read. */
  readonly newestMs: number;
  readonly isStopped: boolean;
}

/** Heartbeats that may fail to come before it counts as a silence. */
const MISSED_HEARTBEATS = 2.5;
const DEFAULT_HEARTBEAT_SECONDS = 300;
/** Receipts of the last seal come after the stop that it sealed. */
const AFTER_STOP: ReadonlySet<string> = new Set(['batch.archived', 'archive.obstructed', 'log.accessed']);

interface Stop {
  readonly timeMs: number;
  readonly hasReason: boolean;
  readonly reason: string;
}

export function createRecorderLife(gaps: GapList, start?: LifeStart): RecorderLife {
  let heartbeatSeconds = start?.heartbeatSeconds ?? DEFAULT_HEARTBEAT_SECONDS;
  let isRunning = start !== undefined && !start.isStopped && !Number.isNaN(start.newestMs);
  let stop = start?.isStopped === true ? stopBefore(start) : undefined;
  let first: number | undefined;
  let last: RecordFacts | undefined;
  let lastMs = start === undefined || Number.isNaN(start.newestMs) ? undefined : start.newestMs;
  let outage: number | undefined;
  let downMs = 0;
  let stopCount = 0;
  let crashCount = 0;

  const limitMs = (): number => MISSED_HEARTBEATS * heartbeatSeconds * 1000;

  const addOutage = (kind: 'stop' | 'crash' | 'silence', facts: RecordFacts, fromMs: number): void => {
    downMs += Math.max(0, facts.timeMs - fromMs);
    gaps.add({
      kind,
      leafIndex: facts.leafIndex,
      id: facts.id,
      state: '',
      from: formatTime(fromMs),
      to: formatTime(facts.timeMs),
      fromSerial: '',
      toSerial: '',
      reason: kind === 'stop' ? (stop?.reason ?? '') : '',
      isDeclared: kind === 'stop' && stop?.hasReason === true,
    });
  };

  const begin = (facts: RecordFacts): void => {
    if (stop !== undefined) {
      stopCount += 1;
      outage = facts.leafIndex;
      addOutage('stop', facts, stop.timeMs);
    } else if (isRunning && lastMs !== undefined) {
      crashCount += 1;
      outage = facts.leafIndex;
      addOutage('crash', facts, lastMs);
    }
    stop = undefined;
    isRunning = true;
  };

  const addRunning = (facts: RecordFacts): void => {
    const isSilence = isRunning && stop === undefined && lastMs !== undefined && facts.timeMs - lastMs > limitMs();
    if (isSilence && lastMs !== undefined) addOutage('silence', facts, lastMs);
    if (facts.type !== 'log.stopped') return;
    const reason = textMember(facts.data, 'reason') || textMember(facts.data, 'cause');
    stop = { timeMs: facts.timeMs, hasReason: reason !== '', reason };
  };

  return {
    add(facts) {
      if (facts.type === 'log.created' || facts.type === 'log.configured') {
        heartbeatSeconds = secondsMember(facts.data) ?? heartbeatSeconds;
      }
      if (facts.type === 'log.started') begin(facts);
      else if (stop === undefined || !AFTER_STOP.has(facts.type)) addRunning(facts);
      last = facts;
      if (Number.isNaN(facts.timeMs)) return;
      first ??= facts.timeMs;
      // A clock that was set back makes no silence longer.
      lastMs = facts.timeMs;
    },
    skip() {
      isRunning = false;
      stop = undefined;
      lastMs = undefined;
    },
    lastOutage: () => outage,
    report({ nowMs, sealDelayMs }) {
      const newestAgeMs = lastMs === undefined ? 0 : Math.max(0, nowMs - lastMs);
      const isOverdue = lastMs !== undefined && stop === undefined && newestAgeMs > limitMs() + sealDelayMs;
      if (isOverdue && last !== undefined) addOverdue(gaps, last, lastMs, nowMs);
      const periodMs = first === undefined || lastMs === undefined ? 0 : lastMs - first;
      return {
        firstTime: first === undefined ? '' : formatTime(first),
        newestTime: lastMs === undefined ? '' : formatTime(lastMs),
        newestAgeMs,
        isStopped: stop !== undefined,
        isOverdue,
        heartbeatSeconds,
        stopCount,
        crashCount,
        alivePercent: periodMs <= 0 ? 100 : Math.max(0, 100 * (1 - downMs / periodMs)),
      };
    },
  };
}

/** The stop itself was judged then, and its reason is not known any more: it is not told again as a gap of its own. */
function stopBefore({ newestMs }: LifeStart): Stop {
  return { timeMs: newestMs, hasReason: true, reason: '' };
}

function addOverdue(gaps: GapList, last: RecordFacts, lastMs: number | undefined, nowMs: number): void {
  gaps.add({
    kind: 'overdue',
    leafIndex: last.leafIndex,
    id: last.id,
    state: '',
    from: lastMs === undefined ? '' : formatTime(lastMs),
    to: formatTime(nowMs),
    fromSerial: '',
    toSerial: '',
    reason: '',
  });
}

function formatTime(ms: number): string {
  return Number.isFinite(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : '';
}

function textMember(data: JsonObject | undefined, key: string): string {
  const value = data === undefined ? undefined : member(data, key);
  return typeof value === 'string' ? value : '';
}

/** From one second to one day: anything else is no heartbeat. In log.created itself, in log.configured among settings. */
function secondsMember(data: JsonObject | undefined): number | undefined {
  if (data === undefined) return undefined;
  const settings = member(data, 'settings');
  const value = member(isJsonObject(settings) ? settings : data, 'heartbeatSeconds');
  return typeof value === 'number' && value >= 1 && value <= 86_400 ? value : undefined;
}

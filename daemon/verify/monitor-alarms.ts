// What a verification says → the alarms that hold now. Pure.
import { ownAlarm, toAlarms, type Alarm } from './alarms.ts';
import type { MonitorState } from './monitor-state.ts';
import type { Gap } from './gaps.ts';
import type { VerifyReport } from './report.ts';
import type { VerifyTrace } from './verify-archive.ts';

export interface AlarmLimits {
  readonly nowMs: number;
  readonly maxAgeMs: number | undefined;
  readonly expiryWarningMs: number;
  /** The whole log was read. */
  readonly isWhole: boolean;
}

export interface ReadAlarms {
  readonly alarms: readonly Alarm[];
  /** Content without a seal: an alarm when it is still there in the next round. */
  readonly waiting: readonly string[];
}

const MAX_GAPS = 50;
const MAX_WAITING = 1000;

export function readAlarms({ report }: VerifyTrace, state: MonitorState | undefined, limits: AlarmLimits): ReadAlarms {
  const orphans = report.anomalies.list.filter(({ code }) => code === 'orphan-batch' || code === 'orphan-blob');
  const waiting = orphans.map(({ key = '', versionId = '' }) => `${key} ${versionId}`).slice(0, MAX_WAITING);
  const known = new Set(state?.waiting);
  const isNew = (key = '', versionId = ''): boolean => !known.has(`${key} ${versionId}`);
  // A seal under way has its content first: it must not alarm anybody.
  const list = report.anomalies.list.filter((one) => !orphans.includes(one) || !isNew(one.key, one.versionId));
  const anomalies = { list, count: report.anomalies.count - (report.anomalies.list.length - list.length) };
  return {
    waiting,
    alarms: [
      ...toAlarms(report.failures, 'failure'),
      ...toAlarms(anomalies, 'warning'),
      ...toAlarms(report.format, 'warning'),
      ...gapAlarms(report),
      ...freshnessAlarms(report, limits),
      ...lockAlarms(report, state, limits),
    ],
  };
}

/** Gaps are told one by one; that the newest record is too old is a matter of now, not of the log. */
function gapAlarms({ completeness }: VerifyReport): Alarm[] {
  const open = completeness.gaps.filter(({ kind, explainedBy }) => explainedBy === 'none' && kind !== 'overdue');
  const told = open.slice(0, MAX_GAPS).map(toGapAlarm);
  if (open.length <= MAX_GAPS) return told;
  return [...told, ownAlarm('gaps', 'more gaps without explanation than are told one by one', 'warning', true)];
}

function toGapAlarm({ kind, leafIndex, state, from, to }: Gap): Alarm {
  const where = state === '' ? '' : ` of ${state}`;
  const when = from === '' && to === '' ? '' : ` between ${from} and ${to}`;
  const message = `a gap without explanation: ${kind}${where}${when}, seen at record ${leafIndex}`;
  return { id: `gap ${kind} ${leafIndex}`, level: 'warning', code: 'gap', message, key: '', isOfWhole: true };
}

function freshnessAlarms({ completeness: { recorder } }: VerifyReport, { maxAgeMs }: AlarmLimits): Alarm[] {
  const isLate = maxAgeMs === undefined ? recorder.isOverdue : recorder.newestAgeMs > maxAgeMs;
  if (!isLate) return [];
  const age = Math.floor(recorder.newestAgeMs / 60_000);
  const message = `expected a newer record, got ${recorder.newestTime} as the newest: ${age} minutes old`;
  return [ownAlarm('overdue', message)];
}

/** Locks of seals and checkpoints: without those nothing can be verified. That content expires is policy. */
function lockAlarms(report: VerifyReport, state: MonitorState | undefined, limits: AlarmLimits): Alarm[] {
  const { retention } = report;
  if (retention === undefined) return [];
  const { structure } = retention;
  const alarms: Alarm[] = [];
  if (structure.unlockedCount > 0) {
    alarms.push(ownAlarm('locks-missing', 'seals or checkpoints are not locked: they can be removed', 'warning', true));
  }
  if (structure.endedCount > 0) {
    alarms.push(
      ownAlarm('locks-ended', 'locks of seals or checkpoints have ended: they can be removed', 'warning', true),
    );
  }
  const ends = [
    Date.parse(structure.shortestLockEnd),
    ...(limits.isWhole ? [] : [state?.firstLockEndMs ?? Number.NaN]),
  ];
  const firstMs = Math.min(...ends.filter((end) => !Number.isNaN(end)));
  if (firstMs <= limits.nowMs + limits.expiryWarningMs) {
    const day = new Date(firstMs).toISOString().slice(0, 10);
    alarms.push(ownAlarm('locks-ending', `locks of seals or checkpoints end from ${day} on: extend them`));
  }
  return alarms;
}

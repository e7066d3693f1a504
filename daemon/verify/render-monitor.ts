// A round of the watcher → lines: alarms for whoever must act, and one line that says that it looked. Pure. Messages and
// keys may hold what others wrote: they are escaped.
import { createPalette, escapeJsonText, escapeText } from '../terminal.ts';
import type { AlarmEvent } from './alarms.ts';
import type { RoundResult } from './monitor.ts';
import { formatCount } from './render-count.ts';

const WORDS: Readonly<Record<AlarmEvent['change'], string>> = {
  raised: 'ALARM',
  reminded: 'STILL',
  cleared: 'CLEARED',
};

/** One line per event, in the order they are to be read; each ends with a newline. */
export function renderEvents({ events }: RoundResult, nowMs: number, color: boolean): string {
  const palette = createPalette(color);
  return events
    .map(({ change, alarm }) => {
      const paint =
        change === 'cleared' ? palette.added : alarm.level === 'warning' ? palette.warning : palette.removed;
      const key = alarm.key === '' ? '' : `  ${alarm.key}`;
      const since = change === 'raised' ? '' : `  (since ${formatTime(alarm.sinceMs)})`;
      const text = escapeText(`${alarm.code}${key}  ${alarm.message}${since}`);
      return `${formatTime(nowMs)}  ${paint(WORDS[change].padEnd(7))}  ${text}\n`;
    })
    .join('');
}

export function renderRound(result: RoundResult, nowMs: number): string {
  const { trace, isFull, size, newCount, active } = result;
  const alarms =
    active.length === 0 ? 'no alarm' : `${formatCount(active.length)} ${active.length === 1 ? 'alarm' : 'alarms'}`;
  if (trace === undefined) return `${formatTime(nowMs)}  not read  kept size ${formatCount(size)}, ${alarms}\n`;
  const what = isFull ? 'whole log' : 'what is new';
  const { verifiedCount, expiredCount } = trace.report.records;
  const expired = expiredCount === 0 ? '' : `, ${formatCount(expiredCount)} expired`;
  return `${formatTime(nowMs)}  verified  ${what}: ${formatCount(verifiedCount)} records${expired}; size ${formatCount(size)} (+${formatCount(newCount)}), ${alarms}\n`;
}

/** One object per line: the events, then the round. */
export function formatRoundJson(result: RoundResult, nowMs: number): string {
  const { trace, isFull, size, newCount, active, exit, events } = result;
  const time = new Date(nowMs).toISOString();
  const alarms = events.map(({ change, alarm }) => {
    const { id, level, code, message, key, sinceMs } = alarm;
    const since = new Date(sinceMs).toISOString();
    return { object: 'alarm', time, change, id, level, code, message, key, since };
  });
  const round = {
    object: 'round',
    time,
    exit,
    isRead: trace !== undefined,
    isFull,
    size,
    newCount,
    alarmCount: active.length,
    integrity: trace?.report.integrity ?? '',
    newestTime: trace?.report.completeness.recorder.newestTime ?? '',
    retention: trace?.report.retention ?? null,
  };
  return [...alarms, round].map((object) => `${escapeJsonText(JSON.stringify(object))}\n`).join('');
}

/** "2026-06-23 14:03Z". */
function formatTime(ms: number): string {
  const time = new Date(ms).toISOString();
  return `${time.slice(0, 10)} ${time.slice(11, 16)}Z`;
}

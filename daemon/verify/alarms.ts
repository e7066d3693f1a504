// Alarms of the watcher: what is wrong now, told once when it appears, once a day while it lasts, and once when it is
// gone. Bounded: an archive full of junk gives a few alarms with a count, not a thousand. Pure.
import type { Finding } from './findings.ts';
import type { ListedFindings } from './report.ts';

/** failure: integrity or consistency. unreachable: nothing could be checked. warning: everything else. */
export type AlarmLevel = 'failure' | 'unreachable' | 'warning';

export interface Alarm {
  /** What it is about: the same in every round. */
  readonly id: string;
  readonly level: AlarmLevel;
  /** A finding's code, or one of the watcher's own; docs/ERRORS.md. */
  readonly code: string;
  readonly message: string;
  /** Object in the archive, '' for none. Written by others: escape it. */
  readonly key: string;
  /** Only a verification of the whole log can say that it is gone. */
  readonly isOfWhole: boolean;
}

export interface ActiveAlarm extends Alarm {
  readonly sinceMs: number;
  /** When it was told last. */
  readonly toldMs: number;
}

export interface AlarmEvent {
  readonly change: 'raised' | 'reminded' | 'cleared';
  readonly alarm: ActiveAlarm;
}

const REMINDER_MS = 86_400_000;
const MAX_PER_CODE = 20;
const MAX_ALARMS = 500;

/** The alarms that hold now, and what is to be told about them. */
export function updateAlarms(
  before: readonly ActiveAlarm[],
  now: readonly Alarm[],
  nowMs: number,
): { readonly active: readonly ActiveAlarm[]; readonly events: readonly AlarmEvent[] } {
  const known = new Map(before.map((alarm) => [alarm.id, alarm]));
  const events: AlarmEvent[] = [];
  const active = new Map<string, ActiveAlarm>();
  for (const alarm of now.slice(0, MAX_ALARMS)) {
    if (active.has(alarm.id)) continue;
    const old = known.get(alarm.id);
    const isDue = old === undefined || nowMs - old.toldMs >= REMINDER_MS;
    const held = { ...alarm, sinceMs: old?.sinceMs ?? nowMs, toldMs: isDue ? nowMs : old.toldMs };
    if (isDue) events.push({ change: old === undefined ? 'raised' : 'reminded', alarm: held });
    active.set(alarm.id, held);
  }
  for (const alarm of before) if (!active.has(alarm.id)) events.push({ change: 'cleared', alarm });
  return { active: [...active.values()], events };
}

/** One alarm per finding, up to a number per code; the rest of a code is one alarm that says so. */
export function toAlarms({ count, list }: ListedFindings, level: AlarmLevel): Alarm[] {
  const alarms: Alarm[] = [];
  for (const [code, findings] of Map.groupBy(list, (finding) => finding.code)) {
    alarms.push(...findings.slice(0, MAX_PER_CODE).map((finding) => toAlarm(finding, level)));
    if (findings.length > MAX_PER_CODE) alarms.push(moreOf(code, level, `more of these than are told one by one`));
  }
  if (count > list.length) alarms.push(moreOf('findings', level, 'more findings than are listed'));
  return alarms;
}

/** An alarm of the watcher's own, not of one object. */
export function ownAlarm(code: string, message: string, level: AlarmLevel = 'warning', isOfWhole = false): Alarm {
  return { id: code, level, code, message, key: '', isOfWhole };
}

function toAlarm({ code, message, key = '', versionId = '', prev, leafIndex }: Finding, level: AlarmLevel): Alarm {
  const id = [code, key, versionId, prev ?? '', leafIndex ?? ''].join(' ');
  const where = key === '' && prev !== undefined ? ` (batch after size ${prev})` : '';
  return { id, level, code, message: message + where, key, isOfWhole: true };
}

function moreOf(code: string, level: AlarmLevel, message: string): Alarm {
  return { id: `more ${level} ${code}`, level, code, message, key: '', isOfWhole: true };
}

// Times as people type them in filters. Pure: "now" is an argument; everything is UTC.
import { usageError } from './arguments.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/**
 * Milliseconds since the epoch of "24h" (ago; s, m, h, d, w), "2026-05-01" (its begin), "2026-05-01T14:00[:00][Z]",
 * any RFC 3339 time, "today", "yesterday", "now", and the begin of the last such day: "mon", "monday". Throws ConfigError `usage`.
 */
export function parseTime(verb: string, flag: string, text: string, nowMs: number): number {
  const ago = /^([0-9]{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0);
  if (text === 'now') return nowMs;
  if (text === 'today') return startOfDay(nowMs);
  if (text === 'yesterday') return startOfDay(nowMs) - 86_400_000;
  const weekday = WEEKDAYS.findIndex((name) => text === name || text === name.slice(0, 3));
  if (weekday >= 0) return startOfWeekday(nowMs, weekday);
  const ms = parseDate(text);
  if (ms !== undefined) return ms;
  throw usageError(
    verb,
    `expected a time after ${flag}, like 24h, 7d, 2026-05-01 or 2026-05-01T14:00Z, got something else`,
  );
}

function startOfDay(ms: number): number {
  return Math.floor(ms / 86_400_000) * 86_400_000;
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday'];

function startOfWeekday(nowMs: number, weekday: number): number {
  const daysAgo = (new Date(nowMs).getUTCDay() - weekday + 7) % 7;
  return startOfDay(nowMs) - daysAgo * 86_400_000;
}

const DATE =
  /^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?)?$/;

function parseDate(text: string): number | undefined {
  const match = DATE.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '00:00', zone = 'Z'] = match;
  const ms = Date.parse(`${date}T${time}${zone}`);
  // Date.parse rolls 30 February over to March: the day must come back as it was typed.
  const isRealDay =
    new Date(`${date}T00:00Z`).getTime() >= 0 && new Date(`${date}T00:00Z`).toISOString().startsWith(date);
  return Number.isNaN(ms) || !isRealDay ? undefined : ms;
}

// Times as people type them in filters. Pure: "now" is an argument; everything is UTC.
import type { Asked, Refuse } from './asked.ts';

/** Milliseconds of each unit that people may write. */
export const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

const EXPECTED = 'a time like 24h, 7d, PT2H, 2026-05-01 or 2026-05-01T14:00Z';

/** The time that a parameter names; undefined when it was not given. */
export function readTime(asked: Asked, refuse: Refuse, name: string, nowMs: number): number | undefined {
  const text = asked.text(name);
  return text === undefined ? undefined : parseTime(text, nowMs, () => refuse(name, EXPECTED));
}

/**
 * Milliseconds since the epoch of "24h" (ago; s, m, h, d, w), "PT2H" (ago; ISO 8601 in days, hours, minutes, seconds),
 * "2026-05-01" (its begin), "2026-05-01T14:00[:00][Z]", any RFC 3339 time, "today", "yesterday", "now", and the begin of
 * the last such day: "mon", "monday". Throws what `toError` makes.
 */
export function parseTime(text: string, nowMs: number, toError: () => Error): number {
  const ago = /^([0-9]{1,6})([smhdw])$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (UNIT_MS[ago[2] ?? ''] ?? 0);
  const ms = parseDuration(text);
  if (ms !== undefined) return nowMs - ms;
  if (text === 'now') return nowMs;
  if (text === 'today') return startOfDay(nowMs);
  if (text === 'yesterday') return startOfDay(nowMs) - 86_400_000;
  const weekday = WEEKDAYS.findIndex((name) => text === name || text === name.slice(0, 3));
  if (weekday >= 0) return startOfWeekday(nowMs, weekday);
  const date = parseDate(text);
  if (date === undefined) throw toError();
  return date;
}

/** ISO 8601 durations without years and months: their length depends on where they begin. */
function parseDuration(text: string): number | undefined {
  const match =
    /^P(?:([0-9]{1,6})W|(?:([0-9]{1,6})D)?(?:T(?=[0-9])(?:([0-9]{1,6})H)?(?:([0-9]{1,6})M)?(?:([0-9]{1,6})S)?)?)$/.exec(
      text,
    );
  if (match === null || text === 'P') return undefined;
  const units = ['w', 'd', 'h', 'm', 's'];
  return units.reduce((sum, unit, index) => sum + Number(match[index + 1] ?? 0) * (UNIT_MS[unit] ?? 0), 0);
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

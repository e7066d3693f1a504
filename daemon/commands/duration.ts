// Lengths of time as people type them: 90s, 15m, 1h, 30d, 2w. Pure.
import { usageError } from './arguments.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
};

/** Milliseconds, above 0. Throws ConfigError `usage`. */
export function parseDuration(verb: string, flag: string, text: string): number {
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,5})([smhdw])$/.exec(text) ?? [];
  if (count !== '') return Number(count) * (UNIT_MS[unit] ?? 0);
  throw usageError(verb, `expected a length of time after ${flag}, like 15m, 1h or 30d, got something else`);
}

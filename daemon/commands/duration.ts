// Lengths of time as people type them: 90s, 15m, 1h, 30d, 2w. Pure.
import { UNIT_MS } from '../answers/time-filter.ts';
import { usageError } from './arguments.ts';

/** Milliseconds, above 0. Throws ConfigError `usage`. */
export function parseDuration(verb: string, flag: string, text: string): number {
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,5})([smhdw])$/.exec(text) ?? [];
  if (count !== '') return Number(count) * (UNIT_MS[unit] ?? 0);
  throw usageError(verb, `expected a length of time after ${flag}, like 15m, 1h or 30d, got something else`);
}

// What is said of locks on a screen: how long they hold, who can lift them, when the first one ends. Pure.
import type { ArchiveConfig } from '../config.ts';
import { COMPLIANCE_WARNING } from '../doctor/retention-checks.ts';
import type { LockForecast } from '../store/queries-locks.ts';

const DAY_MS = 86_400_000;

/** Lines for the greeting of `watch`, below the line of the archive. */
export function describeLocks(
  { mode, structureDays, contentDays }: Pick<ArchiveConfig, 'mode' | 'structureDays' | 'contentDays'>,
  forecast: LockForecast | undefined,
  nowMs: number,
): readonly string[] {
  const days =
    structureDays === contentDays ? `${structureDays} days` : `${structureDays} days, records ${contentDays} days`;
  const first = forecast?.firstEnd ?? '';
  const nextEnd = new Date(nowMs + Math.min(structureDays, contentDays) * DAY_MS).toISOString();
  const ends = `the first lock ends ${(first === '' ? nextEnd : first).slice(0, 10)}`;
  const held = `locks      ${mode}, ${days}: ${ends}`;
  if (mode === 'COMPLIANCE') return [held, `warning    ${COMPLIANCE_WARNING}`];
  const trial =
    'an account with the right to bypass can delete; for evidence choose COMPLIANCE and how far back an auditor';
  return [held, `           ${trial}`, '           looks: stateseal init'];
}

/** The line of `status`, none where nothing was ever locked. */
export function formatForecast(forecast: LockForecast | undefined): readonly string[] {
  if (forecast === undefined) return [];
  const { modes, lockedCount, endingSoonCount, soonDays, endedCount, firstEnd } = forecast;
  const first = firstEnd === '' ? 'none holds any more' : `the first ends ${firstEnd.slice(0, 10)}`;
  const soon = endingSoonCount === 0 ? '' : `, ${endingSoonCount} within ${soonDays} days`;
  const ended = endedCount === 0 ? '' : `, ${endedCount} have ended`;
  const extended = '     extensions are known to verify alone';
  return [`locks      ${lockedCount} objects, ${modes.join(' and ')}: ${first}${soon}${ended}${extended}`];
}

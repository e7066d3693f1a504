// Who holds which lock since when, as `stateseal status` says it. Pure.
import type { HeldLock } from '../recorder/held-lock.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { formatDuration } from '../verify/render-count.ts';
import { actorsOf, formatDateTime } from './render-change.ts';

const MAX_LINES = 20;

/** One line per lock; none where nothing is locked. */
export function formatHolds(holds: readonly HeldLock[], nowMs: number, palette: Palette): readonly string[] {
  const lines = holds.slice(0, MAX_LINES).map((hold) => formatHold(hold, nowMs, palette));
  const rest = holds.length > MAX_LINES ? [`and ${holds.length - MAX_LINES} more: stateseal status --locks`] : [];
  return [...lines, ...rest].map((line, index) => `${index === 0 ? 'held' : '    '}       ${line}`);
}

/** "network   OperationTypeApply   since 2026-06-23 14:02:11Z (3 min)   alice (observed)". */
export function formatHold(hold: HeldLock, nowMs: number, palette: Palette): string {
  const { state, reference, operation, since, holder, claims } = hold;
  const ageMs = Math.max(0, nowMs - Date.parse(since));
  const actors = actorsOf(claims);
  const parts = [
    palette.bold(escapeText(state === '' ? reference : state)),
    operation === '' ? 'a lock whose file may not be read' : escapeText(operation),
    `since ${formatDateTime(since)} (${formatDuration(ageMs)})`,
    actors.length === 0 ? 'nobody is named' : actors.join(', '),
    ...(holder === 'stale' ? [palette.warning('its holder is gone')] : []),
  ];
  return parts.join('   ');
}

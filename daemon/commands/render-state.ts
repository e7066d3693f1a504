// A state as it was, for people and as JSON: which version, what it rests on, then its instances and outputs. Pure.
import type { StateName } from '../answers/state-json.ts';
import type { StateView } from '../answers/state-view.ts';
import { escapeText, type Palette } from '../terminal.ts';
import { formatDateTime } from './render-change.ts';
import { formatState } from './show-file.ts';

/** What is said of the state as a whole. */
export interface ViewTitle extends StateName {
  /** Formatted; '' for none. */
  readonly labels: string;
  readonly notes: readonly string[];
}

/** Ends with a newline. */
export function formatView(view: StateView, title: ViewTitle, palette: Palette): string {
  const place = [title.name, view.reference, title.labels].filter((text) => text !== '').map(escapeText);
  const [name = '', ...rest] = place;
  const head = [
    [palette.bold(name), ...rest].join('   '),
    `as of   ${formatPoint(view)}`,
    ...viewNotes(view, title).map((note) => palette.warning(note)),
  ];
  return `${head.join('\n')}\n${formatState(view.state, palette)}`;
}

/** "2026-03-03 14:00:00Z: serial 41, written 2026-03-03 11:20:04Z, known by record #123". */
export function formatPoint({ point, state, effectiveTime, leafIndex }: StateView): string {
  const isNewest = 'leafIndex' in point && point.leafIndex === Number.MAX_SAFE_INTEGER;
  const asked = 'ms' in point ? formatTime(point.ms) : isNewest ? 'now' : `record #${point.leafIndex}`;
  return `${asked}: serial ${escapeText(state.serial)}, written ${formatDateTime(effectiveTime)}, by record #${leafIndex}`;
}

/** What the values alone do not say. */
export function viewNotes(view: StateView, { notes }: ViewTitle): readonly string[] {
  return [
    ...(view.isRetired ? ['retired by then: the file was gone, no resource was destroyed by that'] : []),
    ...(view.isChanging ? ['a change was going on'] : []),
    ...(view.state.form === 'opaque' ? ['encrypted: what it held is not known'] : []),
    ...(view.isWhole ? [] : ['not whole: some of what it rests on is no longer here; restore it from the archive']),
    ...notes,
  ];
}

function formatTime(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? 'a time out of range' : formatDateTime(date.toISOString());
}

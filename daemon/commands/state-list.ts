// `stateseal state list`: every state of the log, one line each: what it is, whether it can be seen, how it is labelled.
import { listedJson, listStates } from '../answers/state-list.ts';
import type { OpenLog } from '../answers/open-log.ts';
import { formatLabels, type LabelFilter } from '../store/labels.ts';
import type { StateCondition } from '../store/queries-conditions.ts';
import { escapeText } from '../terminal.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { styleOf } from './log-output.ts';
import { formatDateTime } from './render-change.ts';
import { formatTable, type Cell } from './render-table.ts';

export function printStates(
  { queries }: OpenLog,
  filters: readonly LabelFilter[] | undefined,
  context: CommandContext,
  isJson: boolean,
): void {
  const states = listStates(queries, filters);
  if (isJson) return states.forEach((state) => context.stdout(formatJsonLine(listedJson(state))));
  const { palette, columns } = styleOf(context);
  const head = ['name', 'serial', 'instances', 'last change', 'last seen', 'condition', 'labels', 'place'];
  const rows = states.map((state): Cell[] => [
    { text: escapeText(state.name), paint: palette.bold },
    { text: escapeText(state.serial) },
    { text: String(state.instances) },
    { text: formatMs(state.lastChangeMs) },
    { text: formatMs(state.seen.lastSeenMs) },
    { text: state.seen.condition, ...(isCalm(state.seen) ? {} : { paint: palette.warning }) },
    { text: escapeText(formatLabels(state.labels)) },
    { text: escapeText(state.reference) },
  ]);
  const table = formatTable([head.map((text) => ({ text, paint: palette.dim })), ...rows], columns);
  context.stdout(`${table.join('\n')}\n`);
  if (context.quiet) return;
  const retired = states.filter(({ isRetired }) => isRetired).length;
  const silent = states.filter(({ seen }) => seen.condition === 'silent').length;
  const counts = [
    `${states.length} ${states.length === 1 ? 'state' : 'states'}`,
    ...(retired === 0 ? [] : [`${retired} retired`]),
    ...(silent === 0 ? [] : [`${silent} silent`]),
  ];
  context.stdout(`\n${palette.dim(`${counts.join(', ')}   what nobody watches: stateseal source list --unwatched`)}\n`);
}

function isCalm({ condition }: StateCondition): boolean {
  return condition === 'active' || condition === 'retired';
}

function formatMs(ms: number | undefined): string {
  return ms === undefined ? '' : formatDateTime(new Date(ms).toISOString(), 'minutes');
}

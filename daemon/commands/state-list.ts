// `stateseal state list`: every state of the log, one line each: what it is, whether it can be seen, how it is labelled.
import type { OpenLog } from '../answers/open-log.ts';
import type { JsonObject } from '../json/value.ts';
import { formatLabels, type LabelFilter, type Labels } from '../store/labels.ts';
import type { StateCondition } from '../store/queries-conditions.ts';
import type { StateOutline } from '../store/queries-states.ts';
import { escapeText } from '../terminal.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { styleOf } from './log-output.ts';
import { formatDateTime } from './render-change.ts';
import { formatTable, type Cell } from './render-table.ts';

interface ListedState extends StateOutline {
  readonly labels: Labels;
  readonly seen: StateCondition;
}

export function printStates(
  { queries }: OpenLog,
  filters: readonly LabelFilter[] | undefined,
  context: CommandContext,
  isJson: boolean,
): void {
  const wanted = filters && queries.labels.statesWith(filters).ids;
  const labelOf = queries.labels.labeller();
  const conditionOf = queries.conditions();
  const states = queries
    .states()
    .filter(({ id }) => wanted?.has(id) ?? true)
    .map((state): ListedState => ({ ...state, labels: labelOf(state.reference), seen: conditionOf(state) }));
  if (isJson) return states.forEach((state) => context.stdout(formatJsonLine(toJson(state))));
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

function toJson(state: ListedState): JsonObject {
  const { id, name, reference, workspace, serial, lineage, toolVersion, instances, changes, labels, seen } = state;
  const time = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    object: 'state',
    id,
    name,
    reference,
    workspace,
    serial,
    lineage,
    toolVersion,
    instances,
    changes,
    lastChange: time(state.lastChangeMs),
    lastSeen: time(seen.lastSeenMs),
    condition: seen.condition,
    code: seen.code,
    labels: { ...labels },
  };
}

// `stateseal show <file>`: a state or plan file with its values redacted. Writes nothing, needs no log.
import { stateJson } from '../answers/state-json.ts';
import type { InstanceBody, ObservedInstance, ObservedOutput, ObservedState } from '../record/observation.ts';
import type { Json } from '../json/value.ts';
import { flatten, type NetSide } from '../store/queries-net.ts';
import { createPalette, escapeText, padRight, textWidth, type Palette } from '../terminal.ts';
import type { CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { readFileOf } from './observe-files.ts';
import { formatOpaque, formatPlan, planJson } from './render-plan.ts';
import { formatPath, formatSide } from './render-value.ts';

export async function showFile(path: string, context: CommandContext, isJson: boolean): Promise<number> {
  const file = await readFileOf(path, context);
  const palette = createPalette(context.color);
  if (file.is === 'state') {
    if (isJson) stateJson(file.state).forEach((line) => context.stdout(formatJsonLine(line)));
    else context.stdout(formatState(file.state, palette));
  } else if (file.is === 'plan') {
    context.stdout(isJson ? formatJsonLine(planJson(file.plan)) : formatPlan(file.plan, palette));
  } else context.stdout(isJson ? formatJsonLine({ object: 'plan', form: file.plan.form }) : formatOpaque(file.plan));
  return 0;
}

/** As `terraform show` lists a state: a block per instance, its values by path. Ends with a newline. */
export function formatState(state: ObservedState, palette: Palette): string {
  const { serial, lineage, toolVersion, instances, outputs } = state;
  const head = `state   serial ${escapeText(serial)}   lineage ${escapeText(lineage.slice(0, 8))}   tool version ${escapeText(toolVersion)}`;
  const blocks = [
    ...instances.flatMap((instance) =>
      instance.body === undefined ? [] : [instanceLines(instance, instance.body, palette)],
    ),
    ...(outputs.length === 0 ? [] : [outputLines(outputs, palette)]),
  ];
  const counts = `${instances.length} resource instances, ${outputs.length} outputs (data sources are not listed)`;
  return `${[[head], ...blocks, [counts]].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function instanceLines({ address, deposed }: ObservedInstance, body: InstanceBody, palette: Palette): string[] {
  const remarks = [
    ...(deposed === '' ? [] : [`deposed object ${escapeText(deposed)}`]),
    ...(body.tainted ? ['tainted'] : []),
  ];
  const remark = remarks.length === 0 ? '' : ` (${remarks.join(', ')})`;
  return [`# ${palette.bold(escapeText(address))}${remark}`, ...valueLines(body.attributes, body.hidden, '  ')];
}

function outputLines(outputs: readonly ObservedOutput[], palette: Palette): string[] {
  const lines = outputs.flatMap(({ name, value, hidden }) =>
    sidesOf(value, hidden).map(
      ([path, side]) => [`${escapeText(name)}${joinPath(formatPath(path))}`, formatSide(side)] as const,
    ),
  );
  return [palette.bold('Outputs:'), ...alignLines(lines, '  ')];
}

function valueLines(tree: Json, hidden: InstanceBody['hidden'], indent: string): string[] {
  return alignLines(
    sidesOf(tree, hidden).map(([path, side]) => [formatPath(path), formatSide(side)] as const),
    indent,
  );
}

/** Every scalar that is not null: a null attribute was never set. */
function sidesOf(tree: Json, hidden: InstanceBody['hidden']): [string, NetSide][] {
  const scalars = new Map<string, Json>();
  flatten('', tree, scalars);
  const hiddenByPath = new Map(hidden.map((value) => [value.path, value]));
  return [...scalars].flatMap(([path, value]): [string, NetSide][] => {
    const found = hiddenByPath.get(path);
    if (found !== undefined) return [[path, { is: 'hidden', by: found.by, kid: '', commitment: '' }]];
    return value === null ? [] : [[path, { is: 'shown', value }]];
  });
}

function alignLines(rows: readonly (readonly [string, string])[], indent: string): string[] {
  const width = Math.min(48, Math.max(0, ...rows.map(([path]) => textWidth(path))));
  return rows.map(([path, text]) => `${indent}${padRight(path, width)} = ${text}`);
}

/** setting[0] below an output is .setting[0]; an index stays as it is. */
function joinPath(path: string): string {
  return path === '' || path.startsWith('[') ? path : `.${path}`;
}

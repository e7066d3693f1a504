// `stateseal diff`: two state files compared, without daemon, data directory or key. Writes nothing.
import type { NetAction } from '../record/data.ts';
import type { InstanceBody, ObservedOutput, ObservedState } from '../record/observation.ts';
import { diffTrees, type RedactedTree } from '../recorder/diff.ts';
import { countActions, netActions, toTree, type InstanceSpan } from '../recorder/net.ts';
import { mergeSteps } from '../store/queries-net.ts';
import { instanceKey } from '../store/states.ts';
import { createPalette, escapeText, type Palette } from '../terminal.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { formatJsonLine, subjectJson } from './json-output.ts';
import { readStateFiles, type ObservedFiles } from './observe-files.ts';
import { formatSubjects, outputSubject, type Subject } from './render-change.ts';
import { formatTally } from './symbols.ts';

const VERB = 'diff';

export const diffCommand: Command = {
  name: VERB,
  summary: 'compare two state files',
  usage: `Usage: stateseal diff <old state> <new state>

Compares two Terraform or OpenTofu state files, resource instance by resource instance. Needs no recorder, writes
nothing, shows no secret that Terraform marks or the rules match; other strings not known to be harmless are hidden.

--json  one {"object":"resource"|"output","address","previousAddress"?,"actions","values":[{"path","before"?,"after"?,
        "hidden"?}]} per line, then {"object":"summary","counts","before":{"serial","lineage"},"after":{…}}

Exit codes: 0 no difference · 1 differences · 2 could not compare
A state cannot tell a removed block from a destroy, nor an import block from a create: they show as - and +.
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {});
    if (given.has('help')) {
      context.stdout(diffCommand.usage);
      return 0;
    }
    const [before, after, ...more] = given.positionals;
    if (before === undefined || after === undefined || more.length > 0) {
      throw usageError(VERB, 'expected two state files, got another count');
    }
    const comparison = compareFiles(await readStateFiles([before, after], context));
    const isJson = context.json || given.has('json');
    if (isJson) comparisonJson(comparison).forEach((line) => context.stdout(line));
    else context.stdout(formatComparison(comparison, createPalette(context.color)));
    return comparison.subjects.length === 0 ? 0 : 1;
  },
};

export interface Comparison {
  readonly before: ObservedState;
  readonly after: ObservedState;
  readonly subjects: readonly Subject[];
  readonly counts: ReturnType<typeof countActions>;
}

/** Compares the first file with the second. */
export function compareFiles(files: ObservedFiles): Comparison {
  const [before, after] = files.states;
  if (before === undefined || after === undefined) throw new RangeError('expected two states, got fewer');
  const spans = toSpans(before, after).map((span) => level(span, files));
  const actions = netActions(spans, { forgets: false, imports: false });
  const bySpan = new Map(spans.map((span) => [instanceKey(span.address, span.deposed), span]));
  const instances = actions.map((action) => toSubject(action, bySpan, files));
  const outputs = compareOutputs(before.outputs, after.outputs, files);
  return { before, after, subjects: [...instances, ...outputs], counts: countActions(actions, outputs.length) };
}

function toSpans(before: ObservedState, after: ObservedState): InstanceSpan[] {
  const bodies = (state: ObservedState): Map<string, InstanceBody | undefined> =>
    new Map(state.instances.map(({ address, deposed, body }) => [instanceKey(address, deposed), body]));
  const old = bodies(before);
  const current = bodies(after);
  return [...new Set([...old.keys(), ...current.keys()])].map((key) => {
    const [address = '', deposed = ''] = key.split('\0');
    return { address, deposed, before: old.get(key), after: current.get(key), wasAbsent: false };
  });
}

function level(span: InstanceSpan, files: ObservedFiles): InstanceSpan {
  if (span.before === undefined || span.after === undefined) return span;
  const [before, after] = files.levelBodies(span.address, span.before, span.after);
  return { ...span, before, after };
}

function toSubject(action: NetAction, spans: ReadonlyMap<string, InstanceSpan>, files: ObservedFiles): Subject {
  const { address, deposed = '', previousAddress = '', resourceType, actions } = action;
  const span = spans.get(instanceKey(address, deposed));
  const origin = spans.get(instanceKey(previousAddress, ''));
  const moved = origin && span && level({ ...span, before: origin.before }, files);
  const { before, after } = (previousAddress === '' ? span : moved) ?? { before: undefined, after: undefined };
  const values = valuesOf(before && toTree(before), after && toTree(after));
  return { name: address, deposed, previousAddress, resourceType, actions, values, uncomparedCount: 0, isWhole: true };
}

/** Hidden values that changed are told by their tags, which no address is part of. */
function valuesOf(before: RedactedTree | undefined, after: RedactedTree | undefined): Subject['values'] {
  return mergeSteps([diffTrees(before, after)]);
}

function compareOutputs(
  before: readonly ObservedOutput[],
  after: readonly ObservedOutput[],
  files: ObservedFiles,
): Subject[] {
  const old = new Map(before.map((output) => [output.name, output]));
  const current = new Map(after.map((output) => [output.name, output]));
  const names = [...new Set([...old.keys(), ...current.keys()])].sort();
  return names.flatMap((name) => {
    const [was, is] = [old.get(name), current.get(name)];
    const pair = was && is ? files.levelOutputs(was, is) : ([was, is] as const);
    const values = valuesOf(...pair);
    if (was !== undefined && is !== undefined && values.length === 0) return [];
    const action = was === undefined ? 'create' : is === undefined ? 'delete' : 'update';
    return [outputSubject({ name, actions: [action], values, isWhole: true })];
  });
}

/** Ends with a newline. */
export function formatComparison({ before, after, subjects, counts }: Comparison, palette: Palette): string {
  const isSameLineage = before.lineage === after.lineage;
  const short = (lineage: string): string => escapeText(lineage.slice(0, 8));
  const lineage = isSameLineage ? short(after.lineage) : `${short(before.lineage)} -> ${short(after.lineage)}`;
  const serial = before.serial === after.serial ? after.serial : `${before.serial} -> ${after.serial}`;
  const lines = formatSubjects(withoutWhole(subjects), { palette, isFull: true }, '');
  return [...lines, `${formatTally(counts)}.   serial ${escapeText(serial)}, lineage ${lineage}`, ''].join('\n');
}

/** What was created or destroyed as a whole is named, not spelled out: `show` of the file does that. */
function withoutWhole(subjects: readonly Subject[]): Subject[] {
  return subjects.map((subject) => {
    const isWhole = subject.actions.length === 1 && ['create', 'delete'].includes(subject.actions[0] ?? '');
    const isScalar = subject.values.length === 1 && subject.values[0]?.path === '';
    return isWhole && !isScalar ? { ...subject, values: [] } : subject;
  });
}

export function comparisonJson({ before, after, subjects, counts }: Comparison): string[] {
  const version = ({ serial, lineage }: ObservedState) => ({ serial, lineage });
  return [
    ...subjects.map((subject) =>
      formatJsonLine({ object: subject.resourceType === '' ? 'output' : 'resource', ...subjectJson(subject) }),
    ),
    formatJsonLine({ object: 'summary', counts: { ...counts }, before: version(before), after: version(after) }),
  ];
}

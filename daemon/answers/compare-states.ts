// Two states compared, resource instance by resource instance: what `diff` and `state diff` tell. Pure.
import type { JsonObject } from '../json/value.ts';
import type { NetAction } from '../record/data.ts';
import type { InstanceBody, ObservedOutput, ObservedState } from '../record/observation.ts';
import { diffTrees, type RedactedTree } from '../recorder/diff.ts';
import { countActions, netActions, toTree, type InstanceSpan } from '../recorder/net.ts';
import { mergeSteps } from '../store/queries-net.ts';
import { instanceKey } from '../store/states.ts';
import { subjectJson } from './change-json.ts';
import { outputSubject, type Subject } from './subject.ts';

/** State files under one knowledge, and the way to put two of their trees on equal terms before they are compared. */
export interface ObservedFiles {
  readonly states: readonly ObservedState[];
  /** Hides on either side what the other side's marks and rules hide, as the recorder does between two versions. */
  levelBodies(address: string, before: InstanceBody, after: InstanceBody): readonly [InstanceBody, InstanceBody];
  levelOutputs(before: ObservedOutput, after: ObservedOutput): readonly [ObservedOutput, ObservedOutput];
}

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

export function comparisonJson({ before, after, subjects, counts }: Comparison): readonly JsonObject[] {
  const version = ({ serial, lineage }: ObservedState) => ({ serial, lineage });
  return [
    ...subjects.map((subject) => ({
      object: subject.resourceType === '' ? 'output' : 'resource',
      ...subjectJson(subject),
    })),
    { object: 'summary', counts: { ...counts }, before: version(before), after: version(after) },
  ];
}

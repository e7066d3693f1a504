// A state as JSON: its instances and outputs, then one object about the whole. Pure.
import type { StateView } from './state-view.ts';
import type { Json, JsonObject } from '../json/value.ts';
import type { InstanceBody, ObservedState } from '../record/observation.ts';

/** Of a state in the log. */
export interface StateName {
  readonly name: string;
  readonly id: string;
}

/** A line per instance and output, then one for the state. */
export function stateJson(state: ObservedState): JsonObject[] {
  const hiddenJson = (hidden: InstanceBody['hidden']): Json => hidden.map(({ path, by }) => ({ path, by }));
  const instances = state.instances.flatMap(({ address, deposed, body }): JsonObject[] => {
    if (body === undefined) return [];
    const { type, provider, tainted, attributes, hidden } = body;
    const more = deposed === '' ? {} : { deposed };
    return [{ object: 'resource', address, ...more, type, provider, tainted, attributes, hidden: hiddenJson(hidden) }];
  });
  const outputs = state.outputs.map(({ name, sensitive, value, hidden }): JsonObject => {
    return { object: 'output', name, sensitive, value, hidden: hiddenJson(hidden) };
  });
  const { serial, lineage, toolVersion } = state;
  const counts = { instances: state.instances.length, outputs: state.outputs.length };
  return [...instances, ...outputs, { object: 'state', serial, lineage, toolVersion, ...counts }];
}

/** The lines of `show <file> --json`, the last one with what the log knows beside. */
export function viewJson(view: StateView, { name, id }: StateName): readonly JsonObject[] {
  const lines = stateJson(view.state);
  const { point, leafIndex, effectiveTime, reference, isRetired, isChanging, isWhole } = view;
  const asOf = 'ms' in point ? toTime(point.ms) : null;
  return lines.map((line, index) => {
    if (index < lines.length - 1) return line;
    const facts = { name, id, reference, asOf, number: leafIndex, time: effectiveTime, form: view.state.form };
    return { ...line, ...facts, retired: isRetired, changing: isChanging, whole: isWhole };
  });
}

/** Undefined beyond what a date can hold. */
function toTime(ms: number): string | null {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

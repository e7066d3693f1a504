// Every state of the log: what it is, whether it can be seen, how it is labelled.
import type { JsonObject } from '../json/value.ts';
import type { LabelFilter, Labels } from '../store/labels.ts';
import type { StateCondition } from '../store/queries-conditions.ts';
import type { StateOutline } from '../store/queries-states.ts';
import type { Queries } from '../store/queries.ts';

export interface ListedState extends StateOutline {
  readonly labels: Labels;
  readonly seen: StateCondition;
}

/** `filters`: labels that a state must have; undefined: all of them. */
export function listStates(queries: Queries, filters: readonly LabelFilter[] | undefined): readonly ListedState[] {
  const wanted = filters && queries.labels.statesWith(filters).ids;
  const labelOf = queries.labels.labeller();
  const conditionOf = queries.conditions();
  return queries
    .states()
    .filter(({ id }) => wanted?.has(id) ?? true)
    .map((state) => ({ ...state, labels: labelOf(state.reference), seen: conditionOf(state) }));
}

export function listedJson(state: ListedState): JsonObject {
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

// The life of one state, newest first: changes, gaps, when it was first known and when it went. With an address: what
// each change did to it, under every name that it had.
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import { PROBLEM_TYPES, type ChangeFilter } from '../store/queries-filter.ts';
import type { NetSide, NetValue } from '../store/queries-net.ts';
import type { StateOutline } from '../store/queries-states.ts';
import type { LogLine } from '../store/queries-summary.ts';
import type { Queries } from '../store/queries.ts';
import { changeJson, lineJson, subjectJson } from './change-json.ts';
import type { Knowledge } from './knowledge.ts';
import { createSelect } from './log-items.ts';
import { outputSubject, toSubject, type Subject } from './subject.ts';

export interface StateHistory {
  /** What its lines are found by. */
  readonly filter: ChangeFilter;
  /** What a line did to the address; nothing without one. */
  subjectsOf(line: LogLine): readonly Subject[];
  toJson(line: LogLine): JsonObject;
}

const LIFE_TYPES = [...PROBLEM_TYPES, 'state.baselined', 'state.retired', 'redaction.changed'];

export function openHistory(
  queries: Queries,
  state: StateOutline,
  address: string | undefined,
  knowledge: Knowledge,
): StateHistory {
  const filter: ChangeFilter = {
    among: { ids: new Set([state.id]), admits: (reference) => reference === state.reference },
    recordTypes: LIFE_TYPES,
    ...(address === undefined ? {} : { address }),
  };
  const select = createSelect(queries, filter);
  const hide = knowledge.ofState(state.id).hideAddress;
  const subjectsOf = (line: LogLine): readonly Subject[] => {
    const detail =
      line.is === 'change' && address !== undefined ? queries.readChange(line.change.leafIndex) : undefined;
    const all = detail === undefined ? [] : [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)];
    return all.flatMap((subject) => select(subject) ?? []).map((subject) => hideIn(subject, knowledge, hide));
  };
  return {
    filter,
    subjectsOf,
    toJson(line) {
      if (line.is === 'record') return lineJson(line);
      const actions = address === undefined ? {} : { actions: subjectsOf(line).map(subjectJson) };
      return { ...changeJson(line.change), ...actions };
    },
  };
}

/** An old line may show what was learned to be a secret later. */
function hideIn(subject: Subject, { covers }: Knowledge, hide: (address: string) => string): Subject {
  const side = (value: NetSide): NetSide =>
    value.is === 'shown' && holds(value.value, covers) ? { is: 'hidden', by: 'taint', kid: '', commitment: '' } : value;
  const values = subject.values.map((value): NetValue => ({
    ...value,
    before: side(value.before),
    after: side(value.after),
  }));
  const previousAddress = subject.previousAddress === '' ? '' : hide(subject.previousAddress);
  return { ...subject, name: hide(subject.name), previousAddress, values };
}

function holds(value: Json, covers: (text: string) => boolean): boolean {
  if (typeof value === 'string') return covers(value);
  if (isJsonArray(value)) return value.some((element) => holds(element, covers));
  return isJsonObject(value) && Object.entries(value).some(([key, child]) => covers(key) || holds(child, covers));
}

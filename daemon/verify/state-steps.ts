// Per state: how its versions hang together. Counts what each record claims about its own continuity, and never turns
// 'monotonic-only' into more than it is: nothing contradicts, but nothing proves that no version lies between.
import { isJsonObject, member, type JsonObject } from '../json/value.ts';
import type { GapKind, GapList } from './gaps.ts';
import type { RecordFacts } from './record-facts.ts';

/** The weakest step decides. 'unmoved': nothing but a baseline. */
export type StateClass = 'gap' | 'monotonic-only' | 'linked' | 'contiguous' | 'unmoved';

export type StepKind = 'contiguous' | 'linked' | 'monotonic-only' | 'unordered' | 'gap' | 'new-lineage' | 'other';

export interface StateSteps {
  /** `outage`: leaf index of the newest time the recorder was away. */
  add(facts: RecordFacts, outage: number | undefined): void;
  report(): StatesReport;
}

export interface StatesReport {
  readonly stateCount: number;
  readonly retiredCount: number;
  readonly byClass: Readonly<Record<StateClass, number>>;
  readonly steps: Readonly<Record<StepKind, number>>;
}

const RANK: readonly StateClass[] = ['gap', 'monotonic-only', 'linked', 'contiguous', 'unmoved'];

const STEP_OF: ReadonlyMap<string, StepKind> = new Map([
  ['contiguous', 'contiguous'],
  ['linked-by-backup', 'linked'],
  ['linked-by-plan', 'linked'],
  ['monotonic-only', 'monotonic-only'],
  ['unordered', 'unordered'],
  ['gap', 'gap'],
  ['new-lineage', 'new-lineage'],
]);

/** A serial that did not rise, or a new lineage, proves nothing about what lies between. */
const CLASS_OF: Readonly<Record<StepKind, StateClass>> = {
  contiguous: 'contiguous',
  linked: 'linked',
  'monotonic-only': 'monotonic-only',
  unordered: 'monotonic-only',
  'new-lineage': 'monotonic-only',
  other: 'monotonic-only',
  gap: 'gap',
};

interface StateFacts {
  class: StateClass;
  isRetired: boolean;
  /** A state.missed has told of the gap that the next change closes over. */
  isGapTold: boolean;
}

export function createStateSteps(gaps: GapList): StateSteps {
  const states = new Map<string, StateFacts>();
  const steps: Record<StepKind, number> = {
    contiguous: 0,
    linked: 0,
    'monotonic-only': 0,
    unordered: 0,
    gap: 0,
    'new-lineage': 0,
    other: 0,
  };
  const weaken = (state: StateFacts, found: StateClass): void => {
    if (RANK.indexOf(found) < RANK.indexOf(state.class)) state.class = found;
  };
  const addGap = (kind: GapKind, facts: RecordFacts, data: JsonObject, outage: number | undefined): void => {
    const reason = text(data, 'reason');
    const before = objectMember(data, 'before');
    const version = objectMember(data, 'version');
    gaps.add({
      kind,
      leafIndex: facts.leafIndex,
      id: facts.id,
      state: text(objectMember(data, 'state'), 'name'),
      from: '',
      to: text(data, 'effectiveTime'),
      fromSerial: text(data, 'fromSerial') || text(before, 'serial'),
      toSerial: text(data, 'toSerial') || text(version, 'serial'),
      reason,
      isImported: member(data, 'backfilled') === true,
      ...(reason === 'recorder-stopped' && outage !== undefined ? { causedAt: outage } : {}),
    });
  };
  return {
    add(facts, outage) {
      const { data, type } = facts;
      const id = text(objectMember(data, 'state'), 'id');
      if (data === undefined || id === '') return;
      const state = states.get(id) ?? { class: 'unmoved', isRetired: false, isGapTold: false };
      states.set(id, state);
      if (type.startsWith('state.')) state.isRetired = type === 'state.retired';
      if (type === 'state.missed' || type === 'state.flooded') {
        weaken(state, 'gap');
        addGap(type === 'state.missed' ? 'versions-missed' : 'flooded', facts, data, outage);
        state.isGapTold ||= text(data, 'reason') === 'not-in-store';
      } else if (type === 'state.changed' || type === 'state.unchanged') {
        const step = STEP_OF.get(text(data, 'continuity')) ?? 'other';
        steps[step] += 1;
        weaken(state, CLASS_OF[step]);
        if (step === 'gap' && !state.isGapTold) addGap('serial-gap', facts, data, outage);
        state.isGapTold = false;
      }
    },
    report() {
      const byClass = { gap: 0, 'monotonic-only': 0, linked: 0, contiguous: 0, unmoved: 0 };
      let retiredCount = 0;
      for (const state of states.values()) {
        byClass[state.class] += 1;
        if (state.isRetired) retiredCount += 1;
      }
      return { stateCount: states.size, retiredCount, byClass, steps };
    },
  };
}

function objectMember(data: JsonObject | undefined, key: string): JsonObject | undefined {
  const value = data === undefined ? undefined : member(data, key);
  return isJsonObject(value) ? value : undefined;
}

function text(data: JsonObject | undefined, key: string): string {
  const value = data === undefined ? undefined : member(data, key);
  return typeof value === 'string' ? value : '';
}

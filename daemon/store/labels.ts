// Labels of states (env, team, …): rules of the configuration, as `log.configured` repeats them, applied to the newest
// reference of each state. Derived when asked, from lines alone: the newest configuration speaks for all of history, and
// a question as of an earlier size is answered with the one that was in force then.
import { createReferenceMatcher } from '../glob.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import { parseRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import { createBlobReader, wholeData } from './queries-blob.ts';
import { objectAt } from './queries-fields.ts';
import { matchesGlob } from './queries-glob.ts';

/** Key → value. */
export type Labels = Readonly<Record<string, string>>;

/** A glob over references under `match`; every other member is a label. */
export type LabelRule = Readonly<Record<string, string>>;

/** What is asked of one label: any of the globs must fit its value; "" fits a state without it. */
export interface LabelFilter {
  readonly key: string;
  readonly values: readonly string[];
}

/** The states that a filter on labels admits. */
export interface LabelledStates {
  readonly ids: ReadonlySet<string>;
  /** For what has a reference and is no state (yet). */
  readonly admits: (reference: string) => boolean;
}

export interface LabelReader {
  /** Labels by reference, under the newest configuration (below `size`). */
  labeller(size?: number): (reference: string) => Labels;
  /** State id → its labels, of every state in the log. */
  ofStates(size?: number): ReadonlyMap<string, Labels>;
  statesWith(filters: readonly LabelFilter[], size?: number): LabelledStates;
}

const MATCH = 'match';
const MAX_RULES = 10_000;
const MAX_GLOB_UNITS = 1024;

/** The first rule that gives a label wins it. */
export function createLabeller(rules: readonly LabelRule[]): (reference: string) => Labels {
  const compiled = rules.map(({ [MATCH]: glob = '', ...labels }) => ({
    labels,
    matches: createReferenceMatcher(glob),
  }));
  return (reference) => {
    const found = compiled.filter(({ matches }) => matches(reference)).map(({ labels }) => labels);
    return Object.assign(Object.create(null) as object, ...found.reverse()) as Labels;
  };
}

/** What of a line may be rules; everything else is left out. */
export function toLabelRules(value: Json | undefined): readonly LabelRule[] {
  const rules = isJsonArray(value) ? value.filter(isJsonObject).slice(0, MAX_RULES) : [];
  return rules
    .map(
      (rule) => Object.fromEntries(Object.entries(rule).filter((entry) => typeof entry[1] === 'string')) as LabelRule,
    )
    .filter(({ [MATCH]: glob }) => glob !== undefined && glob !== '' && glob.length <= MAX_GLOB_UNITS);
}

/** "env=prod" in the output of people, sorted by key. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

export function createLabelReader(database: Sqlite): LabelReader {
  const labellerAt = (size = Number.MAX_SAFE_INTEGER): ((reference: string) => Labels) => {
    const settings = readSettings(database, size);
    return createLabeller(toLabelRules(settings?.['labels']));
  };
  const ofStates = (size = Number.MAX_SAFE_INTEGER): ReadonlyMap<string, Labels> => {
    const labelOf = labellerAt(size);
    return new Map([...readReferences(database, size)].map(([id, reference]) => [id, labelOf(reference)]));
  };
  return {
    labeller: labellerAt,
    ofStates,
    statesWith(filters, size = Number.MAX_SAFE_INTEGER) {
      const labelOf = labellerAt(size);
      const isWanted = (labels: Labels): boolean => filters.every((filter) => hasLabel(labels, filter));
      const ids = [...ofStates(size)].filter(([, labels]) => isWanted(labels)).map(([id]) => id);
      return { ids: new Set(ids), admits: (reference) => isWanted(labelOf(reference)) };
    },
  };
}

function hasLabel(labels: Labels, { key, values }: LabelFilter): boolean {
  return values.some((glob) => matchesGlob(glob, labels[key] ?? ''));
}

/** The settings that the newest `log.configured` below `size` repeats. */
export function readSettings(database: Sqlite, size = Number.MAX_SAFE_INTEGER): JsonObject | undefined {
  const line = database
    .prepare<[number], Buffer>(
      `SELECT e.line FROM record_index r JOIN entry e USING (leaf_index)
       WHERE r.type = 'log.configured' AND r.leaf_index < ? ORDER BY r.leaf_index DESC LIMIT 1`,
    )
    .pluck()
    .get(size);
  if (line === undefined || line.length === 0) return undefined;
  return objectAt(wholeData(parseRecord(line).data, createBlobReader(database)), 'settings');
}

/** State id → reference, by the newest record of each state below `size`. */
function readReferences(database: Sqlite, size: number): ReadonlyMap<string, string> {
  const rows = database
    .prepare<[number], { readonly id: string; readonly reference: string | null }>(
      `SELECT r.state_id AS id, json_extract(CAST(e.line AS TEXT), '$.data.state.reference') AS reference
       FROM (SELECT state_id, max(leaf_index) AS leaf_index FROM record_index
         WHERE state_id <> '' AND leaf_index < ? GROUP BY state_id) r
       JOIN entry e USING (leaf_index) WHERE json_valid(CAST(e.line AS TEXT))`,
    )
    .all(size);
  return new Map(rows.map(({ id, reference }) => [id, reference ?? '']));
}

// Counts of changes and of what they did, from the derived tables alone: no line is read.
import type { Sqlite } from './database.ts';
import type { LabelReader } from './labels.ts';
import {
  actionCondition,
  changeCondition,
  hasInstanceFilter,
  REAL_ACTION,
  type ChangeFilter,
} from './queries-filter.ts';
import type { FindRenames } from './queries-renames.ts';

export const COUNT_GROUPS = ['state', 'type', 'kind', 'week', 'tool-version'] as const;
export type CountGroup = (typeof COUNT_GROUPS)[number] | `label.${string}`;

export interface CountRow {
  /**
   * State name, resource type, kind, the Monday of an ISO week in UTC ("2026-06-22"), the version of the tool that wrote
   * the state, or a label's value; '' where there is none.
   */
  readonly key: string;
  readonly changes: number;
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly replace: number;
  readonly forget: number;
  readonly move: number;
  readonly import: number;
}

export interface Totals extends CountRow {
  /** Changes somebody should look at. */
  readonly problems: number;
}

export interface Counts {
  /** Totals of every change the filter admits; `path` and `actor` are not counted by: pass a filter without them. */
  totals(filter: ChangeFilter): Totals;
  /** Most changes first; weeks newest first. */
  by(group: CountGroup, filter: ChangeFilter): readonly CountRow[];
}

const GROUP_SQL: Readonly<Record<(typeof COUNT_GROUPS)[number], string>> = {
  state: 'c.state_name',
  type: "coalesce(a.resource_type, '')",
  kind: 'c.kind',
  // ISO weeks begin on Monday; SQLite's 'weekday 0' is the next Sunday or this one.
  week: "date(c.effective_ms / 1000, 'unixepoch', 'weekday 0', '-6 days')",
  'tool-version': `coalesce((SELECT json_extract(CAST(e.line AS TEXT), '$.data.version.toolVersion') FROM entry e
    WHERE e.leaf_index = c.leaf_index AND json_valid(CAST(e.line AS TEXT))), '')`,
};
const LABEL_SQL = "coalesce(l.value, '')";

/** State id → its value of one label. */
type LabelValues = ReadonlyMap<string, string>;

export function createCounts(database: Sqlite, findRenames: FindRenames, labels: LabelReader): Counts {
  const rows = (key: string, order: string, filter: ChangeFilter, values: LabelValues = new Map()): CountRow[] => {
    const renames = filter.address === undefined ? [] : findRenames(filter.address);
    const change = changeCondition(filter, renames);
    // With a filter on instances, only what happened to those is counted.
    const action = hasInstanceFilter(filter) ? actionCondition(filter, renames) : { sql: '1', parameters: [] };
    const sql = `WITH l(id, value) AS MATERIALIZED (SELECT key, value FROM json_each(?))
      SELECT ${key} AS key, count(DISTINCT c.leaf_index) AS changes, ${SUMS}
      FROM change_index c LEFT JOIN change_action a ON a.leaf_index = c.leaf_index AND ${REAL_ACTION} AND ${action.sql}
      ${key === LABEL_SQL ? 'LEFT JOIN l ON l.id = c.state_id' : ''}
      WHERE ${change.sql} GROUP BY 1 ORDER BY ${order}`;
    const valuesJson = JSON.stringify(Object.fromEntries(values));
    return database.prepare<unknown[], CountRow>(sql).all(valuesJson, ...action.parameters, ...change.parameters);
  };
  const byLabel = (key: string, filter: ChangeFilter): CountRow[] => {
    const values = [...labels.ofStates(filter.atSize)].map(([id, { [key]: value = '' }]) => [id, value] as const);
    return rows(LABEL_SQL, 'changes DESC, key', filter, new Map(values));
  };
  return {
    totals(filter) {
      const all = rows("''", '1', filter)[0] ?? NOTHING;
      const problems = rows("''", '1', { ...filter, problemsOnly: true })[0]?.changes ?? 0;
      return { ...all, problems };
    },
    by(group, filter) {
      if (isLabelGroup(group)) return byLabel(group.slice('label.'.length), filter);
      return rows(GROUP_SQL[group], group === 'week' ? 'key DESC' : 'changes DESC, key', filter);
    },
  };
}

function isLabelGroup(group: CountGroup): group is `label.${string}` {
  return group.startsWith('label.');
}

const NOTHING: CountRow = {
  key: '',
  changes: 0,
  create: 0,
  update: 0,
  delete: 0,
  replace: 0,
  forget: 0,
  move: 0,
  import: 0,
};

/** The same precedence as the counts of a state.changed: a replacement is neither a create nor a delete. */
const SUMS = (() => {
  const has = (word: string): string => `instr(a.actions, ',${word},') > 0`;
  const sum = (condition: string, name: string): string => `coalesce(sum(${condition}), 0) AS "${name}"`;
  return [
    sum(`${has('create')} AND NOT ${has('delete')}`, 'create'),
    sum(has('update'), 'update'),
    sum(`${has('delete')} AND NOT ${has('create')}`, 'delete'),
    sum(`${has('create')} AND ${has('delete')}`, 'replace'),
    sum(has('forget'), 'forget'),
    sum(has('move'), 'move'),
    sum(has('import'), 'import'),
  ].join(', ');
})();

// What can be asked of the log, and the SQL it becomes. Every value is a bound parameter.
import { PROBLEM_VERDICTS } from '../record/verdict-data.ts';
import type { ChangeKind } from '../record/data.ts';
import type { NoteClass } from '../record/note-data.ts';
import type { LabelFilter, LabelledStates } from './labels.ts';
import { joinParts, oneOf, type SqlPart } from './sql-part.ts';
import { MOVED_AWAY } from './query-index.ts';

/** Terraform's words for what happens to one instance; 'replace' is a delete and a create. */
export const ACTION_NAMES = [
  'create',
  'update',
  'delete',
  'replace',
  'forget',
  'move',
  'import',
  'taint',
  'untaint',
] as const;
export type ActionName = (typeof ACTION_NAMES)[number];

export const CHANGE_KINDS: readonly ChangeKind[] = [
  'apply',
  'destroy',
  'refresh',
  'import',
  'manual',
  'rollback',
  'rewritten',
  'replaced',
  'migrated',
  'retired',
  'failed',
  'unknown',
];

/** Changes that somebody should look at; the other reason is continuity 'gap'. */
export const PROBLEM_KINDS: ReadonlySet<string> = new Set<ChangeKind>([
  'failed',
  'unknown',
  'manual',
  'rollback',
  'rewritten',
  'replaced',
]);

/** Records without a change of their own that somebody should look at. */
export const PROBLEM_TYPES: ReadonlySet<string> = new Set([
  'state.missed',
  'state.unreadable',
  'state.flooded',
  'lock.abandoned',
  'spool.overflowed',
  'spool.rejected',
  // Where it tells of a state that nobody watches or that nobody can look at, and the one before it did not.
  'source.inventoried',
]);

/** Two vantages of one version that do not agree. */
export const PROBLEM_CONTENTS: readonly string[] = ['different', 'unseen'];

/** All members narrow; an absent one asks nothing. Times are milliseconds since the epoch, `since` included. */
export interface ChangeFilter {
  /** Globs (`*`, `?`) over a state's name then and now, and over its reference. */
  readonly state?: string;
  /** Labels that a state must have, all of them. */
  readonly labels?: readonly LabelFilter[];
  /** Which states `labels` stand for, or which ones are asked for at all: what the store filters by. */
  readonly among?: LabelledStates;
  /** Glob over instance addresses; without an index or wildcard it means every instance, as `-target` does. */
  readonly address?: string;
  /** RFC 6901 pointer: changes that touch this value or one below it. */
  readonly path?: string;
  /** Glob over resource types. */
  readonly resourceType?: string;
  readonly actions?: readonly ActionName[];
  readonly kinds?: readonly string[];
  /** Glob over the persons and accounts that a change's claims name, with and without their kind: `uid:1001`, `alice`. */
  readonly actor?: string;
  /** Id of a run, or how it begins. */
  readonly run?: string;
  /** Only changes that name no actor, or that no run is tied to. */
  readonly without?: readonly ('actor' | 'run')[];
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly recordedSinceMs?: number;
  readonly problemsOnly?: boolean;
  /** Newest verdicts that a change may have. */
  readonly verdicts?: readonly string[];
  /** Without those that a note explains. */
  readonly isUnexplained?: boolean;
  /** Changes with a note of this class, or with a ticket that fits this glob. */
  readonly noteClass?: NoteClass;
  readonly ticket?: string;
  /** Records listed beside changes, whatever else is asked of the changes; default: the problem types. */
  readonly recordTypes?: readonly string[];
  /** Answer as of this tree size: later leaves do not count. */
  readonly atSize?: number;
  /** Only leaves from this index on. */
  readonly fromLeaf?: number;
}

/** An address in one state: a literal address with the names it had before and after its moves. */
export interface AddressInState {
  readonly stateId: string;
  readonly address: string;
}

/** Conditions over `change_index AS c`; `renames` are further names of a literal address. */
export function changeCondition(filter: ChangeFilter, renames: readonly AddressInState[]): SqlPart {
  return joinParts(' AND ', [
    ...timeParts('c', filter),
    ...(filter.state === undefined ? [] : [stateCondition(filter.state)]),
    ...(filter.among === undefined ? [] : [amongCondition(filter.among)]),
    ...(filter.kinds === undefined ? [] : [oneOf('c.kind', filter.kinds)]),
    ...(filter.problemsOnly === true ? [problemCondition(filter)] : []),
    ...(filter.verdicts === undefined ? [] : [verdictCondition(filter.verdicts, filter)]),
    ...noteParts('c', filter),
    ...(hasInstanceFilter(filter) ? [instanceCondition(filter, renames)] : []),
  ]);
}

/** Conditions over `record_index AS r` for problem records; the state is left to the reader of the line. */
export function problemRecordCondition(filter: ChangeFilter): SqlPart {
  const { recordTypes } = filter;
  if (recordTypes !== undefined) return joinParts(' AND ', [oneOf('r.type', recordTypes), ...timeParts('r', filter)]);
  const contents = oneOf('l.content', PROBLEM_CONTENTS);
  const mismatch: SqlPart = {
    sql: `(r.type = 'change.linked' AND EXISTS (
      SELECT 1 FROM link_index l WHERE l.leaf_index = r.leaf_index AND ${contents.sql}))`,
    parameters: contents.parameters,
  };
  const failedRun: SqlPart = {
    sql: `(r.type = 'run.finished' AND EXISTS (
      SELECT 1 FROM run_index u WHERE u.leaf_index = r.leaf_index AND u.type <> 'run.finished'))`,
    parameters: [],
  };
  const isProblem = joinParts(' OR ', [oneOf('r.type', [...PROBLEM_TYPES]), mismatch, failedRun]);
  return joinParts(' AND ', [isProblem, ...timeParts('r', filter), ...noteParts('r', filter)]);
}

/** True when the filter can only be met by a change: then problem records do not belong in the answer. */
export function asksForChangesOnly(filter: ChangeFilter): boolean {
  const { path, kinds, actor, run, without, recordTypes, noteClass, ticket, verdicts } = filter;
  if (recordTypes !== undefined) return false;
  return (
    hasInstanceFilter(filter) ||
    [path, kinds, actor, run, without, noteClass, ticket, verdicts].some((asked) => asked !== undefined)
  );
}

export function hasInstanceFilter({ address, resourceType, actions }: ChangeFilter): boolean {
  return address !== undefined || resourceType !== undefined || actions !== undefined;
}

/** A user's glob as SQLite's GLOB reads it: `*` and `?` only, case counts, `[` is a character. */
export function toSqlGlob(glob: string): string {
  return glob.replaceAll('[', '[[]');
}

/** Conditions on one row of `change_action AS a`: every part must hold for the same instance. */
export function actionCondition(filter: ChangeFilter, renames: readonly AddressInState[]): SqlPart {
  const { address, resourceType, actions } = filter;
  return joinParts(' AND ', [
    ...(address === undefined ? [] : [addressCondition('a.address', address, renames)]),
    ...(resourceType === undefined ? [] : [{ sql: 'a.resource_type GLOB ?', parameters: [toSqlGlob(resourceType)] }]),
    ...(actions === undefined ? [] : [joinParts(' OR ', actions.map(actionPart))]),
  ]);
}

function instanceCondition(filter: ChangeFilter, renames: readonly AddressInState[]): SqlPart {
  const action = actionCondition(filter, renames);
  const byAction = `EXISTS (SELECT 1 FROM change_action a WHERE a.leaf_index = c.leaf_index AND ${action.sql})`;
  const { address } = filter;
  if (address === undefined || filter.resourceType !== undefined || filter.actions !== undefined) {
    return { sql: byAction, parameters: action.parameters };
  }
  // Outputs are steps without a net action: they are found by the records of the change.
  const output = addressCondition('o.address', address, []);
  const byOutput = `EXISTS (SELECT 1 FROM record_index o
    WHERE o.change_id = c.id AND o.change_id <> '' AND o.type = 'output.changed' AND ${output.sql})`;
  return { sql: `(${byAction} OR ${byOutput})`, parameters: [...action.parameters, ...output.parameters] };
}

function addressCondition(column: string, address: string, renames: readonly AddressInState[]): SqlPart {
  const glob = toSqlGlob(address);
  const own: SqlPart = {
    sql: `(${column} GLOB ? OR ${column} GLOB ? OR ${column} GLOB ?)`,
    parameters: [glob, `${glob}[[]*`, `${glob}.*`],
  };
  const others = renames.map((rename) => ({
    sql: `(${column} = ? AND c.state_id = ?)`,
    parameters: [rename.address, rename.stateId],
  }));
  return joinParts(' OR ', [own, ...others]);
}

function actionPart(action: ActionName): SqlPart {
  const has = (word: string): string => `instr(a.actions, ',${word},') > 0`;
  if (action === 'replace') return { sql: `(${has('create')} AND ${has('delete')})`, parameters: [] };
  if (action === 'create') return { sql: `(${has('create')} AND NOT ${has('delete')})`, parameters: [] };
  if (action === 'delete') return { sql: `(${has('delete')} AND NOT ${has('create')})`, parameters: [] };
  return { sql: has(action), parameters: [] };
}

function stateCondition(state: string): SqlPart {
  const glob = toSqlGlob(state);
  return {
    sql: `(c.state_name GLOB ? OR c.reference GLOB ?
      OR c.state_id IN (SELECT s.id FROM state s WHERE s.name GLOB ? OR s.uri GLOB ?))`,
    parameters: [glob, glob, glob, glob],
  };
}

function amongCondition({ ids }: LabelledStates): SqlPart {
  return { sql: 'c.state_id IN (SELECT value FROM json_each(?))', parameters: [JSON.stringify([...ids])] };
}

function problemCondition(filter: ChangeFilter): SqlPart {
  const isOdd = joinParts(' OR ', [
    oneOf('c.kind', [...PROBLEM_KINDS]),
    { sql: "c.continuity = 'gap'", parameters: [] },
    verdictCondition([...PROBLEM_VERDICTS], filter),
  ]);
  // History from before the recorder watched is no news to look at.
  const isImported = `EXISTS (SELECT 1 FROM entry e WHERE e.leaf_index = c.leaf_index
    AND json_valid(CAST(e.line AS TEXT)) AND json_extract(CAST(e.line AS TEXT), '$.data.backfilled'))`;
  return joinParts(' AND ', [isOdd, { sql: `NOT ${isImported}`, parameters: [] }]);
}

/** The newest judgement of a change counts. */
function verdictCondition(verdicts: readonly string[], { atSize }: ChangeFilter): SqlPart {
  const newest = `(SELECT v.verdict FROM verdict_index v WHERE v.change_id = c.id
    ${atSize === undefined ? '' : 'AND v.leaf_index < ?'} ORDER BY v.leaf_index DESC LIMIT 1)`;
  const { sql, parameters } = oneOf(newest, verdicts);
  return { sql, parameters: [...(atSize === undefined ? [] : [atSize]), ...parameters] };
}

/** Notes are few: each question reads them once. A target is a leaf index; a note about a step counts for its change. */
function noteParts(table: 'c' | 'r', { isUnexplained, noteClass, ticket, atSize }: ChangeFilter): SqlPart[] {
  const among = (conditions: readonly SqlPart[]): SqlPart => {
    const { sql, parameters } = joinParts(' AND ', [
      { sql: "n.type = 'change.noted'", parameters: [] },
      ...(atSize === undefined ? [] : [{ sql: 'n.leaf_index < ?', parameters: [atSize] }]),
      ...conditions,
    ]);
    const from = `FROM record_index n JOIN entry e USING (leaf_index) WHERE json_valid(CAST(e.line AS TEXT)) AND ${sql}`;
    const target = `${table}.leaf_index IN (SELECT json_extract(CAST(e.line AS TEXT), '$.data.target') ${from})`;
    const change = `c.id IN (SELECT n.change_id ${from})`;
    return table === 'r'
      ? { sql: target, parameters }
      : { sql: `(${target} OR ${change})`, parameters: [...parameters, ...parameters] };
  };
  const has = (name: string, operator: '=' | 'GLOB', value: string): SqlPart => ({
    sql: `json_extract(CAST(e.line AS TEXT), '$.data.${name}') ${operator} ?`,
    parameters: [value],
  });
  const any = among([]);
  return [
    ...(isUnexplained === true ? [{ sql: `NOT ${any.sql}`, parameters: any.parameters }] : []),
    ...(noteClass === undefined ? [] : [among([has('class', '=', noteClass)])]),
    ...(ticket === undefined ? [] : [among([has('ticket', 'GLOB', ticket)])]),
  ];
}

function timeParts(table: 'c' | 'r', filter: ChangeFilter): SqlPart[] {
  const parts: SqlPart[] = [];
  const add = (sql: string, value: number | undefined): void => {
    if (value !== undefined) parts.push({ sql, parameters: [value] });
  };
  add(`${table}.effective_ms >= ?`, filter.sinceMs);
  add(`${table}.effective_ms < ?`, filter.untilMs);
  add(
    table === 'r'
      ? 'r.recorded_ms >= ?'
      : 'EXISTS (SELECT 1 FROM record_index t WHERE t.leaf_index = c.leaf_index AND t.recorded_ms >= ?)',
    filter.recordedSinceMs,
  );
  add(`${table}.leaf_index < ?`, filter.atSize);
  add(`${table}.leaf_index >= ?`, filter.fromLeaf);
  return parts;
}

/** Where moved instances came from: rows of `change_action` that only help to find them. */
export const REAL_ACTION = `a.actions <> '${MOVED_AWAY}'`;

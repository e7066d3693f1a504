// Lists of changes and of problem records, newest first by effective time, read page by page.
import type { JsonObject } from '../json/value.ts';
import { actorReferences } from '../record/actors.ts';
import type { Sqlite } from './database.ts';
import type { ChangeReader, NetChange } from './queries-change.ts';
import {
  asksForChangesOnly,
  changeCondition,
  problemRecordCondition,
  type AddressInState,
  type ChangeFilter,
} from './queries-filter.ts';
import type { SqlPart } from './sql-part.ts';
import { matchesAddress, matchesGlob } from './queries-glob.ts';
import { createAddLinks } from './queries-links.ts';
import type { InventoryNews } from './inventory.ts';
import type { InventoryReader } from './queries-inventory.ts';
import type { NetValue } from './queries-net.ts';
import type { ReadRecord } from './queries-read.ts';
import type { FindRenames } from './queries-renames.ts';
import { toChangeSummary, toIdentity, type ChangeSummary, type LogLine } from './queries-summary.ts';

/** Where the next page goes on: the last line of the one before. */
export interface PagePosition {
  readonly effectiveMs: number;
  readonly leafIndex: number;
}

export interface Page {
  readonly limit: number;
  readonly before?: PagePosition;
}

export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Where each line stands. */
  readonly positions: readonly PagePosition[];
  /** Undefined when there is nothing older. */
  readonly next: PagePosition | undefined;
}

export interface Lists {
  /** Changes, and problem records where the filter does not ask for what only a change has. */
  findLog(filter: ChangeFilter, page: Page): LogPage;
  /** The same without problem records. */
  findChangeLog(filter: ChangeFilter, page: Page): LogPage;
  findChanges(filter: ChangeFilter, page: Page): readonly ChangeSummary[];
  /** Records of `recordTypes` alone. */
  findRecords(filter: ChangeFilter, page: Page): LogPage;
  /** How many problem records findLog would list beside the changes. */
  countProblemRecords(filter: ChangeFilter): number;
}

interface Row {
  readonly leafIndex: number;
  readonly effectiveMs: number;
}

/** One table of candidates; its alias is its first letter, as the conditions expect. */
interface Arm {
  readonly table: 'change_index' | 'record_index';
  readonly condition: SqlPart;
}

export interface ListParts {
  readonly changes: ChangeReader;
  readonly findRenames: FindRenames;
  readonly inventory: InventoryReader;
}

const SCAN_ROWS = 256;
const BEYOND_ALL: PagePosition = { effectiveMs: Number.MAX_SAFE_INTEGER, leafIndex: Number.MAX_SAFE_INTEGER };

export function createLists(
  database: Sqlite,
  readRecord: ReadRecord,
  { changes, findRenames, inventory }: ListParts,
): Lists {
  const addLinks = createAddLinks(database, readRecord);
  const scan = function* (arms: readonly Arm[], from: PagePosition): Generator<Row> {
    const statement = database.prepare<unknown[], Row>(scanSql(arms));
    for (let position: PagePosition | undefined = from; position !== undefined;) {
      const { effectiveMs, leafIndex }: PagePosition = position;
      const parameters = arms.flatMap(({ condition }) => [...condition.parameters, effectiveMs, leafIndex]);
      const rows: readonly Row[] = statement.all(...parameters);
      yield* rows;
      position = rows.length < SCAN_ROWS ? undefined : rows.at(-1);
    }
  };

  const toLine = (row: Row, filter: ChangeFilter, renames: readonly AddressInState[]): LogLine | undefined => {
    const stored = readRecord(row.leafIndex);
    if (stored === undefined) return undefined;
    // History from before the recorder watched is no news to look at.
    if (filter.problemsOnly === true && stored.record.data['backfilled'] === true) return undefined;
    if (stored.record.type === 'source.inventoried') {
      const news = filterNews(inventory.news(row.leafIndex), filter);
      return news.backends.length + news.unseen.length === 0 ? undefined : { is: 'record', stored, news };
    }
    if (stored.record.type !== 'state.changed') {
      return isOfState(stored.record.data, filter) ? { is: 'record', stored } : undefined;
    }
    const change = addLinks(toChangeSummary(row.leafIndex, stored.record), filter.atSize);
    const isWanted =
      hasActor(change, filter) && isOfRun(change, filter) && touchesPath(changes, change, filter, renames);
    return isWanted ? { is: 'change', change } : undefined;
  };

  const find = (filter: ChangeFilter, page: Page, tables: readonly Arm['table'][]): LogPage => {
    const renames = filter.address === undefined ? [] : findRenames(filter.address);
    const arms = tables.map((table): Arm => {
      const condition = table === 'change_index' ? changeCondition(filter, renames) : problemRecordCondition(filter);
      return { table, condition };
    });
    const lines: LogLine[] = [];
    const positions: Row[] = [];
    let last: Row | undefined;
    for (const row of scan(arms, page.before ?? BEYOND_ALL)) {
      if (lines.length === page.limit) return { lines, positions, next: last };
      const line = toLine(row, filter, renames);
      if (line !== undefined) {
        lines.push(line);
        positions.push(row);
      }
      last = row;
    }
    return { lines, positions, next: undefined };
  };

  return {
    findLog: (filter, page) =>
      find(filter, page, asksForChangesOnly(filter) ? ['change_index'] : ['change_index', 'record_index']),
    findChangeLog: (filter, page) => find(filter, page, ['change_index']),
    findRecords: (filter, page) => find(filter, page, ['record_index']),
    findChanges: (filter, page) =>
      find(filter, page, ['change_index']).lines.flatMap((line) => (line.is === 'change' ? [line.change] : [])),
    countProblemRecords(filter) {
      if (asksForChangesOnly(filter)) return 0;
      const { sql, parameters } = problemRecordCondition(filter);
      const rows = database
        .prepare<unknown[], number>(`SELECT r.leaf_index FROM record_index r WHERE ${sql}`)
        .pluck()
        .all(...parameters);
      return rows.filter((leafIndex) => toLine({ leafIndex, effectiveMs: 0 }, filter, []) !== undefined).length;
    },
  };
}

/** Each table is ordered and cut on its own, so that its index on time gives a page without sorting all of it. */
function scanSql(arms: readonly Arm[]): string {
  const order = `ORDER BY effectiveMs DESC, leafIndex DESC LIMIT ${SCAN_ROWS}`;
  const selects = arms.map(({ table, condition }) => {
    const alias = table === 'change_index' ? 'c' : 'r';
    return `SELECT * FROM (
      SELECT ${alias}.leaf_index AS leafIndex, ${alias}.effective_ms AS effectiveMs FROM ${table} ${alias}
      WHERE ${condition.sql} AND (${alias}.effective_ms, ${alias}.leaf_index) < (?, ?) ${order})`;
  });
  return `${selects.join(' UNION ALL ')} ${order}`;
}

function isOfState(data: JsonObject, { state: glob, among }: ChangeFilter): boolean {
  const { id, name, reference } = toIdentity(data);
  if (among !== undefined && !(id === '' ? among.admits(reference) : among.ids.has(id))) return false;
  return glob === undefined || matchesGlob(glob, name) || matchesGlob(glob, reference);
}

function filterNews({ backends, unseen }: InventoryNews, filter: ChangeFilter): InventoryNews {
  const isWanted = ({ reference }: { readonly reference: string }): boolean => isOfState({ reference }, filter);
  return { backends: backends.filter(isWanted), unseen: unseen.filter(isWanted) };
}

function hasActor({ claims }: ChangeSummary, { actor, without = [] }: ChangeFilter): boolean {
  const references = actorReferences(claims);
  if (without.includes('actor') && references.length > 0) return false;
  if (actor === undefined) return true;
  return references.some(
    (reference) => matchesGlob(actor, reference) || matchesGlob(actor, reference.slice(reference.indexOf(':') + 1)),
  );
}

function isOfRun(change: ChangeSummary, { run, without = [] }: ChangeFilter): boolean {
  if (without.includes('run') && change.runs.length > 0) return false;
  return run === undefined || change.runs.some(({ id }) => id.startsWith(run));
}

function touchesPath(
  changes: ChangeReader,
  { leafIndex }: ChangeSummary,
  filter: ChangeFilter,
  renames: readonly AddressInState[],
): boolean {
  const { path, address } = filter;
  if (path === undefined) return true;
  const detail = changes.read(leafIndex, filter.atSize);
  if (detail === undefined) return false;
  const isAddressed = (name: string): boolean =>
    address === undefined || matchesAddress(address, name) || renames.some((rename) => rename.address === name);
  const isWanted = (change: NetChange): boolean => isAddressed(change.address) || isAddressed(change.previousAddress);
  return [
    ...detail.actions.filter(isWanted),
    ...detail.outputs.filter((output) => isAddressed(`output.${output.name}`)),
  ].some(({ values }) => values.some((value) => isTouched(value, path)));
}

/** At the path, below it, or a hidden value above it that may hold it. */
export function isTouched({ path, before, after }: NetValue, asked: string): boolean {
  if (path === asked || path.startsWith(`${asked}/`)) return true;
  const isHidden = before.is === 'hidden' || after.is === 'hidden';
  return isHidden && asked.startsWith(`${path}/`);
}

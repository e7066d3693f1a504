// Every question the command line and the API ask of a log, in one place; read-only. Answers come from the lines and
// from the derived tables that only point into them.
import type { Batches } from './batches.ts';
import type { Sqlite } from './database.ts';
import type { StreamResource } from '../record/run-data.ts';
import { createBlobReader } from './queries-blob.ts';
import { readRunResources } from './run-end.ts';
import { createChangeReader, type ChangeDetail } from './queries-change.ts';
import { createCounts, type Counts } from './queries-count.ts';
import { createConditions, type StateCondition } from './queries-conditions.ts';
import { createFindEvidence, type Evidence } from './queries-evidence.ts';
import { createLabelReader, type LabelReader, type LabelledStates } from './labels.ts';
import type { AddressInState, ChangeFilter } from './queries-filter.ts';
import { createInventoryReader, type InventoryReader } from './queries-inventory.ts';
import { createLists, type Lists } from './queries-list.ts';
import { plannedChanges, plannedOutputs, type RecordedChange } from './queries-plan.ts';
import { createRecordReader } from './queries-read.ts';
import { createFindRenames } from './queries-renames.ts';
import { readStates, type StateOutline } from './queries-states.ts';
import type { StoredRecord } from './queries-summary.ts';

export interface Queries extends Lists {
  readonly counts: Counts;
  /** One change with its net values; undefined unless the leaf is a state.changed. */
  readChange(leafIndex: number, size?: number): ChangeDetail | undefined;
  /** A record by leaf index or by id. */
  readRecord(key: number | string): StoredRecord | undefined;
  /** What a run.finished tells per operation; undefined when it is no longer here. */
  runResources(stored: StoredRecord): readonly StreamResource[] | undefined;
  /** What a plan.recorded would change; outputs come last. */
  plannedChanges(stored: StoredRecord): readonly RecordedChange[];
  evidence(leafIndex: number): Evidence;
  /** What a literal address was called before and after its moves, state by state. */
  otherNames(address: string): readonly AddressInState[];
  states(): readonly StateOutline[];
  /** Whether each of them can be seen. */
  conditions(): (state: StateOutline) => StateCondition;
  readonly inventory: InventoryReader;
  readonly labels: LabelReader;
  /** Number of leaves: the next leaf gets this index. */
  size(): number;
  /** Runs `work` on one unchanging view of the log: pages and counts that belong together agree. */
  atOneMoment<T>(work: () => T): T;
}

export function createQueries(database: Sqlite, batches: Batches): Queries {
  const records = createRecordReader(database);
  const changes = createChangeReader(database, records.byIndex);
  const blobs = createBlobReader(database);
  const findRenames = createFindRenames(database, records.byIndex);
  const labels = createLabelReader(database);
  const withStates = createWithStates(labels, () => records.size());
  const inventory = createInventoryReader(database, records.byIndex);
  const lists = createLists(database, records.byIndex, { changes, findRenames, inventory });
  const counts = createCounts(database, findRenames, labels);
  return {
    findLog: (filter, page) => lists.findLog(withStates(filter), page),
    findChangeLog: (filter, page) => lists.findChangeLog(withStates(filter), page),
    findChanges: (filter, page) => lists.findChanges(withStates(filter), page),
    findRecords: (filter, page) => lists.findRecords(withStates(filter), page),
    countProblemRecords: (filter) => lists.countProblemRecords(withStates(filter)),
    counts: {
      totals: (filter) => counts.totals(withStates(filter)),
      by: (group, filter) => counts.by(group, withStates(filter)),
    },
    labels,
    readChange: (leafIndex, size) => changes.read(leafIndex, size),
    readRecord: (key) => (typeof key === 'number' ? records.byIndex(key) : records.byId(key)),
    runResources: ({ record }) => readRunResources(record.data, blobs),
    plannedChanges: (stored) => [...plannedChanges(stored, records.byIndex, blobs), ...plannedOutputs(stored, blobs)],
    otherNames: findRenames,
    evidence: createFindEvidence(database, batches, records.byIndex),
    states: () => readStates(database),
    conditions: () => createConditions(database, records.byIndex, inventory.newest()),
    inventory,
    size: () => records.size(),
    atOneMoment: <T>(work: () => T): T => database.transaction(work).deferred(),
  };
}

/** Names the states that the labels of a filter stand for; asked again only when the log has grown. */
function createWithStates(labels: LabelReader, size: () => number): (filter: ChangeFilter) => ChangeFilter {
  let last: { readonly labels: object; readonly key: string; readonly among: LabelledStates } | undefined;
  return (filter) => {
    if (filter.labels === undefined) return filter;
    const key = `${filter.atSize ?? ''}:${size()}`;
    if (last?.labels !== filter.labels || last.key !== key) {
      last = { labels: filter.labels, key, among: labels.statesWith(filter.labels, filter.atSize) };
    }
    return { ...filter, among: filter.among === undefined ? last.among : intersect(filter.among, last.among) };
  };
}

function intersect(a: LabelledStates, b: LabelledStates): LabelledStates {
  return {
    ids: new Set([...a.ids].filter((id) => b.ids.has(id))),
    admits: (reference) => a.admits(reference) && b.admits(reference),
  };
}

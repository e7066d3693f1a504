// Keeps the derived tables in step with the lines: what a query filters by, nothing that a line does not hold.
// A crash leaves what the caller's transaction leaves; the tables can always be made again with `rebuild`.
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import { parseRecord, type ParsedRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import type { Entries } from './entries.ts';
import { createBlobReader, type BlobReader } from './queries-blob.ts';
import { objectAt, textAt, timeMs } from './queries-fields.ts';
import { createRunIndex } from './query-index-runs.ts';
import { DERIVED_SCHEMA, DERIVED_TABLES } from './schema.ts';

/** `change_action.actions` of the address an instance moved away from; never an action of a record. */
export const MOVED_AWAY = ',moved-away,';

export interface QueryIndex {
  /**
   * Indexes one appended record, already parsed. Runs inside the caller's transaction, after the record's blobs
   * were stored. Throws what SQLite throws.
   */
  add(leafIndex: number, record: ParsedRecord): void;
  /** Drops the derived tables and fills them from the lines, in one transaction. Throws ParseError on a broken line. */
  rebuild(entries: Entries): void;
}

const REBUILD_PAGE = 1000;

export function createQueryIndex(database: Sqlite): QueryIndex {
  const writer = createWriter(database);
  const blobs = createBlobReader(database);
  const addRun = createRunIndex(database);
  const add = (leafIndex: number, record: ParsedRecord): void => {
    addRecord(writer, leafIndex, record);
    if (record.type === 'state.changed') addChange(writer, blobs, leafIndex, record);
    addRun(leafIndex, record);
  };
  const refill = (entries: Entries): void => {
    for (const table of DERIVED_TABLES) database.exec(`DROP TABLE IF EXISTS ${table}`);
    database.exec(DERIVED_SCHEMA);
    // In pages: a connection cannot write while one of its own reads is still open.
    for (let from = 0; from < entries.size(); from += REBUILD_PAGE) {
      const page = [...entries.range(from, from + REBUILD_PAGE)];
      for (const { leafIndex, line } of page) if (line.length > 0) add(leafIndex, parseRecord(line));
    }
  };
  return { add, rebuild: (entries) => database.transaction(refill).immediate(entries) };
}

/** The address a step stands under: outputs as `output.<name>`, as Terraform names them in plans. */
export function stepAddress(record: ParsedRecord): string {
  const output = textAt(record.data, 'output');
  return output === '' ? textAt(record.data, 'address') : `output.${output}`;
}

/** Net actions of a state.changed, from the line or from its blob. Members that are no objects are left out. */
export function netActionsOf(data: JsonObject, blobs: BlobReader): readonly JsonObject[] {
  const net = objectAt(data, 'net');
  const actions = net === undefined ? data['actions'] : blobs.json(textAt(net, 'sha256'));
  return isJsonArray(actions) ? actions.filter(isJsonObject) : [];
}

/** ",delete,create,": commas on both sides, so that a whole word can be looked for. */
export function formatActions(actions: Json | undefined): string {
  const words = isJsonArray(actions) ? actions.filter((action) => typeof action === 'string') : [];
  return `,${words.join(',')},`;
}

interface Writer {
  record(row: readonly (string | number)[]): void;
  change(row: readonly (string | number)[]): void;
  action(row: readonly (string | number)[]): void;
}

function createWriter(database: Sqlite): Writer {
  const record = database.prepare('INSERT INTO record_index VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const change = database.prepare('INSERT INTO change_index VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const action = database.prepare('INSERT INTO change_action VALUES (?, ?, ?, ?, ?)');
  return {
    record: (row) => void record.run(...row),
    change: (row) => void change.run(...row),
    action: (row) => void action.run(...row),
  };
}

function addRecord(writer: Writer, leafIndex: number, record: ParsedRecord): void {
  const { id, type, data } = record;
  const changeId = type === 'state.changed' ? id : textAt(data, 'change');
  const recordedMs = timeMs(record.time, 0);
  const effectiveMs = timeMs(textAt(data, 'effectiveTime'), recordedMs);
  const stateId = textAt(data, 'state', 'id');
  writer.record([leafIndex, id, type, stateId, stepAddress(record), changeId, effectiveMs, recordedMs]);
}

function addChange(writer: Writer, blobs: BlobReader, leafIndex: number, record: ParsedRecord): void {
  const { id, data } = record;
  const state = objectAt(data, 'state') ?? {};
  writer.change([
    leafIndex,
    id,
    textAt(state, 'id'),
    textAt(state, 'name'),
    textAt(state, 'reference'),
    textAt(data, 'kind'),
    textAt(data, 'continuity'),
    timeMs(textAt(data, 'effectiveTime'), timeMs(record.time, 0)),
  ]);
  let position = 0;
  for (const net of netActionsOf(data, blobs)) {
    const type = textAt(net, 'resourceType');
    writer.action([leafIndex, position++, textAt(net, 'address'), type, formatActions(net['actions'])]);
    const origin = textAt(net, 'previousAddress');
    if (origin !== '') writer.action([leafIndex, position++, origin, type, MOVED_AWAY]);
  }
}

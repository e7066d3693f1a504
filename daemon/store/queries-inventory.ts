// What the sources found, by their records alone: the newest inventory of each source in the recorder's last run, and
// what one tells that the one before it did not. Tolerant of what a line lacks.
import type { JsonObject } from '../json/value.ts';
import { isJsonObject } from '../json/value.ts';
import type { UnseenState } from '../record/inventory.ts';
import type { ParsedRecord } from '../record/record.ts';
import type { Sqlite } from './database.ts';
import type { InventoryNews, ListedState, SourceInventory } from './inventory.ts';
import { createBlobReader, wholeData, type BlobReader } from './queries-blob.ts';
import { numberAt, objectAt, objectsAt, textAt } from './queries-fields.ts';
import type { ReadRecord } from './queries-read.ts';

export interface InventoryReader {
  /** By source, in order of their names. */
  newest(): readonly SourceInventory[];
  news(leafIndex: number): InventoryNews;
}

export function createInventoryReader(database: Sqlite, readRecord: ReadRecord): InventoryReader {
  const blobs = createBlobReader(database);
  const before = database
    .prepare<[number], number>(
      "SELECT leaf_index FROM record_index WHERE type = 'source.inventoried' AND leaf_index < ? ORDER BY leaf_index DESC",
    )
    .pluck();
  const lastStart = database
    .prepare<[], number | null>("SELECT max(leaf_index) FROM record_index WHERE type = 'log.started'")
    .pluck();
  const read = (leafIndex: number): SourceInventory | undefined => {
    const stored = readRecord(leafIndex);
    return stored === undefined ? undefined : toInventory(leafIndex, stored.record, blobs);
  };
  const previousOf = ({ leafIndex, source }: SourceInventory): SourceInventory | undefined => {
    for (const index of before.iterate(leafIndex)) {
      const record = readRecord(index)?.record;
      if (record !== undefined && sourceOf(record.data) === source) return toInventory(index, record, blobs);
    }
    return undefined;
  };
  return {
    newest() {
      const found = new Map<string, SourceInventory>();
      const start = lastStart.get() ?? -1;
      // A run that ended before it had looked says nothing of its own: then the run before it speaks.
      for (const index of before.all(Number.MAX_SAFE_INTEGER)) {
        if (index < start && found.size > 0) break;
        const record = readRecord(index)?.record;
        if (record === undefined || found.has(sourceOf(record.data))) continue;
        found.set(sourceOf(record.data), toInventory(index, record, blobs));
      }
      return [...found.values()].sort((a, b) => (a.source < b.source ? -1 : 1));
    },
    news(leafIndex) {
      const inventory = read(leafIndex);
      const previous = inventory && previousOf(inventory);
      const known = new Set([...(previous?.unwatched ?? []).map(keyOf), ...(previous?.unseen ?? []).map(unseenKey)]);
      return {
        backends: (inventory?.unwatched ?? []).filter((state) => state.kind === 'backend' && !known.has(keyOf(state))),
        unseen: (inventory?.unseen ?? []).filter((state) => !known.has(unseenKey(state))),
      };
    },
  };
}

function keyOf({ reference, backend }: ListedState): string {
  return `${reference}\0${backend?.location ?? ''}`;
}

function unseenKey({ reference, code }: UnseenState): string {
  return `\0${reference}\0${code}`;
}

function sourceOf(data: JsonObject): string {
  return textAt(data, 'vantage', 'source');
}

function toInventory(leafIndex: number, { data: line, time }: ParsedRecord, blobs: BlobReader): SourceInventory {
  const data = wholeData(line, blobs);
  const reference = objectAt(data, 'list');
  const body = reference && blobs.json(textAt(reference, 'sha256'));
  const lists = isJsonObject(body) ? body : data;
  const unwatched = objectsAt(lists, 'unwatched').map(toListed);
  const unseen = objectsAt(lists, 'unseen').map(toUnseen);
  return {
    leafIndex,
    time,
    source: sourceOf(data),
    watched: numberAt(data, 'watched'),
    unwatched,
    unwatchedCount: data['unwatchedCount'] === undefined ? unwatched.length : numberAt(data, 'unwatchedCount'),
    unseen,
    unseenCount: data['unseenCount'] === undefined ? unseen.length : numberAt(data, 'unseenCount'),
    problems: objectsAt(lists, 'problems').map((problem) => ({
      code: textAt(problem, 'code'),
      message: textAt(problem, 'message'),
    })),
    isWhole: reference === undefined || isJsonObject(body),
  };
}

function toListed(entry: JsonObject): ListedState {
  const backend = objectAt(entry, 'backend');
  const place = backend && { type: textAt(backend, 'type'), location: textAt(backend, 'location') };
  const [reference, kind, reason] = [textAt(entry, 'reference'), textAt(entry, 'kind'), textAt(entry, 'reason')];
  return { reference, kind, reason, ...(place === undefined ? {} : { backend: place }) };
}

function toUnseen(entry: JsonObject): UnseenState {
  return { reference: textAt(entry, 'reference'), code: textAt(entry, 'code'), since: textAt(entry, 'since') };
}

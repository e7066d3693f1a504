// What the sources say that nobody watches, and what was watched and cannot be looked at any more: the newest inventory of
// each source, in the recorder's last run that had one.
import { isJsonArray, isJsonObject, member, type JsonObject } from '../json/value.ts';
import type { NewGap } from './gaps.ts';
import type { RecordFacts } from './record-facts.ts';

export interface InventoryCount {
  /** A new run of the recorder: its first inventory takes the place of all before. */
  start(): void;
  add(facts: RecordFacts, data: JsonObject): void;
  unwatchedCount(): number | undefined;
  /** One gap per state that was watched; a list that stands in a blob is one gap together. */
  unseen(): readonly NewGap[];
}

interface Found {
  readonly unwatchedCount: number | undefined;
  readonly unseen: ReadonlyMap<string, NewGap>;
}

export function createInventoryCount(): InventoryCount {
  const bySource = new Map<string, Found>();
  let isNewRun = false;
  return {
    start: () => void (isNewRun = true),
    add(facts, data) {
      const source = textOf(objectOf(data, 'vantage'), 'source');
      // A gap is revealed by the first record that tells of it: a note to that one stays good.
      const known = new Map([...bySource.values()].flatMap(({ unseen }) => [...unseen]));
      if (isNewRun) bySource.clear();
      isNewRun = false;
      bySource.set(source, { unwatchedCount: countUnwatched(data), unseen: toGaps(facts, data, known) });
    },
    unwatchedCount() {
      const counts = [...bySource.values()].flatMap((found) => found.unwatchedCount ?? []);
      return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + count, 0);
    },
    unseen: () => [...bySource.values()].flatMap(({ unseen }) => [...unseen.values()]),
  };
}

function toGaps(
  { leafIndex, id, timeMs }: RecordFacts,
  data: JsonObject,
  known: ReadonlyMap<string, NewGap>,
): ReadonlyMap<string, NewGap> {
  const list = member(data, 'unseen');
  const entries = isJsonArray(list) ? list.filter(isJsonObject) : [];
  const count = member(data, 'unseenCount');
  const to = Number.isNaN(timeMs) ? '' : new Date(timeMs).toISOString();
  const toGap = (state: string, from: string, reason: string): NewGap => {
    const nothing = { fromSerial: '', toSerial: '' };
    return known.get(state) ?? { kind: 'unseen', leafIndex, id, state, from, to, reason, ...nothing };
  };
  if (entries.length === 0 && typeof count === 'number' && count > 0) {
    return new Map([['', toGap('', to, `${count} states, listed in a blob`)]]);
  }
  return new Map(
    entries.map((entry) => {
      const reference = textOf(entry, 'reference');
      return [reference, toGap(reference, textOf(entry, 'since'), textOf(entry, 'code'))];
    }),
  );
}

/** The list may be cut or stand elsewhere, the count is not. */
function countUnwatched(data: JsonObject): number | undefined {
  const count = member(data, 'unwatchedCount');
  const list = member(data, 'unwatched');
  if (typeof count === 'number') return count;
  return isJsonArray(list) ? list.length : undefined;
}

function objectOf(data: JsonObject, name: string): JsonObject | undefined {
  const value = member(data, name);
  return isJsonObject(value) ? value : undefined;
}

function textOf(data: JsonObject | undefined, name: string): string {
  const value = data === undefined ? undefined : member(data, name);
  return typeof value === 'string' ? value : '';
}

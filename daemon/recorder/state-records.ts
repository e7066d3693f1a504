// Which records of a state say what it was at a point of the log or at a time. The order of versions is that of the
// leaves; what was imported afterwards speaks only for the time before the first look. Reads the derived tables and
// lines; folds nothing.
import { parseRecord, type ParsedRecord } from '../record/record.ts';
import type { Sqlite } from '../store/database.ts';
import type { Entries } from '../store/entries.ts';

export interface StateTimeline {
  /** When it was first known, milliseconds since the epoch; undefined for a state without records. */
  readonly firstMs: number | undefined;
  /** Leaf of the newest record that was in force at that time; undefined when the state was not known yet. */
  positionAt(atMs: number): number | undefined;
  /** From the newest baseline that `position` (a leaf index) builds on, up to it. */
  recordsUpTo(position: number): Generator<TimelineRecord>;
  /** True when `recordsBetween` leads from one position to the other. */
  follows(from: number, to: number): boolean;
  /** What comes after `from`, up to `to`. */
  recordsBetween(from: number, to: number): Generator<TimelineRecord>;
}

export interface TimelineRecord {
  readonly leafIndex: number;
  readonly record: ParsedRecord;
}

interface Row {
  readonly leafIndex: number;
  readonly type: string;
  readonly effectiveMs: number;
  readonly recordedMs: number;
  readonly isBackfilled: boolean;
}

/** Records that carry a version, or end one: they are what a time is looked up in. */
const VERSION_TYPES: ReadonlySet<string> = new Set([
  'state.baselined',
  'state.changed',
  'state.unchanged',
  'state.retired',
  'resource.changed',
  'output.changed',
]);

export function readTimeline(
  { database, entries }: { readonly database: Sqlite; readonly entries: Pick<Entries, 'read'> },
  stateId: string,
): StateTimeline {
  const rows = readRows(database, stateId);
  const live = inForce(rows.filter(({ isBackfilled }) => !isBackfilled));
  const imported = inForce(rows.filter(({ isBackfilled }) => isBackfilled));
  const read = function* (chosen: readonly Row[]): Generator<TimelineRecord> {
    for (const { leafIndex } of chosen) {
      const line = entries.read(leafIndex)?.line;
      if (line !== undefined && line.length > 0) yield { leafIndex, record: parseRecord(line) };
    }
  };
  return {
    firstMs: [...imported, ...live].reduce<number | undefined>((first, { ms }) => Math.min(first ?? ms, ms), undefined),
    positionAt: (atMs) => {
      const isDue = ({ ms }: Moment): boolean => ms <= atMs;
      return (live.findLast(isDue) ?? imported.findLast(isDue))?.leafIndex;
    },
    recordsUpTo: (position) => read(chooseRows(rows, position)),
    recordsBetween: (from, to) => {
      const [before, after] = [rowAt(rows, from), rowAt(rows, to)];
      const isMixed = before?.isBackfilled !== after?.isBackfilled;
      const isMeant = ({ isBackfilled }: Row): boolean => isMixed || isBackfilled === after?.isBackfilled;
      return read(rows.filter((row) => row.leafIndex > from && row.leafIndex <= to && isMeant(row)));
    },
    follows(from, to) {
      const [before, after] = [rowAt(rows, from), rowAt(rows, to)];
      if (from > to || before === undefined) return false;
      const isLooked = rows.some((row) => row.leafIndex <= to && row.type === 'state.baselined' && !row.isBackfilled);
      return before.isBackfilled === after?.isBackfilled || !isLooked;
    },
  };
}

function rowAt(rows: readonly Row[], position: number): Row | undefined {
  return rows.findLast(({ leafIndex }) => leafIndex <= position);
}

function readRows(database: Sqlite, stateId: string): readonly Row[] {
  // Lines are read for this only where something was imported at all.
  const flag = "json_extract(CAST(e.line AS TEXT), '$.data.backfilled')";
  const isImported = database
    .prepare<[string], number>(
      `SELECT 1 FROM record_index r JOIN entry e USING (leaf_index) WHERE r.state_id = ? AND r.type = 'state.baselined'
       AND json_valid(CAST(e.line AS TEXT)) AND ${flag} LIMIT 1`,
    )
    .get(stateId);
  const backfilled = isImported === undefined ? '0' : `CASE WHEN json_valid(CAST(e.line AS TEXT)) THEN ${flag} END`;
  const rows = database
    .prepare<[string], Omit<Row, 'isBackfilled'> & { readonly backfilled: number | null }>(
      `SELECT r.leaf_index AS leafIndex, r.type, r.effective_ms AS effectiveMs, r.recorded_ms AS recordedMs,
        ${backfilled} AS backfilled
       FROM record_index r ${isImported === undefined ? '' : 'JOIN entry e USING (leaf_index)'}
       WHERE r.state_id = ? ORDER BY r.leaf_index`,
    )
    .all(stateId);
  return rows.map(({ backfilled: word, ...row }) => ({ ...row, isBackfilled: word === 1 }));
}

interface Moment {
  readonly leafIndex: number;
  readonly ms: number;
}

/**
 * A version is in force from its own time on, but never before the version ahead of it (a file put back with an old
 * time), nor after it was seen (a file of the future).
 */
function inForce(rows: readonly Row[]): readonly Moment[] {
  let ms = Number.NEGATIVE_INFINITY;
  return rows
    .filter(({ type }) => VERSION_TYPES.has(type))
    .map(({ leafIndex, effectiveMs, recordedMs }) => {
      ms = Math.max(ms, Math.min(effectiveMs, recordedMs));
      return { leafIndex, ms };
    });
}

/** Rows from the baseline that a position builds on. A look builds on what looks have seen, where there was one. */
function chooseRows(rows: readonly Row[], position: number): readonly Row[] {
  const upTo = rows.filter(({ leafIndex }) => leafIndex <= position);
  const isImport = upTo.at(-1)?.isBackfilled === true;
  const isBaseline = ({ type }: Row): boolean => type === 'state.baselined';
  const own = upTo.findLastIndex((row) => isBaseline(row) && row.isBackfilled === isImport);
  if (own >= 0) return upTo.slice(own).filter((row) => row.isBackfilled === isImport);
  return upTo.slice(Math.max(0, upTo.findLastIndex(isBaseline)));
}

// Gaps: times or versions that nobody saw. Each is revealed by one record, which is the one to write a note to.
// What explains a gap may come later in the log, so that it is settled at the end.
import { isJsonObject, member, type JsonObject } from '../json/value.ts';

export type GapKind =
  /** A state.missed record: versions existed that were not seen. */
  | 'versions-missed'
  /** A change whose serials do not follow the ones before. */
  | 'serial-gap'
  /** More versions than the recorder's budget allows. */
  | 'flooded'
  | 'spool-overflow'
  /** The recorder started again without having stopped. */
  | 'crash'
  /** Declared: stopped, and started later. */
  | 'stop'
  /** No record, not even a heartbeat, while the recorder was running. */
  | 'silence'
  /** A state that was watched, and that nobody can look at now: by the newest inventory. */
  | 'unseen'
  /** The newest record is older than a running recorder's can be. */
  | 'overdue';

export interface Gap {
  readonly kind: GapKind;
  /** Leaf index of the record that reveals it; for 'overdue' the newest record. */
  readonly leafIndex: number;
  /** Id of that record, '' when it was not parsed. */
  readonly id: string;
  /** Name of the state; '' when the recorder as a whole did not see. Written by others: escape it. */
  readonly state: string;
  /** RFC 3339, '' where not known. */
  readonly from: string;
  readonly to: string;
  /** Serials between which versions are missing, '' where that is not the question. */
  readonly fromSerial: string;
  readonly toSerial: string;
  /** Word of the record that reveals it, or ''. */
  readonly reason: string;
  /** 'import': in history from before the recorder watched. */
  readonly explainedBy: 'note' | 'stop' | 'import' | 'none';
}

export interface NewGap extends Omit<Gap, 'explainedBy'> {
  /** Leaf index of the outage that this gap is a consequence of. */
  readonly causedAt?: number;
  /** The recorder said itself why it was away. */
  readonly isDeclared?: boolean;
  /** Of history that was imported. */
  readonly isImported?: boolean;
}

export interface GapList {
  add(gap: NewGap): void;
  /** A change.noted record: which earlier record it speaks of. Nobody can explain in advance. */
  addNote(leafIndex: number, data: JsonObject): void;
  settle(): SettledGaps;
}

export interface SettledGaps {
  /** The first ones. */
  readonly gaps: readonly Gap[];
  readonly count: number;
  readonly unexplainedCount: number;
}

const MAX_LISTED = 1000;
/** More gaps than this are counted as unexplained, whatever is noted about them. */
const MAX_KEPT = 100_000;

export function createGapList(): GapList {
  const kept: NewGap[] = [];
  let uncounted = 0;
  const notedIndexes = new Set<number>();
  const notedIds = new Set<string>();
  // No note can excuse that nothing comes after it.
  const isNoted = ({ kind, leafIndex, id }: NewGap): boolean =>
    kind !== 'overdue' && (notedIndexes.has(leafIndex) || (id !== '' && notedIds.has(id)));
  const settleOne = (gap: NewGap, outages: ReadonlyMap<number, NewGap>): Gap => {
    const { causedAt, isDeclared, isImported, ...rest } = gap;
    const cause = causedAt === undefined ? undefined : outages.get(causedAt);
    if (isNoted(gap) || (cause && isNoted(cause))) return { ...rest, explainedBy: 'note' };
    if (isImported === true) return { ...rest, explainedBy: 'import' };
    return { ...rest, explainedBy: isDeclared === true || cause?.isDeclared === true ? 'stop' : 'none' };
  };
  return {
    add(gap) {
      if (kept.length < MAX_KEPT) kept.push(gap);
      else uncounted += 1;
    },
    addNote(leafIndex, data) {
      for (const target of targetsOf(member(data, 'target'))) {
        if (typeof target === 'string') notedIds.add(target);
        else if (target < leafIndex) notedIndexes.add(target);
      }
    },
    settle() {
      const outages = new Map(
        kept.filter(({ kind }) => kind === 'stop' || kind === 'crash').map((gap) => [gap.leafIndex, gap]),
      );
      const gaps = kept.map((gap) => settleOne(gap, outages));
      const unexplained = gaps.filter(({ explainedBy }) => explainedBy === 'none');
      const explained = gaps.filter(({ explainedBy }) => explainedBy !== 'none');
      return {
        gaps: [...unexplained, ...explained].slice(0, MAX_LISTED),
        count: gaps.length + uncounted,
        unexplainedCount: unexplained.length + uncounted,
      };
    },
  };
}

/** A record by index or id, in either of the forms a note may have. */
function targetsOf(target: unknown): (number | string)[] {
  if (typeof target === 'number') return [target];
  if (typeof target === 'string') return /^[0-9]{1,15}$/.test(target) ? [Number(target)] : [target];
  if (!isJsonObject(target as JsonObject | undefined)) return [];
  const parts = target as JsonObject;
  return ['index', 'id'].flatMap((key) => targetsOf(member(parts, key)));
}

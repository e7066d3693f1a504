// What a verifier found, in four lists that weigh differently (docs/LOG-FORMAT.md, What verify says). Only failures
// break integrity. Bounded: an archive full of junk must not fill the memory of the one who reads it.

/** failure: integrity is broken. anomaly: something stands there that does not count. format: a record's form. */
export type FindingKind = 'failure' | 'anomaly' | 'format' | 'note';

export interface Finding {
  /** Stable, kebab-case; listed in docs/ERRORS.md. */
  readonly code: string;
  /** `expected X, got Y`; names numbers and codes, never content. */
  readonly message: string;
  /** Object in the archive, below the log's folder. Written by others: escape it before it is printed. */
  readonly key?: string;
  /** Which version of the object, where a key has several. */
  readonly versionId?: string;
  /** The batch it concerns, by the tree size before it. */
  readonly prev?: number;
  readonly leafIndex?: number;
}

export interface Findings {
  add(kind: FindingKind, finding: Finding): void;
  /** The first ones, in the order they were found. */
  list(kind: FindingKind): readonly Finding[];
  /** All of them, also those that the list has no room for. */
  count(kind: FindingKind): number;
  addAll(other: Findings): void;
}

/** Findings kept per list; the count goes on. */
export const maxListedFindings = 1000;

const KINDS: readonly FindingKind[] = ['failure', 'anomaly', 'format', 'note'];

export function createFindings(): Findings {
  const lists: Record<FindingKind, Finding[]> = { failure: [], anomaly: [], format: [], note: [] };
  const counts: Record<FindingKind, number> = { failure: 0, anomaly: 0, format: 0, note: 0 };
  const add = (kind: FindingKind, finding: Finding): void => {
    counts[kind] += 1;
    if (lists[kind].length < maxListedFindings) lists[kind].push(finding);
  };
  return {
    add,
    list: (kind) => lists[kind],
    count: (kind) => counts[kind],
    addAll(other) {
      for (const kind of KINDS) {
        for (const finding of other.list(kind)) add(kind, finding);
        counts[kind] += other.count(kind) - other.list(kind).length;
      }
    },
  };
}

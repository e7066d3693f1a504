// A record's line as the facts that lists and pages need. Tolerant: what a line lacks reads as empty. Pure.
import type { JsonObject } from '../json/value.ts';
import type { ChangeCounts, StateIdentity } from '../record/data.ts';
import type { Claim } from '../record/observation.ts';
import type { ParsedRecord } from '../record/record.ts';
import type { RunIdentity } from '../record/run-data.ts';
import type { InventoryNews } from './inventory.ts';
import { isFailedRun, toRunEnd, type RunEnd } from './run-end.ts';
import { PROBLEM_CONTENTS, PROBLEM_KINDS, PROBLEM_TYPES } from './queries-filter.ts';
import { numberAt, objectAt, objectsAt, textAt, textsAt } from './queries-fields.ts';

export interface StoredRecord {
  readonly leafIndex: number;
  /** The leaf's exact text. */
  readonly line: string;
  readonly record: ParsedRecord;
}

/** One change: the facts of its state.changed. Kinds and continuities of later versions pass as they are. */
export interface ChangeSummary {
  /** The number of the change: leaf index of its state.changed. */
  readonly leafIndex: number;
  readonly id: string;
  readonly state: StateIdentity;
  readonly kind: string;
  readonly kindBasis: string;
  readonly continuity: string;
  /** RFC 3339. */
  readonly effectiveTime: string;
  readonly timeBasis: string;
  readonly recordedTime: string;
  readonly before: { readonly lineage: string; readonly serial: string } | undefined;
  readonly lineage: string;
  readonly serial: string;
  readonly sourceVersion: string;
  readonly toolVersion: string;
  readonly serials: readonly string[];
  readonly steps: number;
  readonly counts: ChangeCounts;
  /** Of its lock; with its links also of its one run. */
  readonly claims: readonly Claim[];
  /** The one run it is of, or the several it can be of. */
  readonly runs: readonly RunIdentity[];
  /** How that one run ended, where its end is recorded. */
  readonly runEnd: RunEnd | undefined;
  /** The newest one, or '' where none was given. */
  readonly verdict: string;
  /** What further vantages of its versions showed: same, different, unknown, unseen. */
  readonly contents: readonly string[];
  readonly operation: string;
  readonly movedFrom: string;
  readonly recovered: string;
  /** 'opaque' for an encrypted state, else ''. */
  readonly form: string;
  readonly vantage: { readonly recorder: string; readonly host: string; readonly source: string };
  /** From before the recorder watched: it calls for nobody. */
  readonly isImported: boolean;
  readonly isProblem: boolean;
}

/** A line of the log: a change, or a record without a change that somebody should look at. */
export type LogLine =
  | { readonly is: 'change'; readonly change: ChangeSummary }
  /** `news` of an inventory: what it tells that the one before it did not. */
  | { readonly is: 'record'; readonly stored: StoredRecord; readonly news?: InventoryNews };

export function toChangeSummary(leafIndex: number, record: ParsedRecord): ChangeSummary {
  const { data } = record;
  const before = objectAt(data, 'before');
  const kind = textAt(data, 'kind');
  const continuity = textAt(data, 'continuity');
  return {
    leafIndex,
    id: record.id,
    state: toIdentity(data),
    kind,
    kindBasis: textAt(data, 'kindBasis'),
    continuity,
    effectiveTime: textAt(data, 'effectiveTime') || record.time,
    timeBasis: textAt(data, 'timeBasis'),
    recordedTime: record.time,
    before: before && { lineage: textAt(before, 'lineage'), serial: textAt(before, 'serial') },
    lineage: textAt(data, 'version', 'lineage'),
    serial: textAt(data, 'version', 'serial'),
    sourceVersion: textAt(data, 'version', 'sourceVersion'),
    toolVersion: textAt(data, 'version', 'toolVersion'),
    serials: textsAt(data, 'serials'),
    steps: numberAt(data, 'steps'),
    counts: toCounts(objectAt(data, 'counts') ?? {}),
    claims: objectsAt(data, 'claims').map(toClaim),
    runs: [],
    runEnd: undefined,
    verdict: '',
    contents: [],
    operation: textAt(data, 'lock', 'operation'),
    movedFrom: textAt(data, 'movedFrom'),
    recovered: textAt(data, 'recovered'),
    form: textAt(data, 'form'),
    vantage: {
      recorder: textAt(data, 'vantage', 'recorder'),
      host: textAt(data, 'vantage', 'host'),
      source: textAt(data, 'vantage', 'source'),
    },
    isImported: data['backfilled'] === true,
    isProblem: data['backfilled'] !== true && (PROBLEM_KINDS.has(kind) || continuity === 'gap'),
  };
}

export function isProblemLine(line: LogLine): boolean {
  if (line.is === 'change') return line.change.isProblem;
  const { type, data } = line.stored.record;
  if (data['backfilled'] === true) return false;
  if (type === 'run.finished') return isFailedRun(toRunEnd(line.stored));
  return PROBLEM_TYPES.has(type) || PROBLEM_CONTENTS.includes(textAt(data, 'content'));
}

/** The state a record is about; the reference alone where the state has no identity yet. */
export function toIdentity(data: JsonObject): StateIdentity {
  return {
    id: textAt(data, 'state', 'id'),
    name: textAt(data, 'state', 'name'),
    reference: textAt(data, 'state', 'reference') || textAt(data, 'reference') || textAt(data, 'backend', 'reference'),
    workspace: textAt(data, 'state', 'workspace'),
  };
}

export function toClaim(claim: JsonObject): Claim {
  const known = textAt(claim, 'known');
  const isKnown = known === 'claimed' || known === 'observed' || known === 'verified';
  return {
    field: textAt(claim, 'field'),
    value: textAt(claim, 'value'),
    known: isKnown ? known : 'unknown',
    by: textAt(claim, 'by'),
  };
}

function toCounts(counts: JsonObject): ChangeCounts {
  return {
    create: numberAt(counts, 'create'),
    update: numberAt(counts, 'update'),
    delete: numberAt(counts, 'delete'),
    replace: numberAt(counts, 'replace'),
    forget: numberAt(counts, 'forget'),
    move: numberAt(counts, 'move'),
    import: numberAt(counts, 'import'),
    taint: numberAt(counts, 'taint'),
    output: numberAt(counts, 'output'),
  };
}

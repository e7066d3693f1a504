// Changes, records and evidence as JSON: what --json prints and what the API answers, members that stay. Pure.
import { NumberText, type JsonObject } from '../json/value.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { Evidence } from '../store/queries-evidence.ts';
import type { NetSide, NetValue } from '../store/queries-net.ts';
import type { ChangeSummary, LogLine, StoredRecord } from '../store/queries-summary.ts';
import { judgementJson } from '../store/queries-verdict.ts';
import { outputSubject, toSubject, type Subject } from './subject.ts';

/** {kind: "change", number, id, state, change, continuity, …}: the members of `log --json` without --changes. */
export function changeJson(change: ChangeSummary): JsonObject {
  const { leafIndex, id, state, kind, continuity, before, serial, lineage, serials, counts, claims } = change;
  return {
    object: 'change',
    number: leafIndex,
    id,
    state: { ...state },
    kind,
    kindBasis: change.kindBasis,
    continuity,
    time: change.effectiveTime,
    timeBasis: change.timeBasis,
    recorded: change.recordedTime,
    before: before === undefined ? null : { ...before },
    after: { lineage, serial },
    serials: [...serials],
    counts: { ...counts },
    claims: claims.map((claim) => ({ ...claim })),
    runs: change.runs.map((run) => ({ ...run })),
    contents: [...change.contents],
    operation: change.operation,
    toolVersion: change.toolVersion,
    vantage: { ...change.vantage },
    problem: change.isProblem,
    verdict: change.verdict === '' ? null : change.verdict,
  };
}

/** A change with its net actions and values, and every record it is made of. */
export function detailJson(detail: ChangeDetail, closing: StoredRecord | undefined): JsonObject {
  const subjects = [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)];
  const records = closing === undefined ? detail.records : [...detail.records, closing];
  return {
    ...changeJson(detail.summary),
    actions: subjects.map(subjectJson),
    judgement: detail.judgement === undefined ? null : judgementJson(detail.judgement),
    records: [...records].sort((a, b) => a.leafIndex - b.leafIndex).map(recordJson),
  };
}

/** {address, deposed?, previousAddress?, actions, values: [{path, before?, after?, hidden?: {before?, after?}}]}. */
export function subjectJson(subject: Subject): JsonObject {
  return {
    address: subject.name,
    ...(subject.deposed === '' ? {} : { deposed: subject.deposed }),
    ...(subject.previousAddress === '' ? {} : { previousAddress: subject.previousAddress }),
    actions: [...subject.actions],
    values: subject.values.map(valueJson),
    ...(subject.uncomparedCount === 0 ? {} : { uncompared: subject.uncomparedCount }),
    ...(subject.isWhole ? {} : { incomplete: true }),
  };
}

/** {number, record}: the record as it was written. */
export function recordJson({ leafIndex, record, line }: StoredRecord): JsonObject {
  // The line is JSON already: carried as its own text, so that no digit of it can change.
  return { number: leafIndex, type: record.type, record: new NumberText(line) };
}

export function lineJson(line: LogLine): JsonObject {
  return line.is === 'change' ? changeJson(line.change) : { object: 'record', ...recordJson(line.stored) };
}

export function evidenceJson({ leafIndex, batch }: Evidence): JsonObject {
  if (batch === undefined) return { number: leafIndex, sealed: false };
  const { prev, size, root, phase, keyIds, archived } = batch;
  return {
    number: leafIndex,
    sealed: true,
    batch: { prev, size },
    root,
    phase,
    keyIds: [...keyIds],
    archived:
      archived === undefined
        ? null
        : {
            number: archived.leafIndex,
            archive: archived.archive,
            time: archived.time,
            objects: archived.objects.map((receipt) => ({ ...receipt })),
          },
  };
}

function valueJson({ path, before, after }: NetValue): JsonObject {
  const hidden = {
    ...(before.is === 'hidden' ? { before: before.by } : {}),
    ...(after.is === 'hidden' ? { after: after.by } : {}),
  };
  return {
    path,
    ...sideJson('before', before),
    ...sideJson('after', after),
    ...(Object.keys(hidden).length === 0 ? {} : { hidden }),
  };
}

function sideJson(name: 'before' | 'after', side: NetSide): JsonObject {
  if (side.is === 'absent') return {};
  return { [name]: side.is === 'shown' ? side.value : null };
}

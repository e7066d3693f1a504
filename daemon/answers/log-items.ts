// The answers of `stateseal log`: changes and problem records, or the resource instances of changes, as JSON and CSV.
import { formatCsvLine } from './csv.ts';
import { createSelectSubject, type SelectSubject } from './subject-filter.ts';
import type { JsonObject } from '../json/value.ts';
import type { ChangeDetail } from '../store/queries-change.ts';
import type { ChangeFilter } from '../store/queries-filter.ts';
import type { Queries } from '../store/queries.ts';
import type { ChangeSummary, LogLine } from '../store/queries-summary.ts';
import { changeJson, detailJson, lineJson, subjectJson } from './change-json.ts';
import { outputSubject, toSubject, type Subject } from './subject.ts';

/** 'changes': one item per change or problem record; 'resources': one per resource instance or output of a change. */
export type LogItems = 'changes' | 'resources';

/** What one line of a page is. */
export interface LineFormats {
  json(line: LogLine): readonly JsonObject[];
  /** Each with its newline. Problem records are no rows. */
  csv(line: LogLine): readonly string[];
}

export function createLineFormats(queries: Queries, items: LogItems, filter: ChangeFilter): LineFormats {
  if (items === 'changes') {
    return {
      json: (line) => [fullJson(queries, line, filter.atSize)],
      csv: (line) => changesOf([line]).map((change) => formatCsvLine(changeCsv(change))),
    };
  }
  const select = createSelect(queries, filter);
  const subjectsOf = (line: LogLine) =>
    detailsOf(queries, [line], filter.atSize).flatMap((detail) => selectedSubjects(detail, select));
  return {
    json: (line) => subjectsOf(line).map(({ summary, subject }) => changeSubjectJson(summary, subject)),
    csv: (line) => subjectsOf(line).map(({ summary, subject }) => formatCsvLine(subjectCsv(summary, subject))),
  };
}

/** The first line of such a table. */
export function logCsvHead(items: LogItems): string {
  return formatCsvLine(items === 'resources' ? SUBJECT_COLUMNS : CHANGE_COLUMNS);
}

/** Whole changes of a page, problem records left out. `size`: as of that tree size. */
export function detailsOf(queries: Queries, lines: readonly LogLine[], size?: number): ChangeDetail[] {
  return changesOf(lines).flatMap((change) => queries.readChange(change.leafIndex, size) ?? []);
}

/** Which subjects of a change the filter asks for, under every name that they had. */
export function createSelect(queries: Queries, filter: ChangeFilter): SelectSubject {
  const names = filter.address === undefined ? [] : queries.otherNames(filter.address).map(({ address }) => address);
  return createSelectSubject(filter, names);
}

function fullJson(queries: Queries, line: LogLine, size: number | undefined): JsonObject {
  const detail = line.is === 'change' ? queries.readChange(line.change.leafIndex, size) : undefined;
  if (detail === undefined) return lineJson(line);
  return detailJson(detail, queries.readRecord(detail.summary.leafIndex));
}

function changeSubjectJson(summary: ChangeSummary, subject: Subject): JsonObject {
  const { number, id, state, kind, time } = changeJson(summary);
  return {
    object: 'resource',
    number: number ?? 0,
    id: id ?? '',
    state: state ?? {},
    kind: kind ?? '',
    time: time ?? '',
    ...subjectJson(subject),
  };
}

function selectedSubjects(detail: ChangeDetail, select: SelectSubject): { summary: ChangeSummary; subject: Subject }[] {
  return [...detail.actions.map(toSubject), ...detail.outputs.map(outputSubject)]
    .flatMap((subject) => select(subject) ?? [])
    .map((subject) => ({ summary: detail.summary, subject }));
}

function changesOf(lines: readonly LogLine[]): ChangeSummary[] {
  return lines.flatMap((line) => (line.is === 'change' ? [line.change] : []));
}

const SUBJECT_COLUMNS = ['number', 'time', 'state', 'address', 'deposed', 'previous_address', 'type', 'actions'];
const CHANGE_COLUMNS = [
  ...['number', 'id', 'time', 'recorded', 'state', 'reference', 'kind', 'kind_basis', 'continuity'],
  ...['serial_before', 'serial_after', 'create', 'update', 'delete', 'replace', 'forget', 'move', 'import'],
  ...['taint', 'output', 'actors', 'problem'],
];

function subjectCsv(summary: ChangeSummary, subject: Subject): (string | number)[] {
  const { name, deposed, previousAddress, resourceType, actions } = subject;
  const head = [summary.leafIndex, summary.effectiveTime, summary.state.name];
  return [...head, name, deposed, previousAddress, resourceType, actions.join(' ')];
}

function changeCsv(change: ChangeSummary): (string | number)[] {
  const { state, counts } = change;
  const actors = change.claims
    .filter(({ field }) => field === 'actor')
    .map(({ value, known }) => `${value} (${known})`);
  return [
    ...[change.leafIndex, change.id, change.effectiveTime, change.recordedTime, state.name, state.reference],
    ...[change.kind, change.kindBasis, change.continuity, change.before?.serial ?? '', change.serial],
    ...[counts.create, counts.update, counts.delete, counts.replace, counts.forget, counts.move, counts.import],
    ...[counts.taint, counts.output, actors.join('; '), change.isProblem ? 'yes' : 'no'],
  ];
}

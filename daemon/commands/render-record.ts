// Any record for people: its envelope, then its data flattened to one path and value per line. Pure; knows no type, so
// that records of later versions can be read too.
import type { Json } from '../json/value.ts';
import type { Evidence } from '../store/queries-evidence.ts';
import { flatten } from '../store/queries-net.ts';
import type { StoredRecord } from '../store/queries-summary.ts';
import { escapeText, padRight, textWidth, type Palette } from '../terminal.ts';
import { formatEvidence, section } from './render-show.ts';
import { formatDateTime } from './render-change.ts';
import { formatPath, formatValue } from './render-value.ts';

/** What stands beside a record: what became of a run, what a plan would change. */
export interface Told {
  readonly end?: readonly string[];
  readonly plan?: readonly string[];
}

/** Ends with a newline. */
export function formatStoredRecord(
  { leafIndex, record }: StoredRecord,
  evidence: Evidence,
  palette: Palette,
  { end = [], plan = [] }: Told = {},
): string {
  return [
    `record #${leafIndex}   ${palette.bold(escapeText(record.type))}   ${escapeText(record.subject)}`,
    ...section('when', [`recorded ${formatDateTime(record.time)}`]),
    ...section('id', [escapeText(record.id)]),
    ...section('source', [escapeText(record.source)]),
    ...section('end', end),
    ...section('plan', [...(isErroredPlan(record) ? [palette.warning(ERRORED_PLAN)] : []), ...plan]),
    ...section('data', formatTree(record.data)),
    ...section('evidence', formatEvidence(evidence)),
    '',
  ].join('\n');
}

const ERRORED_PLAN = 'errored: it is not complete and cannot be applied';

function isErroredPlan({ type, data }: StoredRecord['record']): boolean {
  return type === 'plan.recorded' && data['errored'] === true;
}

/** "path   value" per scalar, aligned. */
export function formatTree(value: Json): string[] {
  const scalars = new Map<string, Json>();
  flatten('', value, scalars);
  const rows = [...scalars].map(([path, scalar]) => [formatPath(path), formatValue(scalar)] as const);
  const width = Math.min(48, Math.max(0, ...rows.map(([path]) => textWidth(path))));
  return rows.map(([path, text]) => (path === '' ? text : `${padRight(path, width)}   ${text}`));
}

// One record with its evidence, as `show --json` prints it and the API answers it.
import type { JsonObject } from '../json/value.ts';
import type { Queries } from '../store/queries.ts';
import type { StoredRecord } from '../store/queries-summary.ts';
import { detailJson, evidenceJson, recordJson } from './change-json.ts';

/** A change with everything it is made of, or a record; then batch, checkpoint and receipt. */
export function describeRecord(queries: Queries, stored: StoredRecord): JsonObject {
  const detail = queries.readChange(stored.leafIndex);
  const body = detail === undefined ? { object: 'record', ...recordJson(stored) } : detailJson(detail, stored);
  return { ...body, evidence: evidenceJson(queries.evidence(stored.leafIndex)) };
}

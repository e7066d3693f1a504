// Signed content that is not there: a failure, unless its retention was over. That hangs on when the batch was sealed,
// which is known only in order.
import { formatObjectKey, type ObjectKey } from '../merkle/object-key.ts';
import type { Manifest } from '../merkle/manifest.ts';
import type { Findings } from './findings.ts';
import type { StoredVersion } from './inventory.ts';
import { placeOf } from './object-read.ts';

export interface MissingContent {
  readonly object: ObjectKey;
  /** Something stands at its key, with other bytes. */
  readonly isAltered: boolean;
  readonly refused: readonly StoredVersion[];
  /** The first record that differs, where that can be told. */
  readonly leafIndex?: number;
}

const dayMs = 86_400_000;

/** Whether retention no longer obliges the store to hold the content of a batch; NaN, no known time, is never past. */
export function mayBeExpired({ contentDays }: Manifest, sealedMs: number, nowMs: number): boolean {
  return contentDays > 0 && nowMs > sealedMs + contentDays * dayMs;
}

export function judgeMissing(missing: readonly MissingContent[], isExpired: boolean, findings: Findings): void {
  for (const one of missing) {
    if (isExpired) addExpired(one, findings);
    else addFailure(one, findings);
  }
}

export function addRefused(findings: Findings, versions: readonly StoredVersion[]): void {
  for (const version of versions) {
    const finding = version.isDeleteMarker
      ? { code: 'delete-marker', message: 'expected an object, got a delete marker over it' }
      : { code: 'foreign-version', message: 'expected the signed length and digest, got other bytes' };
    findings.add('anomaly', { ...placeOf(version), ...finding });
  }
}

function addExpired({ object, refused }: MissingContent, findings: Findings): void {
  addRefused(findings, refused);
  if (object.kind !== 'blob') return;
  findings.add('note', {
    code: 'blob-expired',
    message: 'its retention is over',
    key: formatObjectKey(object),
    prev: object.prev,
  });
}

function addFailure({ object, isAltered, refused, leafIndex }: MissingContent, findings: Findings): void {
  // The only version there is: the failure says it all.
  if (!isAltered || refused.length !== 1) addRefused(findings, refused);
  findings.add('failure', {
    code: `${object.kind}-${isAltered ? 'altered' : 'missing'}`,
    message: `expected the signed content, got ${isAltered ? 'other bytes' : 'none'}`,
    key: formatObjectKey(object),
    prev: object.prev,
    ...(leafIndex === undefined ? {} : { leafIndex }),
  });
}

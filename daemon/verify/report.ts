// The result of a verification: two verdicts, the lists behind them, and the figures that the log and the archive hold.
// Plain data: what is printed is made of it, and nothing else.
import { encodeBase64 } from '../merkle/base64.ts';
import type { ChainResult } from './chain.ts';
import type { CompletenessReport } from './completeness.ts';
import type { ExpiredReport } from './expired-ranges.ts';
import type { Finding, FindingKind, Findings } from './findings.ts';
import type { RetentionReport } from './retention.ts';

export interface ListedFindings {
  readonly count: number;
  /** The first ones. */
  readonly list: readonly Finding[];
}

export interface VerifyReport {
  readonly origin: string;
  /** 'store': the recorder's own database, which proves less: its owner can rewrite all of it. */
  readonly source: 'archive' | 'store';
  /** For people: a path or s3://bucket/prefix. */
  readonly location: string;
  /** Keys trusted at the end: those given, and those the log rotated to. */
  readonly keyIds: readonly string[];
  readonly integrity: 'pass' | 'fail';
  readonly failures: ListedFindings;
  readonly anomalies: ListedFindings;
  readonly format: ListedFindings;
  readonly notes: ListedFindings;
  readonly records: RecordCounts;
  /** Newest seal; undefined when there is none. */
  readonly head: HeadReport | undefined;
  /** Where a check can begin when seals before it are gone: the first signed edge there is. Undefined: nothing is gone. */
  readonly continueFrom: number | undefined;
  readonly batchCount: number;
  /** Undefined for a database. */
  readonly objects: ObjectCounts | undefined;
  /** 'locked': every object that counts is locked now, by what the store says. */
  readonly tier: 'local' | 'locked';
  readonly retention: RetentionReport | undefined;
  readonly since: SinceReport | undefined;
  readonly completeness: CompletenessReport;
}

export interface RecordCounts {
  /** Where the check began; 0 = all of the log. */
  readonly from: number;
  /** Tree size of the newest seal. */
  readonly size: number;
  /** Lines read, hashed, and found to be the leaves of the signed root. */
  readonly verifiedCount: number;
  /** Content that retention no longer holds: leaf hashes verified, lines gone. */
  readonly expiredCount: number;
  /** Which ones, and under which promise. */
  readonly expired: ExpiredReport;
  /** Records of a database that are not in any batch yet. */
  readonly unsealedCount: number;
}

export interface HeadReport {
  readonly prev: number;
  readonly size: number;
  /** base64. */
  readonly root: string;
  readonly keyId: string;
  /** RFC 3339, the store's clock; '' when it gives none. */
  readonly sealedTime: string;
  /** False: sealed, its checkpoint is still on the way. */
  readonly isPublished: boolean;
  /** Size of the newest checkpoint, 0 for none. */
  readonly publishedSize: number;
  /** The newest checkpoint itself, a signed note: what to keep for the next check (`--since`). '' for none. */
  readonly checkpoint: string;
}

export interface ObjectCounts {
  readonly objectCount: number;
  readonly versionCount: number;
  readonly deleteMarkerCount: number;
}

export interface SinceReport {
  readonly size: number;
  /** The log still begins with exactly the records of the kept checkpoint. */
  readonly isConsistent: boolean;
}

/** 0 pass · 1 integrity failed (strict: or an anomaly or a format problem) · 3 gaps without explanation. */
export function exitCodeOf(report: VerifyReport, isStrict: boolean): 0 | 1 | 3 {
  if (report.integrity === 'fail') return 1;
  if (isStrict && report.anomalies.count + report.format.count > 0) return 1;
  return report.completeness.verdict === 'unexplained' ? 3 : 0;
}

export function listFindings(
  findings: Findings,
): Pick<VerifyReport, 'integrity' | 'failures' | 'anomalies' | 'format' | 'notes'> {
  const listed = (kind: FindingKind): ListedFindings => ({ count: findings.count(kind), list: findings.list(kind) });
  return {
    integrity: findings.count('failure') > 0 ? 'fail' : 'pass',
    failures: listed('failure'),
    anomalies: listed('anomaly'),
    format: listed('format'),
    notes: listed('note'),
  };
}

export function toHeadReport({ head, published }: Pick<ChainResult, 'head' | 'published'>): HeadReport | undefined {
  if (head === undefined) return undefined;
  const { prev, size, root, keyId, sealedMs, isPublished } = head;
  return {
    prev,
    size,
    root: encodeBase64(root),
    keyId,
    sealedTime: Number.isFinite(sealedMs) ? new Date(sealedMs).toISOString() : '',
    isPublished,
    publishedSize: published?.size ?? 0,
    checkpoint: published?.checkpointNote ?? '',
  };
}

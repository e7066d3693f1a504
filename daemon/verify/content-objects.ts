// Batch and blobs of one manifest: a version counts only if length and SHA-256 are those that the log has signed.
// Missing content is judged by the caller's clock against the retention that the manifest names.
import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { IntegrityError } from '../errors.ts';
import { formatObjectKey, type ObjectKey } from '../merkle/object-key.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { inflateBatch, matchLines, type BatchLines, type LineMismatch } from './batch-content.ts';
import type { Findings } from './findings.ts';
import { relist, type Group, type StoredVersion } from './inventory.ts';
import { placeOf, type ArchiveReader } from './object-read.ts';
import { addDuplicate } from './signed-objects.ts';

export interface GroupContent {
  /** The lines of the batch, when they are exactly the leaves of the manifest. */
  readonly lines: readonly Buffer[] | undefined;
  /** The batch is gone, and was free to go. */
  readonly isExpired: boolean;
  /** The versions that count. */
  readonly counted: readonly StoredVersion[];
}

export interface ContentContext {
  readonly reader: ArchiveReader;
  readonly findings: Findings;
  /** True when retention no longer obliges the store to hold the content of this batch. */
  readonly mayBeExpired: boolean;
}

export async function readGroupContent(
  context: ContentContext,
  group: Group,
  manifest: Manifest,
): Promise<GroupContent> {
  const batch = await readBatch(context, group, manifest);
  const counted = batch.found === undefined ? [] : [batch.found.version];
  for (const { sha256, storedBytes } of manifest.blobs) {
    const object: ObjectKey = { kind: 'blob', prev: manifest.prev, sha256, attempt: 1 };
    const versions = group.blob.filter((version) => version.object.kind === 'blob' && version.object.sha256 === sha256);
    const blob = await readCounted(context, object, versions, { sha256, storedBytes });
    if (blob.found !== undefined) counted.push(blob.found.version);
    if (blob.isExpired) context.findings.add('note', expiredBlob(object));
  }
  addOrphanBlobs(context.findings, group, manifest);
  return { lines: batch.lines, isExpired: batch.isExpired, counted };
}

function expiredBlob(object: ObjectKey) {
  return { code: 'blob-expired', message: 'its retention is over', key: formatObjectKey(object), prev: object.prev };
}

interface Expected {
  readonly sha256: string;
  readonly storedBytes: number;
}

interface Counted {
  readonly found: { readonly version: StoredVersion; readonly body: Uint8Array } | undefined;
  readonly isExpired: boolean;
}

interface Picked extends Pick<Counted, 'found'> {
  /** A body of the key that is not the signed one: perhaps the signed one, altered. */
  readonly other: Uint8Array | undefined;
  readonly refused: readonly StoredVersion[];
}

async function readBatch(
  context: ContentContext,
  group: Group,
  manifest: Manifest,
): Promise<Counted & { readonly lines: readonly Buffer[] | undefined }> {
  const object: ObjectKey = { kind: 'batch', prev: manifest.prev, attempt: 1 };
  const counted = await readCounted(context, object, group.batch, manifest.batch, (other) =>
    describeAltered(other, manifest),
  );
  return { ...counted, lines: counted.found && readLines(context, counted.found, manifest) };
}

/** What the manifest vouches for must be the leaves it lists: its own signer may have erred, or lied. */
function readLines(
  { findings }: ContentContext,
  { body, version }: NonNullable<Counted['found']>,
  manifest: Manifest,
): readonly Buffer[] | undefined {
  const result = linesOrCode(body, manifest);
  if ('code' in result) {
    findings.add('failure', {
      ...placeOf(version),
      code: result.code,
      message: 'expected a whole batch, got other bytes',
    });
    return undefined;
  }
  if (result.mismatch === undefined) return result.lines;
  const { offset, reason } = result.mismatch;
  const leafIndex = manifest.prev + offset;
  const message = `expected the lines of the batch to be its leaves, got ${reason} at record ${leafIndex}`;
  findings.add('failure', { ...placeOf(version), code: 'line-mismatch', leafIndex, message });
  return undefined;
}

function linesOrCode(body: Uint8Array, manifest: Manifest): BatchLines | { readonly code: string } {
  try {
    return matchLines(inflateBatch(body, manifest.batch.lineBytes), manifest.leaves);
  } catch (error) {
    if (error instanceof IntegrityError) return { code: error.code };
    throw error;
  }
}

/**
 * The first version with the signed length and digest. Others are anomalies; none at all is a failure unless retention
 * is over. `explain` tells more of a body that is not the signed one.
 */
async function readCounted(
  context: ContentContext,
  object: ObjectKey,
  listed: readonly StoredVersion[],
  expected: Expected,
  explain: (other: Uint8Array) => { readonly leafIndex?: number } = () => ({}),
): Promise<Counted> {
  const { reader, findings } = context;
  // Written between the listing of its folder and that of the seals: look again before calling it missing.
  const versions = listed.length > 0 ? listed : await relist(reader.archive, reader.base, object);
  const { found, other, refused } = await pickCounted(context, versions, expected);
  const isAltered = versions.some((version) => !version.isDeleteMarker);
  const isFailure = found === undefined && !context.mayBeExpired;
  // The only version there is: the failure below says it all.
  const isToldBelow = isFailure && isAltered && refused.length === 1;
  if (!isToldBelow) for (const version of refused) addRefused(findings, version);
  if (!isFailure) return { found, isExpired: found === undefined };
  findings.add('failure', {
    code: `${object.kind}-${isAltered ? 'altered' : 'missing'}`,
    message: `expected the signed content, got ${isAltered ? 'other bytes' : 'none'}`,
    key: formatObjectKey(object),
    prev: object.prev,
    ...(other === undefined ? {} : explain(other)),
  });
  return { found, isExpired: false };
}

async function pickCounted(
  { reader, findings }: ContentContext,
  versions: readonly StoredVersion[],
  expected: Expected,
): Promise<Picked> {
  let found: Counted['found'];
  let other: Uint8Array | undefined;
  const refused: StoredVersion[] = [];
  for (const version of versions) {
    const isLikely = version.sizeBytes === expected.storedBytes || found === undefined;
    const body = isLikely ? await reader.read(version, maxExplainedBytes(expected)) : undefined;
    const isSigned = body?.length === expected.storedBytes && hash('sha256', body, 'hex') === expected.sha256;
    if (!isSigned) {
      other ??= body;
      refused.push(version);
    } else if (found === undefined) found = { version, body };
    else addDuplicate(findings, version);
  }
  return { found, other, refused };
}

/** An altered object of about the same size is worth reading, to say what was altered. */
function maxExplainedBytes({ storedBytes }: Expected): number {
  return Math.max(storedBytes, Math.min(2 * storedBytes + 65_536, 64 * 1024 ** 2));
}

/** Best effort: names the first record that differs when the altered batch still inflates. */
function describeAltered(other: Uint8Array, manifest: Manifest): { readonly leafIndex?: number } {
  const mismatch = firstDifference(other, manifest);
  return mismatch === undefined ? {} : { leafIndex: manifest.prev + mismatch.offset };
}

function firstDifference(other: Uint8Array, manifest: Manifest): LineMismatch | undefined {
  try {
    const content = gunzipSync(other, { maxOutputLength: 2 * manifest.batch.lineBytes + 65_536 });
    return matchLines(content, manifest.leaves).mismatch;
  } catch {
    // Not even compressed data any more: then there is no record to name.
    return undefined;
  }
}

function addRefused(findings: Findings, version: StoredVersion): void {
  const place = placeOf(version);
  const finding = version.isDeleteMarker
    ? { code: 'delete-marker', message: 'expected an object, got a delete marker over it' }
    : { code: 'foreign-version', message: 'expected the signed length and digest, got other bytes' };
  findings.add('anomaly', { ...place, ...finding });
}

function addOrphanBlobs(findings: Findings, group: Group, manifest: Manifest): void {
  const signed = new Set(manifest.blobs.map((blob) => blob.sha256));
  for (const version of group.blob) {
    if (version.object.kind === 'blob' && signed.has(version.object.sha256)) continue;
    const message = 'expected a blob that the manifest names, got another';
    findings.add('anomaly', { ...placeOf(version), code: 'orphan-blob', message });
  }
}

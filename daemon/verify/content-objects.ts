// Batch and blobs of one manifest: a version counts only if length and SHA-256 are those that the log has signed.
// What is missing is collected here and judged in order, when it is known when the batch was sealed (missing-content.ts).
import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { IntegrityError } from '../errors.ts';
import type { ObjectKey } from '../merkle/object-key.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { inflateBatch, matchLines, type BatchLines, type LineMismatch } from './batch-content.ts';
import type { Findings } from './findings.ts';
import { relist, type Group, type StoredVersion } from './inventory.ts';
import { addRefused, type MissingContent } from './missing-content.ts';
import { placeOf, type ArchiveReader } from './object-read.ts';
import { addDuplicate } from './signed-objects.ts';

export interface GroupContent {
  /** The lines of the batch, when they are exactly the leaves of the manifest. */
  readonly lines: readonly Buffer[] | undefined;
  /** Per object: the versions that count, all with the signed content. */
  readonly counted: readonly (readonly StoredVersion[])[];
  readonly missing: readonly MissingContent[];
  /** The stored bytes behind it all, by SHA-256; empty unless they were asked for. */
  readonly bodies: ReadonlyMap<string, Uint8Array>;
}

export interface ContentContext {
  readonly reader: ArchiveReader;
  /** Every body is held until the batch is done with. */
  readonly wantsBodies: boolean;
  readonly findings: Findings;
}

export async function readGroupContent(
  context: ContentContext,
  group: Group,
  manifest: Manifest,
): Promise<GroupContent> {
  const { prev } = manifest;
  const batch = await readCounted(
    context,
    group,
    { kind: 'batch', prev, attempt: 1 },
    group.batch,
    manifest.batch,
    (other) => describeAltered(other, manifest),
  );
  const lines = batch.found && readLines(context, batch.found, manifest);
  const counted = batch.found === undefined ? [] : [batch.found.versions];
  const missing = batch.missing === undefined ? [] : [batch.missing];
  const bodies = new Map<string, Uint8Array>();
  const keep = (sha256: string, found: Counted['found']): void => {
    if (context.wantsBodies && found !== undefined) bodies.set(sha256, found.body);
  };
  keep(manifest.batch.sha256, batch.found);
  const blobs = byDigest(group.blob);
  for (const expected of manifest.blobs) {
    const object = { kind: 'blob', prev, sha256: expected.sha256, attempt: 1 } as const;
    const blob = await readCounted(context, group, object, blobs.get(expected.sha256) ?? [], expected);
    if (blob.found !== undefined) counted.push(blob.found.versions);
    if (blob.missing !== undefined) missing.push(blob.missing);
    keep(expected.sha256, blob.found);
  }
  addOrphanBlobs(context.findings, group, manifest);
  return { lines, counted, missing, bodies };
}

function byDigest(versions: readonly StoredVersion[]): ReadonlyMap<string, readonly StoredVersion[]> {
  return Map.groupBy(versions, ({ object }) => (object.kind === 'blob' ? object.sha256 : ''));
}

const MAX_RELISTED = 256;

interface Expected {
  readonly sha256: string;
  readonly storedBytes: number;
}

interface Counted {
  readonly found:
    { readonly versions: readonly [StoredVersion, ...StoredVersion[]]; readonly body: Uint8Array } | undefined;
  readonly missing: MissingContent | undefined;
}

interface Picked extends Pick<Counted, 'found'> {
  /** A body of the key that is not the signed one: perhaps the signed one, altered. */
  readonly other: Uint8Array | undefined;
  readonly refused: readonly StoredVersion[];
}

/** What the manifest vouches for must be the leaves it lists: its own signer may have erred, or lied. */
function readLines(
  { findings }: ContentContext,
  { body, versions: [version] }: NonNullable<Counted['found']>,
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
 * The first version with the signed length and digest. Others are anomalies. `explain` tells more of a body that is not
 * the signed one.
 */
async function readCounted(
  context: ContentContext,
  group: Group,
  object: ObjectKey,
  listed: readonly StoredVersion[],
  expected: Expected,
  explain: (other: Uint8Array) => { readonly leafIndex?: number } = () => ({}),
): Promise<Counted> {
  const { reader, findings } = context;
  // Written between the listing of its folder and that of the seals: look again before calling it missing.
  const versions = listed.length > 0 ? listed : await toArray(relist(reader.archive, reader.base, object));
  const picked = await pickCounted(context, versions, expected);
  const { other, refused } = picked;
  const found =
    picked.found ?? (group.overflow.has(object.kind) ? await findUnheld(reader, object, expected) : undefined);
  if (found !== undefined) {
    addRefused(findings, refused);
    return { found, missing: undefined };
  }
  const isAltered = versions.some((version) => !version.isDeleteMarker);
  return { found, missing: { object, isAltered, refused, ...(other === undefined ? {} : explain(other)) } };
}

/** Enough to name what stands there; a crowd of others is told by its size. */
async function toArray(versions: AsyncIterable<StoredVersion>): Promise<readonly StoredVersion[]> {
  const taken: StoredVersion[] = [];
  for await (const version of versions) if (taken.push(version) >= MAX_RELISTED) break;
  return taken;
}

/** Among more versions than are held: only those of the signed length are read, and only one at a time. */
async function findUnheld(reader: ArchiveReader, object: ObjectKey, expected: Expected): Promise<Counted['found']> {
  for await (const version of relist(reader.archive, reader.base, object)) {
    if (version.sizeBytes !== expected.storedBytes) continue;
    const body = await reader.read(version, expected.storedBytes);
    if (body !== undefined && isSigned(body, expected)) return { versions: [version], body };
  }
  return undefined;
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
    if (body === undefined || !isSigned(body, expected)) {
      other ??= body;
      refused.push(version);
    } else if (found === undefined) found = { versions: [version], body };
    else {
      found = { ...found, versions: [...found.versions, version] };
      addDuplicate(findings, version);
    }
  }
  return { found, other, refused };
}

function isSigned(body: Uint8Array, { storedBytes, sha256 }: Expected): boolean {
  return body.length === storedBytes && hash('sha256', body, 'hex') === sha256;
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

function addOrphanBlobs(findings: Findings, group: Group, manifest: Manifest): void {
  const signed = new Set(manifest.blobs.map((blob) => blob.sha256));
  for (const version of group.blob) {
    if (version.object.kind === 'blob' && signed.has(version.object.sha256)) continue;
    const message = 'expected a blob that the manifest names, got another';
    findings.add('anomaly', { ...placeOf(version), code: 'orphan-blob', message });
  }
}

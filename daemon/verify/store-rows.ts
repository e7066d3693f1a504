// One frozen batch of the database against its signed manifest: the row's own columns, the compressed bytes, the blobs.
import { hash } from 'node:crypto';
import { IntegrityError } from '../errors.ts';
import { equalHashes } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import type { Batch, Batches } from '../store/batches.ts';
import { inflateBatch, matchLines } from './batch-content.ts';
import type { Findings } from './findings.ts';

export function checkBatchRow(batch: Batch, manifest: Manifest, findings: Findings): void {
  const { prev } = batch;
  const isRow =
    manifest.prev === prev &&
    manifest.size === batch.size &&
    equalHashes(manifest.root, batch.root) &&
    manifest.batch.sha256 === batch.bodySha256;
  if (!isRow) {
    const message = 'expected the columns of the batch to be what its manifest says, got others';
    findings.add('failure', { code: 'batch-row-altered', prev, message });
  }
  const digest = hash('sha256', batch.body, 'hex');
  if (digest === manifest.batch.sha256 && batch.body.length === manifest.batch.storedBytes) {
    checkLines(batch, manifest, findings);
    return;
  }
  const message = 'expected the stored batch to have the signed digest, got another';
  findings.add('failure', { code: 'batch-altered', prev, message });
}

export function checkBlobRows(batches: Batches, manifest: Manifest, findings: Findings): void {
  const { prev } = manifest;
  const found = new Set<string>();
  for (const { sha256, leafIndex, body } of batches.blobs(prev, manifest.size)) {
    found.add(sha256);
    if (hash('sha256', body, 'hex') === sha256) continue;
    const message = `expected the blob of record ${leafIndex} to have its digest, got another`;
    findings.add('failure', { code: 'blob-altered', prev, leafIndex, message });
  }
  const signed = new Set(manifest.blobs.map(({ sha256 }) => sha256));
  for (const sha256 of signed) {
    if (found.has(sha256)) continue;
    const message = 'expected every blob that the manifest names, got one less';
    findings.add('failure', { code: 'blob-missing', prev, message });
  }
  for (const sha256 of found) {
    if (signed.has(sha256)) continue;
    const message = 'expected only blobs that the manifest names, got another';
    findings.add('failure', { code: 'blob-unsigned', prev, message });
  }
}

function checkLines(batch: Batch, manifest: Manifest, findings: Findings): void {
  try {
    const { mismatch } = matchLines(inflateBatch(batch.body, manifest.batch.lineBytes), manifest.leaves);
    if (mismatch === undefined) return;
    const leafIndex = manifest.prev + mismatch.offset;
    const message = `expected the lines of the batch to be its leaves, got ${mismatch.reason} at record ${leafIndex}`;
    findings.add('failure', { code: 'line-mismatch', prev: batch.prev, leafIndex, message });
  } catch (error) {
    if (!(error instanceof IntegrityError)) throw error;
    findings.add('failure', { code: error.code, prev: batch.prev, message: error.message });
  }
}

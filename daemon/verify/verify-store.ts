// Verifies the recorder's own database: the same chain, over rows instead of objects. It names the record that one
// changed byte belongs to; it cannot prove that its owner did not write all of it anew. Reads only.
import { IntegrityError, ParseError } from '../errors.ts';
import { openCheckpoint, type Checkpoint } from '../merkle/checkpoint.ts';
import { equalHashes, leafHash, type Hash } from '../merkle/hash.ts';
import { openManifest, type Manifest } from '../merkle/manifest.ts';
import type { OpenedNote, Verifier } from '../merkle/note.ts';
import { createBatches, type Batch, type Batches } from '../store/batches.ts';
import { guarded, type Sqlite } from '../store/database.ts';
import { createEntries, type Entries } from '../store/entries.ts';
import { createChain, startAt, type Chain } from './chain.ts';
import { createCompleteness } from './completeness.ts';
import { createExpiredRanges } from './expired-ranges.ts';
import { createFindings, type Findings } from './findings.ts';
import type { LoadedGroup } from './group.ts';
import { mayBeExpired } from './missing-content.ts';
import { readFacts } from './record-facts.ts';
import { listFindings, toHeadReport, type VerifyReport } from './report.ts';
import { parseKeptCheckpoint } from './since.ts';
import { toSigned, type Signed, type Trust } from './signed-objects.ts';
import { checkBatchRow, checkBlobRows } from './store-rows.ts';
import { createNodeCheck } from './store-nodes.ts';
import type { VerifyOptions } from './verify-archive.ts';

export type StoreVerifyOptions = Pick<VerifyOptions, 'nowMs' | 'since' | 'isStrict' | 'onProgress'>;

/**
 * Checks every row of the log's own tables (entries, node hashes, batches, blobs) in one read transaction; what is
 * derived, and what the recorder remembers for itself, is not part of the log. Throws StoreError when rows cannot be
 * read, and ConfigError `verify-since-invalid`.
 */
export function verifyStore(
  database: Sqlite,
  verifiers: readonly Verifier[],
  options: StoreVerifyOptions,
): VerifyReport {
  return guarded('verify the database', () => database.transaction(() => verifyRows(database, verifiers, options))());
}

function verifyRows(database: Sqlite, verifiers: readonly Verifier[], options: StoreVerifyOptions): VerifyReport {
  const origin = verifiers[0]?.name ?? '';
  const findings = createFindings();
  const batches = createBatches(database);
  const entries = createEntries(database);
  const kept = options.since === undefined ? undefined : parseKeptCheckpoint(options.since);
  const chain = createChain({ origin, verifiers, start: startAt(0), rootWantedAt: kept?.size }, findings);
  const completeness = createCompleteness();
  const walk = createEntryWalk(entries, findings, (leafIndex, line) => {
    const facts = line && readFacts(leafIndex, line, options.isStrict ?? false, findings);
    if (facts !== undefined) completeness.add(facts);
    else if (line === undefined) completeness.skip(1);
  });

  const outlines = batches.outlines();
  const expired = createExpiredRanges(0);
  for (const [index, { prev }] of outlines.entries()) {
    const accepted = acceptBatch(batches, prev, chain, findings, options.nowMs);
    if (accepted !== undefined) {
      const { manifest, isExpired } = accepted;
      walk.to(manifest.size, manifest, isExpired);
      if (isExpired) expired.add({ from: prev, to: manifest.size, contentDays: manifest.contentDays, mode: '' });
    }
    const counts = { listedCount: 0, batchCount: index + 1, batchTotal: outlines.length };
    options.onProgress?.({ ...counts, recordCount: walk.verifiedCount() });
  }
  const result = chain.finish();
  const sealedSize = result.head?.size ?? 0;
  const size = entries.size();
  walk.to(Math.max(size, sealedSize), undefined);
  walk.finish();
  const since = kept?.judge(chain.trust(), { root: result.wantedRoot, from: 0, size: sealedSize }, findings);
  return {
    origin,
    source: 'store',
    location: 'the local database',
    keyIds: chain.trust().verifiers.map(({ keyId }) => keyId),
    ...listFindings(findings),
    records: {
      from: 0,
      size: sealedSize,
      verifiedCount: walk.verifiedCount(),
      expiredCount: walk.expiredCount(),
      expired: expired.report(),
      unsealedCount: Math.max(0, size - sealedSize),
    },
    head: toHeadReport(result),
    continueFrom: undefined,
    batchCount: result.batchCount,
    objects: undefined,
    tier: 'local',
    retention: undefined,
    since,
    completeness: completeness.report({ nowMs: options.nowMs, sealDelayMs: 0 }),
  };
}

/** Told of every record in order; without its line when that is not the one that was recorded. */
type OnLine = (leafIndex: number, line: Buffer | undefined) => void;

interface EntryWalk {
  /** Entries up to `size`, against the leaves of the manifest that ends there, or only against themselves. */
  to(size: number, manifest: Manifest | undefined, isExpired?: boolean): void;
  finish(): void;
  /** Lines that are the leaves of a signed root. */
  verifiedCount(): number;
  /** Lines that are not kept any more. */
  expiredCount(): number;
}

function createEntryWalk(entries: Entries, findings: Findings, onLine: OnLine): EntryWalk {
  const nodes = createNodeCheck(entries, findings);
  let next = 0;
  let verified = 0;
  let expired = 0;
  const fail = (code: string, leafIndex: number, message: string): void =>
    findings.add('failure', { code, leafIndex, message });
  const failHash = (leafIndex: number): void =>
    fail('leaf-hash-altered', leafIndex, `expected the signed leaf hash of record ${leafIndex}, got another`);
  const check = (leafIndex: number, line: Buffer, stored: Hash, signed: Hash | undefined): void => {
    const computed = leafHash(line);
    nodes.add(signed ?? computed);
    if (signed !== undefined && !equalHashes(stored, signed)) failHash(leafIndex);
    if (equalHashes(computed, signed ?? stored)) {
      if (signed !== undefined) verified += 1;
      onLine(leafIndex, line);
      return;
    }
    fail('line-altered', leafIndex, `expected the line of record ${leafIndex} to give its leaf hash, got another`);
    onLine(leafIndex, undefined);
  };
  const gone = (leafIndex: number, stored: Hash, signed: Hash | undefined): void => {
    nodes.add(signed ?? stored);
    if (signed !== undefined && !equalHashes(stored, signed)) failHash(leafIndex);
    expired += 1;
    onLine(leafIndex, undefined);
  };
  const missing = (leafIndex: number, signed: Hash | undefined): void => {
    fail('entry-missing', leafIndex, `expected record ${leafIndex} in the database, got none`);
    onLine(leafIndex, undefined);
    if (signed !== undefined) nodes.add(signed);
    else nodes.stop();
  };
  return {
    to(size, manifest, isExpired = false) {
      const leafAt = (leafIndex: number): Hash | undefined =>
        manifest === undefined ? undefined : manifest.leaves[leafIndex - manifest.prev];
      for (const { leafIndex, line, leafHash: stored } of entries.range(next, size)) {
        for (; next < leafIndex; next += 1) missing(next, leafAt(next));
        if (isExpired && line.length === 0) gone(leafIndex, stored, leafAt(leafIndex));
        else check(leafIndex, line, stored, leafAt(leafIndex));
        next += 1;
      }
      for (; next < size; next += 1) missing(next, leafAt(next));
    },
    finish: () => nodes.finish(),
    verifiedCount: () => verified,
    expiredCount: () => expired,
  };
}

/** Rows are the only copy here: what does not verify is a failure, not an anomaly. */
function acceptBatch(
  batches: Batches,
  prev: number,
  chain: Chain,
  findings: Findings,
  nowMs: number,
): { readonly manifest: Manifest; readonly isExpired: boolean } | undefined {
  const batch = batches.at(prev);
  if (batch === undefined) return undefined;
  const own = createFindings();
  const seal = openSeal(batch, chain.trust(), own);
  // Restored after its retention was over: hashes and kept lines are what is left of it.
  const isExpired = batch.body.length === 0 && seal !== undefined && mayBeExpired(seal.value, batch.frozenMs, nowMs);
  if (seal !== undefined && !isExpired) {
    checkBatchRow(batch, seal.value, own);
    checkBlobRows(batches, seal.value, own);
  }
  const checkpoint = openStoredCheckpoint(batch, chain.trust(), seal?.value, own);
  const loaded: LoadedGroup = {
    prev,
    seals: seal === undefined ? [] : [seal],
    misplacedSeals: [],
    misplacedCheckpoints: [],
    checkpoints: checkpoint === undefined ? [] : [checkpoint],
    content: undefined,
    locks: [],
    hasUnknownKey: false,
    findings: own,
  };
  const manifest = chain.accept(loaded)?.manifest;
  if (manifest === undefined && seal === undefined) findings.add('failure', unsealed(prev));
  return manifest && { manifest, isExpired };
}

function openSeal(batch: Batch, trust: Trust, findings: Findings): Signed<Manifest> | undefined {
  const opened = openOrFail(batch.prev, 'manifest-altered', findings, () => {
    const { manifest, note } = openManifest(Buffer.from(batch.manifest), trust.verifiers, trust.origin);
    return { value: manifest, note };
  });
  return opened && toRow('seal', batch, opened);
}

function openStoredCheckpoint(
  batch: Batch,
  trust: Trust,
  manifest: Manifest | undefined,
  findings: Findings,
): Signed<Checkpoint> | undefined {
  const { checkpoint: text, prev, phase } = batch;
  const isExpected = phase === 'signed' || phase === 'published';
  if (text === undefined) {
    if (isExpected)
      findings.add('failure', {
        code: 'checkpoint-missing',
        prev,
        message: `expected a stored checkpoint in phase ${phase}, got none`,
      });
    return undefined;
  }
  const opened = openOrFail(prev, 'checkpoint-altered', findings, () => {
    const { checkpoint, note } = openCheckpoint(Buffer.from(text), trust.verifiers, trust.origin);
    return { value: checkpoint, note };
  });
  const isOther =
    opened && manifest && (opened.value.size !== manifest.size || !equalHashes(opened.value.root, manifest.root));
  if (isOther === true) {
    findings.add('failure', {
      code: 'checkpoint-altered',
      prev,
      message: 'expected the checkpoint of this batch, got another one',
    });
  }
  return opened && toRow('checkpoint', batch, opened);
}

function openOrFail<T>(
  prev: number,
  code: string,
  findings: Findings,
  open: () => { readonly value: T; readonly note: OpenedNote },
): { readonly value: T; readonly note: OpenedNote } | undefined {
  try {
    return open();
  } catch (error) {
    if (!(error instanceof ParseError) && !(error instanceof IntegrityError)) throw error;
    findings.add('failure', { code, prev, message: `expected the note that was signed, got ${error.code}` });
    return undefined;
  }
}

function toRow<T>(
  kind: 'seal' | 'checkpoint',
  { prev, frozenMs }: Batch,
  { value, note }: { readonly value: T; readonly note: OpenedNote },
): Signed<T> {
  const object = { kind, prev, attempt: 1 } as const;
  const version = {
    object,
    versionId: '',
    sizeBytes: note.text.length,
    lastModifiedMs: frozenMs,
    isDeleteMarker: false,
    isMultipart: false,
  };
  return toSigned(version, value, note);
}

function unsealed(prev: number) {
  return {
    code: 'seal-missing',
    prev,
    message: `expected a signed manifest for the batch after size ${prev}, got none`,
  };
}

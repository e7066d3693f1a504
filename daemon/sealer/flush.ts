// Carries one frozen batch into the archive: blobs, batch, manifest, checkpoint, in this order (docs/LOG-FORMAT.md,
// order of a seal). Every step looks before it writes where it may have written before, so that a crash or a lost
// answer after any of them leads to the same bytes again, never to other ones.
import { createHash } from 'node:crypto';
import type { Archive, ObjectVersion, Receipt, Retention } from '../archive/archive.ts';
import { ArchiveError, IntegrityError } from '../errors.ts';
import { openCheckpoint } from '../merkle/checkpoint.ts';
import { openManifest } from '../merkle/manifest.ts';
import type { OpenedNote, Verifier } from '../merkle/note.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../merkle/object-key.ts';
import type { Batch, BatchPhase, StoredBlob } from '../store/batches.ts';

/** Squatted keys are passed over; a store in which this many are taken needs a person. */
const MAX_ATTEMPTS = 32;
const MAX_SKEW_MS = 5 * 60_000;

export interface FlushParts {
  readonly archive: Archive;
  readonly verifiers: readonly Verifier[];
  readonly origin: string;
  readonly structure: Retention | undefined;
  readonly content: Retention | undefined;
  /** A foreign object stands at a key of ours; sealing goes on at the next free suffix. */
  onObstructed(key: string): Promise<void>;
}

export interface FlushSteps {
  blobs(): readonly StoredBlob[];
  /** Signs once; the same note for ever after. */
  signCheckpoint(): Promise<string>;
  setPhase(phase: 'content' | 'committed'): Promise<void>;
}

const PHASES: readonly BatchPhase[] = ['frozen', 'content', 'committed', 'signed', 'published'];

/**
 * Returns the receipts of everything the batch consists of. Throws ArchiveError, or IntegrityError `archive-fork`
 * when another validly signed object stands where ours belongs: then nothing more may be signed.
 */
export async function flushBatch(parts: FlushParts, batch: Batch, steps: FlushSteps): Promise<readonly Receipt[]> {
  const { prev } = batch;
  const isBefore = (phase: BatchPhase): boolean => PHASES.indexOf(batch.phase) < PHASES.indexOf(phase);
  const receipts: Receipt[] = [];
  const manifest = Buffer.from(batch.manifest);
  const readManifest: ReadSigned = (bytes) =>
    textOf(
      () => openManifest(bytes, parts.verifiers, parts.origin),
      (opened) => opened.manifest.prev === prev,
    );
  // A database that was set back shows here, before anything of the other history is sent.
  if (isBefore('committed')) await lookUp(parts, sealKey(prev), manifest, readManifest);
  assertClock(parts.archive);
  for (const { sha256, body } of distinct(steps.blobs())) {
    receipts.push(await store(parts, (attempt) => blobKey(prev, sha256, attempt), body, parts.content));
  }
  receipts.push(await store(parts, (attempt) => batchKey(prev, attempt), batch.body, parts.content));
  if (isBefore('content')) await steps.setPhase('content');

  receipts.push(await store(parts, (attempt) => sealKey(prev, attempt), manifest, parts.structure, readManifest));
  if (isBefore('committed')) await steps.setPhase('committed');

  const checkpoint = Buffer.from(await steps.signCheckpoint());
  const readCheckpoint: ReadSigned = (bytes) =>
    textOf(
      () => openCheckpoint(bytes, parts.verifiers, parts.origin),
      (opened) => opened.checkpoint.size === batch.size,
    );
  receipts.push(
    await store(parts, (attempt) => checkpointKey(prev, attempt), checkpoint, parts.structure, readCheckpoint),
  );
  return receipts;
}

/** Times of locks and of records would contradict one another for years: better to wait for a person. */
function assertClock({ clockSkewMs }: Archive): void {
  if (Math.abs(clockSkewMs) <= MAX_SKEW_MS) return;
  const seconds = Math.round(clockSkewMs / 1000);
  throw new ArchiveError(
    'archive-clock-apart',
    `expected the store's clock within 5 minutes of ours, got ${seconds} s`,
    {
      hint: 'set the clock of this host (timedatectl); recording goes on, sealing waits',
      transient: false,
    },
  );
}

function distinct(blobs: readonly StoredBlob[]): readonly StoredBlob[] {
  return [...new Map(blobs.map((blob) => [blob.sha256, blob])).values()];
}

/** The text of bytes that are validly signed for the place where they stand; undefined for all else. */
type ReadSigned = (bytes: Uint8Array) => string | undefined;

const UNSIGNED: ReadSigned = () => undefined;

function textOf<Opened extends { readonly note: OpenedNote }>(
  open: () => Opened,
  belongs: (opened: Opened) => boolean,
): string | undefined {
  try {
    const opened = open();
    return belongs(opened) ? opened.note.text : undefined;
  } catch {
    // Unsigned, damaged or foreign bytes: junk at our key, not another truth.
    return undefined;
  }
}

/** Puts `body` under the first of its keys that is free or already holds it. */
async function store(
  parts: FlushParts,
  keyOf: (attempt: number) => string,
  body: Uint8Array,
  retention: Retention | undefined,
  readSigned: ReadSigned = UNSIGNED,
): Promise<Receipt> {
  const sha256 = createHash('sha256').update(body).digest('hex');
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const key = keyOf(attempt);
    const found = await lookUp(parts, key, body, readSigned);
    if (found !== undefined && found !== 'free') return found;
    if (found === 'free') {
      const result = await parts.archive.put(key, body, sha256, retention);
      // A store that ignores conditions lets two writers through: at least the later one sees both.
      const raced =
        result.outcome === 'exists' || readSigned !== UNSIGNED ? await lookUp(parts, key, body, readSigned) : undefined;
      if (result.outcome === 'created') return result.receipt;
      if (raced !== undefined && raced !== 'free') return raced;
    }
    await parts.onObstructed(key);
  }
  throw new ArchiveError('archive-obstructed', `expected a free key among ${MAX_ATTEMPTS} for ${keyOf(1)}, got none`, {
    hint: 'somebody writes to the archive prefix of this log: find out who may, and take that right away',
    transient: false,
  });
}

/**
 * 'free', the receipt of our own bytes, or undefined when only foreign versions stand there. Throws `archive-fork`
 * when any version is another signed statement: with the same text it is a copy of ours, and as harmless as junk.
 */
async function lookUp(
  { archive }: FlushParts,
  key: string,
  body: Uint8Array,
  readSigned: ReadSigned,
): Promise<Receipt | 'free' | undefined> {
  const versions = await archive.versions(key);
  if (versions.length === 0) return 'free';
  let own: ObjectVersion | undefined;
  for (const version of versions.filter((candidate) => !candidate.isDeleteMarker)) {
    const bytes = await readVersion(archive, version);
    if (bytes === undefined) continue;
    const text = readSigned(bytes);
    if (text !== undefined && text !== readSigned(body)) throw forked(key);
    if (Buffer.compare(bytes, body) === 0) own ??= version;
    if (own !== undefined && readSigned === UNSIGNED) break;
  }
  return own && archive.readReceipt(key, own.versionId);
}

function forked(key: string): IntegrityError {
  return new IntegrityError('archive-fork', `expected only our own signature at ${key}, got another signed object`, {
    hint: 'a second writer with this key, or a restored older database: stop it; keep both; see stateseal verify',
  });
}

/** A version that is no readable object (a folder, a link) is as foreign as any other. */
async function readVersion(archive: Archive, version: ObjectVersion): Promise<Uint8Array | undefined> {
  try {
    return await archive.get(version.key, version.versionId);
  } catch (error) {
    if (error instanceof ArchiveError && !error.transient) return undefined;
    throw error;
  }
}

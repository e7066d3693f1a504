// Carries one frozen batch into the archive: blobs, batch, manifest, checkpoint, in this order (docs/LOG-FORMAT.md,
// order of a seal). Every step looks before it writes where it may have written before, so that a crash or a lost
// answer after any of them leads to the same bytes again, never to other ones.
import { createHash } from 'node:crypto';
import type { Archive, ObjectLock, ObjectVersion, Receipt, Retention } from '../archive/archive.ts';
import { ArchiveError } from '../errors.ts';
import { openCheckpoint } from '../merkle/checkpoint.ts';
import { maxManifestBytes, openManifest } from '../merkle/manifest.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../merkle/object-key.ts';
import type { Batch, BatchPhase } from '../store/batches.ts';
import {
  attemptsFor,
  forked,
  readSeals,
  readVersion,
  textOf,
  type LogIdentity,
  type ReadSigned,
} from './signed-versions.ts';

const MAX_SKEW_MS = 5 * 60_000;
const DAY_MS = 86_400_000;
/** A lock ends a little later than asked from the moment of writing; what is an hour short was not asked by us. */
const LOCK_SLACK_MS = 3_600_000;
/** Versions with our own bytes whose lock is asked for. */
const MAX_COMPARED = 8;

export interface FlushParts extends LogIdentity {
  readonly archive: Archive;
  /** How long manifests and checkpoints are locked. */
  readonly structure: Retention | undefined;
  /** The lock of batch and blobs; its days are those that the manifest promises. */
  readonly content: Retention | undefined;
  /** When this recorder started, milliseconds since the epoch by the host's clock. */
  readonly startedMs: number;
  /** A foreign object stands at a key of ours; sealing goes on at the next free suffix. */
  onObstructed(key: string): Promise<void>;
}

export interface FlushSteps {
  /** SHA-256 of each blob of the batch, once. */
  blobDigests(): readonly string[];
  blob(sha256: string): Uint8Array;
  /** Signs once; the same note for ever after. */
  signCheckpoint(): Promise<string>;
  setPhase(phase: 'content' | 'committed'): Promise<void>;
}

const PHASES: readonly BatchPhase[] = ['frozen', 'content', 'committed', 'signed', 'published'];

/**
 * Returns the receipts of everything the batch consists of. Throws ArchiveError, or IntegrityError `archive-fork` or
 * `archive-second-writer` when another validly signed object stands where ours belongs: nothing more may be signed.
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
  // A database that was set back shows here, before anything of the other history is sent. The answer also tells the
  // store's time anew: what was wrong for one answer must not be held against all later ones.
  await assertNoOther(parts, prev, readManifest(manifest));
  assertClock(parts.archive);
  receipts.push(...(await storeContent(parts, batch, steps)));
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

async function assertNoOther(parts: FlushParts, prev: number, text: string | undefined): Promise<void> {
  const other = (await readSeals(parts.archive, parts, prev)).find((seal) => seal.text !== text);
  if (other !== undefined) throw forked(other.key, isOfNow(parts, other.lastModified));
}

/** True for what the store got, by our own clock, while this recorder ran. */
function isOfNow({ archive, startedMs }: FlushParts, lastModified: string): boolean {
  return Date.parse(lastModified) - archive.clockSkewMs > startedMs;
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

/** Nothing where a restore found the content expired: then the archive had it, and let it go. */
async function storeContent(parts: FlushParts, batch: Batch, steps: FlushSteps): Promise<Receipt[]> {
  const { prev, body } = batch;
  if (body.length === 0) return [];
  const content = toContentLock(parts, batch);
  const receipts: Receipt[] = [];
  // One body at a time: together they may be large.
  for (const sha256 of steps.blobDigests()) {
    receipts.push(await store(parts, (attempt) => blobKey(prev, sha256, attempt), steps.blob(sha256), content));
  }
  return [...receipts, await store(parts, (attempt) => batchKey(prev, attempt), body, content)];
}

/** What the signed manifest promises counts, not a setting that changed since. 0 days: nothing is promised. */
function toContentLock({ content, verifiers, origin }: FlushParts, { manifest }: Batch): Retention | undefined {
  if (content === undefined) return undefined;
  const { contentDays } = openManifest(Buffer.from(manifest), verifiers, origin).manifest;
  return contentDays === 0 ? undefined : { ...content, days: contentDays };
}

const UNSIGNED: ReadSigned = () => undefined;

/** What is to stand at a key. */
interface Wanted {
  readonly body: Uint8Array;
  readonly sha256: string;
  readonly retention: Retention | undefined;
  readonly readSigned: ReadSigned;
}

/** Puts `body` under the first of its keys that is free or already holds it, and tells of each that is neither. */
async function store(
  parts: FlushParts,
  keyOf: (attempt: number) => string,
  body: Uint8Array,
  retention: Retention | undefined,
  readSigned: ReadSigned = UNSIGNED,
): Promise<Receipt> {
  const sha256 = createHash('sha256').update(body).digest('hex');
  const wanted = { body, sha256, retention, readSigned };
  const attempts = attemptsFor(sha256);
  for (const attempt of attempts) {
    const key = keyOf(attempt);
    const receipt = await storeAt(parts, key, wanted);
    if (receipt !== undefined) return receipt;
    await parts.onObstructed(key);
  }
  const count = attempts.length;
  throw new ArchiveError('archive-obstructed', `expected a free key among ${count} for ${keyOf(1)}, got none`, {
    hint: 'somebody writes to the archive prefix of this log: find out who may, and take that right away',
    transient: false,
  });
}

/** Undefined when the key is taken by others. */
async function storeAt(parts: FlushParts, key: string, wanted: Wanted): Promise<Receipt | undefined> {
  const found = await lookUp(parts, key, wanted);
  if (found === 'taken' || typeof found === 'object') return found === 'taken' ? undefined : found;
  const result = await parts.archive.put(key, wanted.body, wanted.sha256, wanted.retention);
  if (result.outcome === 'created') {
    // A store that ignores conditions lets two writers through: at least the later one sees both.
    if (wanted.readSigned !== UNSIGNED) await lookUp(parts, key, wanted);
    return result.receipt;
  }
  const raced = await lookUp(parts, key, wanted);
  if (typeof raced === 'object') return raced;
  if (raced === 'free') throw contradicted(key);
  return undefined;
}

/** Said to be taken, and nothing is there: a conflict that passed, or a proxy that answers for the store. */
function contradicted(key: string): ArchiveError {
  return new ArchiveError('archive-conflict', `expected an object at ${key}, which the store calls taken, got none`, {
    hint: 'it is tried again; if it stays, look at what stands between this host and the store',
    transient: true,
  });
}

/**
 * The receipt of our own bytes under their lock; 'free'; 'unlocked' for our own bytes without their lock, which somebody
 * copied there: one more try, else the next suffix; 'taken' by others alone. Throws `archive-fork` or
 * `archive-second-writer` when any version is another signed statement: with the same text it is a copy of ours, and as
 * harmless as junk.
 */
async function lookUp(
  parts: FlushParts,
  key: string,
  { body, sha256, retention, readSigned }: Wanted,
): Promise<Receipt | 'free' | 'unlocked' | 'taken'> {
  const { archive } = parts;
  const versions = await archive.versions(key);
  if (versions.length === 0) return 'free';
  const maxBytes = readSigned === UNSIGNED ? body.length : maxManifestBytes;
  const own: ObjectVersion[] = [];
  // Oldest first: ours came before whatever was laid over it.
  for (const version of versions.filter((candidate) => !candidate.isDeleteMarker).reverse()) {
    const bytes = await readSure(archive, version, maxBytes, body);
    if (bytes === undefined) continue;
    const text = readSigned(bytes);
    if (text !== undefined && text !== readSigned(body)) {
      throw forked(key, isOfNow(parts, version.lastModified));
    }
    if (Buffer.compare(bytes, body) === 0) own.push(version);
  }
  for (const { versionId } of own.slice(0, MAX_COMPARED)) {
    const lock = await archive.readLock(key, versionId);
    if (isLocked(lock, retention)) return { ...lock, sha256 };
  }
  return own.length > 0 ? 'unlocked' : 'taken';
}

/** What looks like ours and is not is read twice: one damaged answer must not make our own object a stranger's. */
async function readSure(
  archive: Archive,
  version: ObjectVersion,
  maxBytes: number,
  body: Uint8Array,
): Promise<Uint8Array | undefined> {
  const bytes = await readVersion(archive, version, maxBytes);
  if (bytes?.length !== body.length || Buffer.compare(bytes, body) === 0) return bytes;
  const again = await readVersion(archive, version, maxBytes);
  if (again !== undefined && Buffer.compare(bytes, again) === 0) return bytes;
  throw new ArchiveError('archive-bad-answer', `expected ${version.key} to read the same twice, got two bodies`, {
    hint: 'something between this host and the store changes bodies: look at proxies and at the network',
    transient: true,
  });
}

function isLocked({ mode, retainUntil, lastModified }: ObjectLock, retention: Retention | undefined): boolean {
  if (retention === undefined) return true;
  const isMode = mode === retention.mode || mode === 'COMPLIANCE';
  const lockedMs = Date.parse(retainUntil) - Date.parse(lastModified);
  return isMode && lockedMs >= retention.days * DAY_MS - LOCK_SLACK_MS;
}

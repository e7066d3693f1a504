// When to seal, and how to go on when the archive fails: one batch after the other, in order, for days if need be.
// Recording never waits for it. Nothing here touches what is recorded except by appending receipts.
import type { Archive, Receipt, Retention } from '../archive/archive.ts';
import { ArchiveError, IntegrityError, StatesealError, describeForeign } from '../errors.ts';
import type { NewRecord } from '../recorder/appender.ts';
import type { RecorderClient } from '../recorder/client.ts';
import type { Outcome } from '../recorder/parts.ts';
import type { Batch } from '../store/batches.ts';
import type { SealView } from '../store/seal-view.ts';
import { flushBatch } from './flush.ts';
import type { LogIdentity } from './signed-versions.ts';
import { checkStart } from './start-check.ts';

export interface SealPolicy {
  /** Oldest unsealed evidence may be this old. */
  readonly maxAgeMs: number;
  readonly maxRecords: number;
  readonly maxBytes: number;
  /** A checkpoint is renewed when the newest is this old, if anything at all was recorded. */
  readonly idleMs: number;
  readonly structure: Retention | undefined;
  readonly content: Retention | undefined;
}

export interface SealerParts extends LogIdentity, SealView {
  /** Opens the archive at the log's own folder; called at the first seal. */
  openArchive(): Promise<Archive>;
  readonly recorder: Pick<RecorderClient, 'append' | 'freeze' | 'signCheckpoint' | 'setPhase' | 'publish' | 'resend'>;
  readonly policy: SealPolicy;
  /** Milliseconds of a clock that nobody sets back; about the time of day, for `retryMs`. */
  now(): number;
  random(): number;
  onSealed(batch: Batch): void;
  /** Once when it appears and when it becomes another, not with each retry; anew after a batch came through. */
  onProblem(problem: SealProblem): void;
}

export interface SealProblem {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** When the next attempt comes, milliseconds since the epoch; undefined = none: a person is needed. */
  readonly retryMs: number | undefined;
}

export interface SealerStatus {
  readonly state: 'idle' | 'sealing' | 'waiting' | 'stopped';
  readonly failures: number;
  readonly problem: SealProblem | undefined;
  readonly oldestEvidenceMs: number | undefined;
}

export interface Sealer {
  /** Tells of new records; arms the timer when some are evidence. */
  notice(outcome: Pick<Outcome, 'evidence' | 'from' | 'to' | 'bytes'>): void;
  /** Seals when it is due. Call about once a second. */
  tick(): Promise<void>;
  /** Seals everything that is recorded. Throws what the archive threw. */
  seal(): Promise<void>;
  status(): SealerStatus;
  close(): Promise<void>;
}

const FIRST_RETRY_MS = 1_000;
const MAX_RETRY_MS = 300_000;

export function createSealer(parts: SealerParts): Sealer {
  const startedMs = parts.now();
  let archive: Archive | undefined;
  let isChecked = false;
  let running: Promise<void> | undefined;
  let armed = NOTHING;
  /** What the seal under way takes along: armed again when it fails. */
  let taken = NOTHING;
  /** Size of the log when the newest seal began: records below it are its. */
  let coveredSize = 0;
  const reported = new Set<string>();
  let lastSealMs = parts.now();
  let failures = 0;
  let problem: SealProblem | undefined;
  /** What `onProblem` was told last. */
  let told: string | undefined;
  let isClosed = false;
  /** A batch came through: whatever fails from here on fails anew. */
  const progressed: SealerParts = {
    ...parts,
    onSealed: (batch) => {
      failures = 0;
      told = undefined;
      parts.onSealed(batch);
    },
  };

  const flushAll = async (): Promise<void> => {
    archive ??= await parts.openArchive();
    // Before anything is signed; again when that failed: the archive may have been put right by then.
    if (!isChecked && (await checkStart({ ...parts, archive })) === 'moved') await parts.recorder.resend();
    isChecked = true;
    for (const prev of parts.batches.unfinished())
      await flushOne({ ...progressed, startedMs }, archive, prev, reported);
  };

  const sealAll = async (): Promise<void> => {
    // Up to what was recorded when it began: the receipts of this seal wait for the next one, or it would never end.
    coveredSize = parts.size();
    const total = coveredSize;
    taken = join(taken, armed);
    // What is noticed from here on came later: it waits for its own seal, and must not be forgotten with this one.
    armed = NOTHING;
    // Older batches first: order is what the chain is made of.
    await flushAll();
    while (parts.batches.frozenSize() < total && (await parts.recorder.freeze()) !== undefined) await flushAll();
    taken = NOTHING;
    reported.clear();
    lastSealMs = parts.now();
    failures = 0;
    problem = undefined;
  };

  const fail = (error: unknown): void => {
    if (isClosed) return;
    failures += 1;
    problem = toProblem(error, retryAt(error, failures, parts));
    const kind = kindOf(error, problem);
    if (kind === told) return;
    told = kind;
    parts.onProblem(problem);
  };

  const seal = (): Promise<void> => {
    running ??= sealAll()
      .catch((error: unknown) => {
        fail(error);
        throw error;
      })
      .finally(() => {
        running = undefined;
      });
    return running;
  };

  const isDue = (): boolean => {
    const now = parts.now();
    if (problem) return problem.retryMs !== undefined && problem.retryMs <= now;
    const { oldestEvidenceMs, records, bytes } = armed;
    if (oldestEvidenceMs !== undefined && now - oldestEvidenceMs >= parts.policy.maxAgeMs) return true;
    if (records >= parts.policy.maxRecords || bytes >= parts.policy.maxBytes) return true;
    return records > 0 && now - lastSealMs >= parts.policy.idleMs;
  };

  return {
    notice({ evidence, from, to, bytes }) {
      if (to <= coveredSize) return;
      armed = join(armed, {
        oldestEvidenceMs: evidence > 0 ? parts.now() : undefined,
        records: to - from,
        bytes,
      });
    },
    async tick() {
      if (running !== undefined || !isDue()) return;
      // The failure is kept in the status and was reported when it happened.
      await seal().catch(() => undefined);
    },
    async seal() {
      // One that is under way may have begun before the newest record: go once more after it.
      await running?.catch(() => undefined);
      await seal();
    },
    status: () => ({
      state: running ? 'sealing' : problem ? (problem.retryMs === undefined ? 'stopped' : 'waiting') : 'idle',
      failures,
      problem,
      oldestEvidenceMs: join(taken, armed).oldestEvidenceMs,
    }),
    async close() {
      isClosed = true;
      // The archive first: it cuts a request that a silent store would keep open; what was cut is sent again later.
      await archive?.close();
      await running?.catch(() => undefined);
    },
  };
}

/** Records that wait for a seal. */
interface Armed {
  readonly oldestEvidenceMs: number | undefined;
  readonly records: number;
  readonly bytes: number;
}

const NOTHING: Armed = { oldestEvidenceMs: undefined, records: 0, bytes: 0 };

function join(older: Armed, newer: Armed): Armed {
  return {
    oldestEvidenceMs: older.oldestEvidenceMs ?? newer.oldestEvidenceMs,
    records: older.records + newer.records,
    bytes: older.bytes + newer.bytes,
  };
}

/** `reported`: obstructed keys that the log names already; a retry meets them again. */
async function flushOne(
  parts: SealerParts & { readonly startedMs: number },
  archive: Archive,
  prev: number,
  reported: Set<string>,
): Promise<void> {
  const { recorder, policy, verifiers, origin, startedMs } = parts;
  const batch = parts.batches.at(prev);
  if (batch === undefined || batch.phase === 'published') return;
  const receipts = await flushBatch(
    {
      archive,
      verifiers,
      origin,
      startedMs,
      structure: policy.structure,
      content: policy.content,
      onObstructed: async (key) => {
        if (reported.has(key)) return;
        await recorder.append([toObstructed(origin, archive, key)]);
        reported.add(key);
      },
    },
    batch,
    {
      blobDigests: () => parts.batches.blobLengths(batch.prev, batch.size).map(({ sha256 }) => sha256),
      blob: (sha256) => parts.batches.blob(sha256) ?? Buffer.alloc(0),
      signCheckpoint: () => recorder.signCheckpoint(prev),
      setPhase: (phase) => recorder.setPhase(prev, phase),
    },
  );
  await recorder.publish(prev, [toReceipts(origin, archive, batch, receipts)]);
  parts.onSealed(batch);
}

const NOW = { source: 'sealer', effectiveTime: '', timeBasis: 'clock' } as const;

function toReceipts(origin: string, archive: Archive, batch: Batch, receipts: readonly Receipt[]): NewRecord {
  // A batch with very many blobs would not fit a leaf: the newest receipts stand for all of their kind.
  const objects = receipts.slice(-64);
  return {
    type: 'batch.archived',
    source: origin,
    subject: origin,
    moment: NOW,
    data: { prev: batch.prev, size: batch.size, archive: archive.location, objects, objectCount: receipts.length },
  };
}

function toObstructed(origin: string, archive: Archive, key: string): NewRecord {
  return {
    type: 'archive.obstructed',
    source: origin,
    subject: key,
    moment: NOW,
    data: { key, archive: archive.location },
  };
}

/** Transient: 1 s, 2 s, 4 s, … 5 min, with jitter. Permanent: every 5 min, for a person may mend it. Fork: never. */
function retryAt(error: unknown, failures: number, parts: SealerParts): number | undefined {
  if (error instanceof IntegrityError) return undefined;
  const isTransient = error instanceof ArchiveError && error.transient;
  const delay = isTransient ? Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1)) : MAX_RETRY_MS;
  return parts.now() + delay * (0.5 + parts.random() / 2);
}

/**
 * What makes a problem another one. A store that is away fails now at this call, now at that; of what a person must
 * mend, the text matters too, but for numbers, which differ with each attempt.
 */
function kindOf(error: unknown, { code, message }: SealProblem): string {
  const isTransient = error instanceof ArchiveError && error.transient;
  return isTransient ? code : `${code} ${message.replaceAll(/\d+/gu, '#')}`;
}

function toProblem(error: unknown, retryMs: number | undefined): SealProblem {
  if (error instanceof StatesealError) {
    return { code: error.code, message: error.message, hint: error.hint, retryMs };
  }
  return { code: 'seal-failed', message: describeForeign(error), hint: 'see the log lines around it', retryMs };
}

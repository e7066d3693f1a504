// Verifies a log from its archive and its key alone: lists, reads in parallel, checks the chain in order. Memory is that
// of the batches under way and of a few numbers per batch. Writes nothing.
import type { Archive } from '../archive/archive.ts';
import { ConfigError } from '../errors.ts';
import type { Verifier } from '../merkle/note.ts';
import { createChain, startAt, type Accepted, type Chain, type ChainResult, type ChainStart } from './chain.ts';
import { createCompleteness } from './completeness.ts';
import { describeElsewhere } from './elsewhere.ts';
import { createFindings, type Findings } from './findings.ts';
import { surveyArchive, type Survey } from './inventory.ts';
import { createLineCounter, type LineCounter } from './line-counter.ts';
import type { LoadedGroup } from './group.ts';
import { loadGroups } from './load-groups.ts';
import { createLogPolicy, type LogPolicy } from './log-policy.ts';
import type { LifeStart } from './recorder-life.ts';
import { listFindings, toHeadReport, type VerifyReport } from './report.ts';
import { createRetention, type Retention } from './retention.ts';
import { parseKeptCheckpoint } from './since.ts';

export interface VerifyOptions {
  readonly nowMs: number;
  /** A checkpoint (signed note) kept from earlier: the log must still begin with it. */
  readonly since?: string;
  /** Checks the canonical form of every line, which costs more than all the rest. */
  readonly isStrict?: boolean;
  /** Start at this batch boundary, trusting the signed edge there. Default 0: the whole log. */
  readonly from?: number;
  /** Objects read at once. */
  readonly concurrency?: number;
  /** Ask the store about every lock; default: where it can lock. */
  readonly wantsReceipts?: boolean;
  /** Count locks that end within this time. */
  readonly endingSoonMs?: number;
  onProgress?(progress: VerifyProgress): void;
  /** Takes each batch that extends the history, with the bytes of its content, in order: before the last word is said. */
  onAccepted?(accepted: Accepted, loaded: LoadedGroup): void;
}

export interface VerifyProgress {
  /** Objects listed so far, while nothing is read yet. */
  readonly listedCount: number;
  readonly batchCount: number;
  /** Seals listed. */
  readonly batchTotal: number;
  readonly recordCount: number;
}

/** What somebody who comes back later goes on from, instead of believing it anew. */
export interface ResumeFrom extends ChainStart {
  readonly life: LifeStart;
}

/** What a later check can go on from. */
export interface VerifyTrace {
  readonly report: VerifyReport;
  readonly chain: ChainResult;
  /** Of everything listed before the size that this check began at, and before the newest checkpoint's size. */
  readonly digestAtStart: string;
  readonly digestAtPublished: string;
}

/** An idle recorder seals hourly: until then its heartbeats are not in the archive. */
export const idleSealMs = 3_600_000;

/**
 * `archive` stands at the log's folder or its parent; `verifiers` are keys of one log. Throws ConfigError
 * `verify-no-log` (nothing of this log there) or `verify-since-invalid`, and what the archive throws when it cannot be read.
 */
export async function verifyArchive(
  archive: Archive,
  verifiers: readonly Verifier[],
  options: VerifyOptions,
): Promise<VerifyReport> {
  return (await run(archive, verifiers, { ...options, wantsDigest: false })).report;
}

/** As verifyArchive, and with what a later check needs. `resume`: only what came since is read. */
export async function traceArchive(
  archive: Archive,
  verifiers: readonly Verifier[],
  options: VerifyOptions & { readonly resume?: ResumeFrom | undefined },
): Promise<VerifyTrace> {
  return run(archive, verifiers, { ...options, wantsDigest: true });
}

type RunOptions = VerifyOptions & { readonly resume?: ResumeFrom | undefined; readonly wantsDigest: boolean };

async function run(archive: Archive, verifiers: readonly Verifier[], options: RunOptions): Promise<VerifyTrace> {
  const origin = verifiers[0]?.name ?? '';
  const { nowMs, resume } = options;
  const findings = createFindings();
  const kept = options.since === undefined ? undefined : parseKeptCheckpoint(options.since);
  const start = resume ?? startAt(options.from ?? 0);
  const survey = await surveyArchive(archive, origin, findings, (listedCount) =>
    options.onProgress?.({ listedCount, batchCount: 0, batchTotal: 0, recordCount: 0 }),
  );
  const chain = createChain({ origin, verifiers, start, rootWantedAt: kept?.size }, findings);
  const completeness = createCompleteness(resume?.life);
  const parts: Parts = {
    chain,
    policy: createLogPolicy(),
    retention: createRetention(options, findings),
    lines: createLineCounter(completeness, findings, { from: start.size, nowMs, isStrict: options.isStrict ?? false }),
  };
  const wantsReceipts = options.wantsReceipts ?? archive.isWriteOnce;
  const read = await readGroups(archive, survey, parts, { ...options, wantsReceipts, from: start.size });
  if (read.groupCount === 0 && resume === undefined) throw noLog();
  const result = chain.finish();
  if (result.head === undefined && resume === undefined) findings.add('failure', noSignedSeal(origin));
  const size = result.head?.size ?? start.size;
  const since = kept?.judge(chain.trust(), { root: result.wantedRoot, from: start.size, size }, findings);
  addElsewhere(archive, survey, origin, parts.policy, findings);
  const report: VerifyReport = {
    origin,
    source: 'archive',
    location: archive.location,
    keyIds: chain.trust().verifiers.map(({ keyId }) => keyId),
    ...listFindings(findings),
    records: toRecordCounts(parts.lines, start.size, size),
    head: toHeadReport(result),
    continueFrom: (result.firstPrev ?? start.size) > start.size ? result.firstPrev : undefined,
    batchCount: result.batchCount,
    objects: toObjectCounts(survey),
    ...toTier(parts.retention, wantsReceipts),
    since,
    completeness: completeness.report({ nowMs, sealDelayMs: idleSealMs }),
  };
  return { report, chain: result, ...read };
}

interface Parts {
  readonly chain: Chain;
  readonly policy: LogPolicy;
  readonly retention: Retention;
  readonly lines: LineCounter;
}

interface ReadOptions extends RunOptions {
  readonly wantsReceipts: boolean;
  readonly from: number;
}

async function readGroups(archive: Archive, survey: Survey, parts: Parts, options: ReadOptions) {
  const { chain, policy, retention, lines } = parts;
  const wantsBodies = options.onAccepted !== undefined;
  const groups = loadGroups(archive, chain, { ...options, base: survey.base, wantsBodies });
  let groupCount = 0;
  let digestAtStart: string | undefined;
  let digestAtPublished = '';
  let publishedSize = options.from;
  let isDigestWanted = true;
  for (;;) {
    const next = await groups.next();
    const digestBefore = next.done === true ? next.value : next.value.digestBefore;
    digestAtStart ??= digestBefore;
    if (isDigestWanted && (next.done === true || next.value.loaded.prev >= publishedSize)) {
      digestAtPublished = digestBefore;
      isDigestWanted = false;
    }
    if (next.done === true) return { groupCount, digestAtStart, digestAtPublished };
    const { loaded } = next.value;
    groupCount += 1;
    const accepted = chain.accept(loaded);
    policy.add(accepted?.manifest.kept ?? []);
    const contentDays = loaded.seals[0]?.value.contentDays ?? 0;
    retention.add(loaded.locks, { contentDays, policy: policy.current(), prev: loaded.prev });
    if (accepted !== undefined) {
      lines.add(accepted, loaded.content, policy.current());
      options.onAccepted?.(accepted, loaded);
    }
    const published = chain.publishedSize();
    if (published > publishedSize) {
      publishedSize = published;
      isDigestWanted = true;
    }
    const counts = { listedCount: survey.objectCount, batchCount: groupCount, batchTotal: survey.sealCount };
    options.onProgress?.({ ...counts, recordCount: lines.verifiedCount() });
  }
}

function addElsewhere(archive: Archive, { base }: Survey, origin: string, policy: LogPolicy, findings: Findings): void {
  const folder = base === '' ? origin.slice(origin.lastIndexOf('/') + 1) : '';
  const elsewhere = describeElsewhere(archive.location, folder, policy.locations());
  if (elsewhere !== undefined) findings.add('note', elsewhere);
}

function toRecordCounts(lines: LineCounter, from: number, size: number): VerifyReport['records'] {
  return {
    from,
    size,
    verifiedCount: lines.verifiedCount(),
    expiredCount: lines.expiredCount(),
    expired: lines.expired(),
    unsealedCount: 0,
  };
}

function toTier(retention: Retention, wantsReceipts: boolean): Pick<VerifyReport, 'tier' | 'retention'> {
  const locks = retention.report();
  const isLocked = wantsReceipts && locks.protectedCount > 0 && locks.endedCount + locks.unlockedCount === 0;
  return { tier: isLocked ? 'locked' : 'local', retention: wantsReceipts ? locks : undefined };
}

function toObjectCounts({ objectCount, versionCount, deleteMarkerCount }: Survey): VerifyReport['objects'] {
  return { objectCount, versionCount, deleteMarkerCount };
}

function noLog(): ConfigError {
  return new ConfigError('verify-no-log', 'expected seals of the log that this key belongs to, got none', {
    hint: "check the location (the log's folder or its parent) and the key: the folder is named after the key's last element",
  });
}

function noSignedSeal(origin: string) {
  const message = `expected at least one seal signed by the key of ${origin}, got none`;
  return { code: 'no-signed-seal', message };
}

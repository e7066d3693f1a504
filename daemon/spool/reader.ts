// The recorder's end of the spool: looks through it on each tick, hands one observation after the other to the recorder,
// and takes a file away only when its record is durable. Killed anywhere, it does the same again: keys make it harmless.
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { ParseError, StoreError } from '../errors.ts';
import { openBox } from './box.ts';
import { publish } from './directory.ts';
import { readBox, removeEntry, seeEntry, type JunkReason, type SeenEntry } from './entry.ts';
import type { IngestKey } from './ingest-key.ts';
import { formatRefused, keyOfBoxName, NEW, REFUSED, TMP } from './layout.ts';
import { Losses, type LossReport } from './losses.ts';
import { applyQuotas, inTurns, type Quotas } from './quotas.ts';

export interface SpoolDelivery {
  /** Idempotency key, as the box is bound to it. */
  readonly key: string;
  /** Owner of the file. */
  readonly uid: number;
  readonly parcel: Uint8Array;
}

export interface SpoolReaderParts {
  readonly directory: string;
  readonly key: IngestKey;
  readonly quotas: Quotas;
  /** Durable when it resolves. Throws ParseError for what is no observation: the file is rubbish. */
  ingest(delivery: SpoolDelivery): Promise<void>;
  /** Durable when it resolves. */
  recordLoss(type: 'spool.overflowed' | 'spool.rejected', report: LossReport): Promise<void>;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface SpoolStatus {
  readonly directory: string;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly oldestMs: number | undefined;
  readonly recorded: number;
  readonly rejected: number;
  readonly overflowed: number;
}

export interface SpoolReader {
  /** One look through the spool; a second call waits for the first. Throws what the recorder throws. */
  look(): Promise<void>;
  status(): SpoolStatus;
  close(): Promise<void>;
}

/** Names looked at in one go: the others come with the next look, and nothing grows with what others put there. */
const MAX_SEEN = 20_000;
const MAX_DIRECTORIES = 64;
/** How often a box may make the recorder fail before it counts as rubbish: nothing may stand in the way for ever. */
const MAX_ATTEMPTS = 3;
const REPORT_EVERY_MS = 60_000;
const STALE_TMP_MS = 60 * 60 * 1000;
const CLEAN_TMP_EVERY_MS = 5 * 60 * 1000;

export function createSpoolReader(parts: SpoolReaderParts): SpoolReader {
  const folder = join(parts.directory, NEW);
  const counts = { recorded: 0, rejected: 0, overflowed: 0 };
  /** Judged already, and still there until it is reported: by name and inode change. */
  const judged = new Map<string, JunkReason>();
  const failures = new Map<string, number>();
  /** Cannot be taken away: told once. */
  const stuck = new Set<string>();
  let lastReportMs = Number.NEGATIVE_INFINITY;
  let lastCleanMs = Number.NEGATIVE_INFINITY;
  let waiting: readonly SeenEntry[] = [];
  let isClosed = false;
  let running: Promise<void> = Promise.resolve();

  const idOf = ({ name, inode, changedMs }: SeenEntry): string => `${name}\0${inode}\0${changedMs}`;

  /** A full disk ends; a box on which the recorder itself fails does so every time. */
  const isGivenUp = (entry: SeenEntry, error: unknown): boolean => {
    if (!(error instanceof StoreError) || error.code !== 'recorder-failed') return false;
    const count = (failures.get(idOf(entry)) ?? 0) + 1;
    failures.set(idOf(entry), count);
    return count >= MAX_ATTEMPTS;
  };

  const takeOne = async (entry: SeenEntry): Promise<void> => {
    const path = join(folder, entry.name);
    const read = await readBox(path, parts.key.public);
    if (read.is === 'gone') return;
    if (read.is === 'junk') return void judged.set(idOf(entry), read.reason);
    const key = keyOfBoxName(entry.name) ?? '';
    try {
      const parcel = await openBox(parts.key, key, read.bytes);
      await parts.ingest({ key, uid: read.uid, parcel });
    } catch (error) {
      if (!(error instanceof ParseError) && !isGivenUp(entry, error)) throw error;
      const code = error instanceof ParseError ? error.code : '';
      judged.set(idOf(entry), code === 'box-sealed' ? 'altered' : 'not-an-observation');
      return;
    }
    // Durable: a crash before this line brings the same box once more, and its key is known.
    await removeEntry(path);
    counts.recorded += 1;
  };

  /** Says what is turned away, then takes it away: the other way round a crash would lose it silently. */
  const report = async (junk: readonly SeenEntry[], beyond: readonly SeenEntry[]): Promise<void> => {
    if (junk.length + beyond.length === 0 || parts.now() - lastReportMs < REPORT_EVERY_MS) return;
    lastReportMs = parts.now();
    await turnAway('spool.rejected', junk, (entry) => entry.junk ?? judged.get(idOf(entry)) ?? 'malformed');
    await turnAway('spool.overflowed', beyond, () => 'quota');
    counts.rejected += junk.length;
    counts.overflowed += beyond.length;
    judged.clear();
    failures.clear();
  };

  const turnAway = async (
    type: 'spool.overflowed' | 'spool.rejected',
    entries: readonly SeenEntry[],
    reasonOf: (entry: SeenEntry) => string,
  ): Promise<void> => {
    const losses = new Losses();
    for (const entry of entries) losses.add(entry.uid, reasonOf(entry), entry.sizeBytes, entry.changedMs);
    if (losses.isEmpty) return;
    await parts.recordLoss(type, losses.take());
    for (const entry of entries) {
      if (!(await removeEntry(join(folder, entry.name))) && stuck.size < MAX_SEEN) stuck.add(idOf(entry));
    }
  };

  const lookOnce = async (): Promise<void> => {
    const seen = (await seeAll(folder)).filter((entry) => !stuck.has(idOf(entry)));
    const isJunk = (entry: SeenEntry): boolean => entry.junk !== undefined || judged.has(idOf(entry));
    const { within, beyond, refused } = applyQuotas(
      seen.filter((entry) => !isJunk(entry)),
      parts.quotas,
    );
    await publish(parts.directory, REFUSED, formatRefused(refused));
    waiting = within;
    for (const entry of inTurns(within)) {
      if (isClosed) return;
      await takeOne(entry);
    }
    waiting = [];
    await report(seen.filter(isJunk), beyond);
    await cleanTmp();
  };

  /** What clients that were killed, or gave up, have left. */
  const cleanTmp = async (): Promise<void> => {
    if (parts.now() - lastCleanMs < CLEAN_TMP_EVERY_MS) return;
    lastCleanMs = parts.now();
    const left = await seeAll(join(parts.directory, TMP));
    const stale = left.filter(({ changedMs }) => parts.now() - changedMs > STALE_TMP_MS);
    for (const { name } of stale) await removeEntry(join(parts.directory, TMP, name));
  };

  return {
    look() {
      if (isClosed) return Promise.resolve();
      running = running.catch(() => undefined).then(lookOnce);
      return running;
    },
    status: () => ({
      directory: parts.directory,
      waiting: waiting.length,
      waitingBytes: waiting.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      oldestMs: waiting.length === 0 ? undefined : Math.min(...waiting.map(({ changedMs }) => changedMs)),
      ...counts,
    }),
    async close() {
      isClosed = true;
      await running.catch(() => undefined);
    },
  };
}

async function seeAll(folder: string): Promise<SeenEntry[]> {
  const seen: SeenEntry[] = [];
  let directories = 0;
  for await (const found of await opendir(folder)) {
    // Some cannot be taken away: however many there are, they stand in nobody's way.
    if (found.isDirectory() && (directories += 1) > MAX_DIRECTORIES) continue;
    const { name } = found;
    const entry = await seeEntry(join(folder, name), name);
    if (entry !== undefined) seen.push(entry);
    if (seen.length >= MAX_SEEN) break;
  }
  return seen;
}

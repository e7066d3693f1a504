// Re-reads and verifies everything a recorder has written: its database, its archive, that both say the same, and that
// the log holds what the driver of the test was told is done: once each, in order, and nothing else.
import { expect } from 'chai';
import type { Archive } from '../../daemon/archive/archive.ts';
import { ConfigError } from '../../daemon/errors.ts';
import { encodeBase64 } from '../../daemon/merkle/base64.ts';
import type { Verifier } from '../../daemon/merkle/note.ts';
import { createBatches, type BatchOutline, type Batches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import type { Finding } from '../../daemon/verify/findings.ts';
import type { VerifyReport } from '../../daemon/verify/report.ts';
import { verifyArchive } from '../../daemon/verify/verify-archive.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';

export interface LogPlace {
  readonly databasePath: string;
  readonly archive: Archive;
  readonly verifiers: readonly Verifier[];
}

/** The driver's own list, in the words of `toDeed`. */
export interface Deeds {
  /** Acknowledged: each is in the log once, in this order. */
  readonly done: readonly string[];
  /** Begun and never answered: all of it is there, behind the rest, or nothing. */
  readonly begun?: readonly string[];
}

export interface LogFacts {
  readonly size: number;
  readonly outlines: readonly BatchOutline[];
  /** Whether what was begun is there. */
  readonly hasBegun: boolean;
}

/** Throws an assertion error naming what is wrong. */
export async function assertLog(place: LogPlace, deeds: Deeds): Promise<LogFacts> {
  const database = openDatabaseReadOnly(place.databasePath);
  try {
    const nowMs = Date.UTC(2030, 0, 1);
    assertClean('database', verifyStore(database, place.verifiers, { nowMs, isStrict: true }));
    const batches = createBatches(database);
    const outlines = batches.outlines();
    const archived = await readArchive(place, nowMs, outlines);
    assertSameHistory(batches, outlines, archived);
    const lines = readLines(database);
    assertReceipts(lines, outlines);
    return { size: lines.length, outlines, hasBegun: assertDeeds(lines, deeds) };
  } finally {
    database.close();
  }
}

/** What a line did, for the types that a driver causes: its own words for it. */
function toDeed(line: string): string | undefined {
  const { type, data } = JSON.parse(line) as Line;
  switch (type.replace('io.stateseal.', '')) {
    case 'state.baselined':
      return `baselined ${data.version?.serial}`;
    case 'resource.changed':
      return `step ${data.version?.serial} ${data.address}`;
    case 'state.changed':
      return `changed ${data.serials?.join(' ')}`;
    case 'change.noted':
      return `note ${data.note}`;
    default:
      return undefined;
  }
}

interface Line {
  readonly type: string;
  readonly data: {
    readonly version?: { readonly serial: string };
    readonly serials?: readonly string[];
    readonly address?: string;
    readonly note?: string;
    readonly prev?: number;
  };
}

function readLines(database: Sqlite): readonly string[] {
  const entries = createEntries(database);
  return [...entries.range(0, entries.size())].map(({ line }) => line.toString());
}

function assertClean(
  what: string,
  report: VerifyReport,
  isExpected: (finding: Finding) => boolean = () => false,
): void {
  const { failures, anomalies, format } = report;
  const found = [...failures.list, ...anomalies.list, ...format.list].filter((finding) => !isExpected(finding));
  expect(found, `${what}: ${found.map(({ code }) => code).join(', ')}`).to.deep.equal([]);
}

async function readArchive(
  { archive, verifiers }: LogPlace,
  nowMs: number,
  outlines: readonly BatchOutline[],
): Promise<VerifyReport | undefined> {
  const underWay = outlines.filter(({ phase }) => phase === 'frozen' || phase === 'content').map(({ prev }) => prev);
  // Content goes first: until its manifest stands there too, it does not count.
  const isExpected = ({ code, prev }: Finding): boolean =>
    (code.startsWith('orphan-') && prev !== undefined && underWay.includes(prev)) ||
    (code === 'no-signed-seal' && underWay[0] === 0);
  try {
    const report = await verifyArchive(archive, verifiers, { nowMs, isStrict: true, wantsReceipts: false });
    assertClean('archive', report, isExpected);
    // Whatever the clock says: nothing has let content go here.
    expect(report.records.expiredCount, 'records without content').to.equal(0);
    expect(report.notes.list.filter(({ code }) => code === 'blob-expired')).to.deep.equal([]);
    return report;
  } catch (error) {
    if (error instanceof ConfigError && error.code === 'verify-no-log') return undefined;
    throw error;
  }
}

/** Both chains are verified: with one root at one size, they hold the same records. */
function assertSameHistory(
  batches: Batches,
  outlines: readonly BatchOutline[],
  archived: VerifyReport | undefined,
): void {
  const head = archived?.head;
  const inArchive = outlines.filter(({ prev }) => head !== undefined && prev <= head.prev);
  for (const { prev, phase } of outlines) {
    const isSent = phase !== 'frozen' && phase !== 'content';
    if (isSent) expect(prev, `batch ${prev} is ${phase}: in the archive`).to.be.at.most(head?.prev ?? -1);
  }
  expect(archived?.batchCount ?? 0, 'seals of the archive, all frozen here').to.equal(inArchive.length);
  if (head === undefined) return;
  expect(head.root).to.equal(encodeBase64(batches.at(head.prev)?.root ?? new Uint8Array()));
  const published = outlines.filter(({ phase }) => phase === 'published').at(-1);
  expect(head.publishedSize, 'checkpoints of the archive').to.be.at.least(published?.size ?? 0);
}

function assertReceipts(lines: readonly string[], outlines: readonly BatchOutline[]): void {
  const named = lines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ type }) => type === 'io.stateseal.batch.archived')
    .map(({ data }) => data.prev);
  const published = outlines.filter(({ phase }) => phase === 'published').map(({ prev }) => prev);
  expect(named, 'receipts, once per published batch').to.deep.equal(published);
}

function assertDeeds(lines: readonly string[], { done, begun = [] }: Deeds): boolean {
  const found = lines.map(toDeed).filter((deed) => deed !== undefined);
  const hasBegun = begun.length > 0 && found.length > done.length;
  expect(found, 'what the log holds').to.deep.equal(hasBegun ? [...done, ...begun] : done);
  return hasBegun;
}

// A saved plan's archive → the parts that are read of it. Everything about the archive is hostile: how many entries, how
// large, how they lie. What is looked at is inflated once, to the length the directory declares, and no further.
import { Buffer } from 'node:buffer';
import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { fromBufferPromise, type Entry, type ZipFile } from 'yauzl';
import { ParseError } from '../errors.ts';
import type { PlanContent } from '../terraform/plan/parse-plan.ts';
import type { PlanParts } from '../terraform/plan/plan.ts';

export interface PlanLimits {
  /** Of all parts that are read, inflated. */
  readonly maxBytes: number;
  /** Entries of the archive: one per module, and a handful. */
  readonly maxEntries: number;
}

export const PLAN_LIMITS: PlanLimits = { maxBytes: 512 * 1024 * 1024, maxEntries: 20_000 };
/** Deflate cannot do better than 1032:1, so a larger claim is a lie. */
const MAX_RATIO = 1040;
const STORED = 0;
const DEFLATED = 8;
const PARTS = { plan: 'tfplan', state: 'tfstate', lockFile: '.terraform.lock.hcl' } as const;
const WANTED: ReadonlySet<string> = new Set(Object.values(PARTS));

const inflate = promisify<Uint8Array, { maxOutputLength: number; chunkSize: number }, Buffer>(inflateRaw);

/** A zip archive by its first bytes, also an empty one. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 0x03 || bytes[2] === 0x05);
}

/**
 * Reads what a saved plan is made of. Throws ParseError: plan-archive-malformed (also for what is half-written), not-a-plan
 * for an archive without one, plan-too-large.
 */
export async function openPlanArchive(bytes: Uint8Array, limits: PlanLimits = PLAN_LIMITS): Promise<PlanParts> {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const zip = await reading(() => fromBufferPromise(source, { lazyEntries: true, strictFileNames: true }));
  const found = await findParts(zip, limits);
  const plan = found.get(PARTS.plan);
  if (plan === undefined) throw noPlan();
  const state = found.get(PARTS.state);
  const lockFile = found.get(PARTS.lockFile);
  return {
    plan: await read(zip, source, plan),
    state: state && (await read(zip, source, state)),
    lockFile: lockFile && (await read(zip, source, lockFile)),
  };
}

async function findParts(zip: ZipFile, limits: PlanLimits): Promise<ReadonlyMap<string, Entry>> {
  if (zip.entryCount > limits.maxEntries) throw tooLarge(`${limits.maxEntries} entries`);
  const found = new Map<string, Entry>();
  const spans: Span[] = [];
  let total = 0;
  // yauzl refuses names that lead outside, and entries beyond the end.
  await reading(async () => {
    for await (const entry of zip.eachEntry()) {
      spans.push({ start: entry.relativeOffsetOfLocalHeader, bytes: entry.compressedSize });
      if (!WANTED.has(entry.fileName)) continue;
      if (found.has(entry.fileName)) throw malformed('every part once');
      assertHonest(entry);
      total += entry.uncompressedSize;
      if (total > limits.maxBytes) throw tooLarge(`${limits.maxBytes} bytes`);
      found.set(entry.fileName, entry);
    }
  });
  assertApart(spans);
  return found;
}

function assertHonest({ compressionMethod, compressedSize, uncompressedSize, generalPurposeBitFlag }: Entry): void {
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED) throw malformed('a known compression');
  if ((generalPurposeBitFlag & 1) !== 0) throw malformed('parts in clear');
  if (uncompressedSize > compressedSize * MAX_RATIO + MAX_RATIO) throw malformed('an honest length');
}

interface Span {
  readonly start: number;
  readonly bytes: number;
}

/** Entries that share bytes are how a small archive becomes an endless one, and mean nothing in an honest one. */
function assertApart(spans: readonly Span[]): void {
  const sorted = spans.toSorted((a, b) => a.start - b.start);
  let end = 0;
  for (const { start, bytes } of sorted) {
    if (start < end) throw malformed('entries that do not overlap');
    end = start + MIN_HEADER_BYTES + bytes;
  }
}

const MIN_HEADER_BYTES = 30;

async function read(zip: ZipFile, source: Buffer, entry: Entry): Promise<Uint8Array> {
  const { compressionMethod, compressedSize, uncompressedSize } = entry;
  const { fileDataStart } = await reading(() => zip.readLocalFileHeaderPromise(entry, { minimal: true }));
  const stored = source.subarray(fileDataStart, fileDataStart + compressedSize);
  if (stored.length !== compressedSize) throw malformed('all bytes of a part');
  const bytes = compressionMethod === STORED ? stored : await inflated(stored, uncompressedSize);
  // The library leaves the checksum to its user.
  if (bytes.length !== uncompressedSize || crc32(bytes) !== entry.crc32) throw malformed('an undamaged part');
  return bytes;
}

/**
 * Into one buffer of the declared length: many small ones, put together at the end, would take twice the memory. Of a
 * length that is a lie only what is written becomes real. zlib takes no limit of 0 and no chunk below 64 bytes.
 */
function inflated(stored: Buffer, length: number): Promise<Buffer> {
  const chunkSize = Math.max(64, length + 1);
  return reading(() => inflate(stored, { maxOutputLength: Math.max(1, length), chunkSize }));
}

/** Errors of the library and of zlib quote names and numbers of the file. */
async function reading<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw malformed('a whole zip archive');
  }
}

function malformed(expected: string): ParseError {
  return new ParseError('plan-archive-malformed', `expected ${expected} in a saved plan, got something else`, {
    hint: 'The file is half-written, damaged, or no plan: make the plan again.',
  });
}

function noPlan(): ParseError {
  return new ParseError('not-a-plan', 'expected a plan, got something else', {
    hint: 'A saved plan is what `terraform plan -out=FILE` writes.',
  });
}

function tooLarge(limit: string): ParseError {
  return new ParseError('plan-too-large', `expected at most ${limit} in a saved plan, got more`, {
    hint: 'No honest plan is that large: look at who wrote the file.',
  });
}

/** The content of a file that may be a plan: its parts when it is an archive, else taken for JSON, if it begins as an object does. Throws as above. */
export async function openPlanContent(bytes: Uint8Array, limits: PlanLimits = PLAN_LIMITS): Promise<PlanContent> {
  if (isZip(bytes)) return { kind: 'saved', parts: await openPlanArchive(bytes, limits) };
  if (!startsObject(bytes)) throw noPlan();
  return { kind: 'json', bytes };
}

function startsObject(bytes: Uint8Array): boolean {
  return /^\s*\{/.test(Buffer.from(bytes.subarray(0, 64)).toString('latin1'));
}

// Turns record data into lines, appends them with their blobs, and keeps the query index in step. Every call runs
// inside the caller's transaction: a crash leaves all of an observation or nothing.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import { QUIET_TYPES, type BlobReference, type CommonData, type RecordType } from '../record/data.ts';
import { formatRecord, MAX_LEAF_BYTES, type RecordInput } from '../record/record.ts';
import type { Batches } from '../store/batches.ts';
import type { Entries } from '../store/entries.ts';
import type { QueryIndex } from '../store/query-index.ts';
import { formatTime, nextId, vantageOf, type Environment } from './environment.ts';

/** What may stand in a leaf before it moves to a blob; leaves room for envelope and identity. */
const MAX_INLINE_CHARS = 20 * 1024;
/** Bytes are made of blob lines in pieces of about so many characters. */
const PIECE_UNITS = 256 * 1024;
/** A source that is shown in a leaf at all. */
const MAX_TEXT_UNITS = 4096;

export interface Moment {
  readonly source: string;
  /** RFC 3339; '' = now, by our own clock. */
  readonly effectiveTime: string;
  readonly timeBasis: CommonData['timeBasis'];
  /** History that was imported. */
  readonly backfilled?: boolean;
}

export interface NewRecord {
  readonly id?: string;
  readonly type: RecordType;
  readonly source: string;
  readonly subject: string;
  readonly moment: Moment;
  /** Type-specific members; undefined members are left out. */
  readonly data: Readonly<Record<string, unknown>>;
  /** Lists that move to a blob together when they are too large for a leaf; `data[into]` then refers to it. */
  readonly spill?: { readonly into: string; readonly members: readonly string[] };
}

export interface Appender {
  /** Records appended so far that arm the seal timer; counts calls, also of transactions that were rolled back. */
  evidence(): number;
  /** Bytes of the lines appended so far, likewise. */
  bytes(): number;
  /** Returns the leaf index. */
  append(record: NewRecord): number;
  /** Stores a body for the next appended record. */
  blob(body: Uint8Array): BlobReference;
  /** The value itself when it is small enough for a leaf, else the reference of its blob. */
  inlineOrBlob(value: Json): { readonly inline: boolean; readonly reference?: BlobReference };
}

export function createAppender(
  environment: Environment,
  entries: Entries,
  batches: Batches,
  index: QueryIndex,
): Appender {
  const blob = (body: Uint8Array): BlobReference => {
    const sha256 = createHash('sha256').update(body).digest('hex');
    batches.addBlob({ sha256, leafIndex: entries.size(), body: Buffer.from(body) });
    return { sha256, sizeBytes: body.length };
  };
  /** A record that outgrows a leaf keeps its common members and citations; all else stands in a blob. */
  const formatLeaf = (input: RecordInput): string => {
    const line = formatRecord(input, Number.POSITIVE_INFINITY);
    if (Buffer.byteLength(line) <= MAX_LEAF_BYTES) return line;
    const data = input.data as Record<string, Json>;
    const { vantage, effectiveTime, timeBasis, boot, backfilled, state, change } = data;
    const overflow = blob(compressBlob([formatJson(data)]));
    return formatRecord({
      ...input,
      source: input.source.slice(0, MAX_TEXT_UNITS),
      data: withoutUndefined({ vantage, effectiveTime, timeBasis, boot, backfilled, state, change, overflow }),
    });
  };

  const spillOver = ({ data, spill }: NewRecord): NewRecord['data'] => {
    if (spill === undefined) return data;
    const lists = Object.fromEntries(spill.members.map((name) => [name, data[name] as Json]));
    const text = formatJson(lists);
    if (text.length <= MAX_INLINE_CHARS) return data;
    const empty = Object.fromEntries(spill.members.map((name) => [name, []]));
    return { ...data, ...empty, [spill.into]: blob(compressBlob([text])) };
  };

  let evidence = 0;
  let bytes = 0;
  return {
    evidence: () => evidence,
    bytes: () => bytes,
    blob,
    inlineOrBlob(value) {
      const text = formatJson(value);
      return text.length <= MAX_INLINE_CHARS
        ? { inline: true }
        : { inline: false, reference: blob(compressBlob([text])) };
    },
    append(record) {
      const input = toInput(environment, { ...record, data: spillOver(record) });
      const line = formatLeaf(input);
      const leafIndex = entries.append([line]);
      bytes += Buffer.byteLength(line);
      if (!QUIET_TYPES.has(record.type)) evidence += 1;
      index.add(leafIndex, { ...input, data: input.data as Record<string, Json> });
      return leafIndex;
    },
  };
}

/**
 * Blob bodies are one gzip member of NDJSON: fast level, because a first sight of 100 MB passes through here. Lines turn
 * into bytes in pieces: as text, thousands of them are ropes of many small strings, and weigh several times as much.
 */
export function compressBlob(lines: Iterable<string>): Buffer {
  return gzipSync(Buffer.concat([...toPieces(lines)]), { level: 1 });
}

function* toPieces(lines: Iterable<string>): Generator<Buffer> {
  let text = '';
  let separator = '';
  for (const line of lines) {
    text += separator + line;
    separator = '\n';
    if (text.length < PIECE_UNITS) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n`);
}

function toInput(environment: Environment, record: NewRecord): RecordInput {
  const now = formatTime(environment.now());
  const common: CommonData = {
    vantage: vantageOf(environment, record.moment.source),
    effectiveTime: record.moment.effectiveTime === '' ? now : record.moment.effectiveTime,
    timeBasis: record.moment.effectiveTime === '' ? 'clock' : record.moment.timeBasis,
    boot: { id: environment.boot.id, ms: Math.round(environment.boot.ms()) },
    ...(record.moment.backfilled === true ? { backfilled: true } : {}),
  };
  return {
    id: record.id ?? nextId(environment),
    type: record.type,
    source: record.source,
    subject: record.subject,
    time: now,
    data: withoutUndefined({ ...common, ...record.data }),
  };
}

function withoutUndefined(data: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}

// What lies in a box: u32be length ‖ header JSON ‖ attachments, each as the header says. Packed by clients in the
// background of a run, unpacked by the recorder as hostile input: what the observation itself says is not judged here.
import { gunzipSync, gzip } from 'node:zlib';
import { promisify } from 'node:util';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import type { Attachment, ClientObservation } from '../record/run.ts';
import { MAX_RAW_BYTES } from './layout.ts';

/** A header names things and holds none: this is room for hundreds of claims. */
export const MAX_HEADER_BYTES = 256 * 1024;
const MAX_ATTACHMENTS = 16;
/** Below this gzip gains nothing. */
const MIN_GZIP_BYTES = 1024;
const KINDS: ReadonlySet<string> = new Set<Attachment['kind']>(['plan', 'stream', 'state']);

export interface Parcel {
  /** As parsed, not yet checked. */
  readonly observation: JsonObject;
  readonly attachments: readonly Attachment[];
}

/** Throws RangeError when header or attachments are larger than a recorder takes. */
export async function packParcel(
  observation: ClientObservation,
  attachments: readonly Attachment[],
): Promise<Uint8Array> {
  const rawBytes = attachments.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (rawBytes > MAX_RAW_BYTES) throw new RangeError(`expected at most ${MAX_RAW_BYTES} bytes attached`);
  if (attachments.length > MAX_ATTACHMENTS) throw new RangeError(`expected at most ${MAX_ATTACHMENTS} attachments`);
  const bodies = await Promise.all(attachments.map(({ bytes }) => compress(bytes)));
  const table = attachments.map(({ kind, bytes }, index) => ({
    kind,
    rawBytes: bytes.length,
    storedBytes: bodies[index]?.stored.length ?? 0,
    encoding: bodies[index]?.encoding ?? 'plain',
  }));
  const header = Buffer.from(JSON.stringify({ observation, attachments: table }));
  if (header.length > MAX_HEADER_BYTES) throw new RangeError(`expected a header of at most ${MAX_HEADER_BYTES} bytes`);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(header.length);
  return Buffer.concat([length, header, ...bodies.map(({ stored }) => stored)]);
}

/** Throws ParseError `parcel-malformed` or `parcel-too-large`. */
export function unpackParcel(bytes: Uint8Array): Parcel {
  const { observation, table, bodies } = readHeader(bytes);
  let offset = 0;
  const attachments = table.map((row) => {
    const stored = bodies.subarray(offset, offset + row.storedBytes);
    offset += row.storedBytes;
    return { kind: row.kind, bytes: expand(row, stored) };
  });
  return { observation, attachments };
}

/** Whether an attachment of that kind is in it, by its header alone; nothing is inflated. False for what is no parcel. */
export function holdsKind(bytes: Uint8Array, kind: Attachment['kind']): boolean {
  try {
    return readHeader(bytes).table.some((row) => row.kind === kind);
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

interface ParcelHeader {
  readonly observation: JsonObject;
  readonly table: readonly TableRow[];
  /** What follows the header: the attachments as they are stored. */
  readonly bodies: Buffer;
}

function readHeader(bytes: Uint8Array): ParcelHeader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < 4) throw malformed('a header');
  const headerBytes = buffer.readUInt32BE(0);
  if (headerBytes > MAX_HEADER_BYTES || 4 + headerBytes > buffer.length) throw malformed('a whole header');
  const header = parseJson(buffer.subarray(4, 4 + headerBytes));
  if (!isJsonObject(header)) throw malformed('an object');
  const { observation, attachments } = header;
  if (!isJsonObject(observation) || !isJsonArray(attachments)) throw malformed('an observation and a table');
  const table = attachments.map(toTableRow);
  const bodies = buffer.subarray(4 + headerBytes);
  assertFits(table, bodies.length);
  return { observation, table, bodies };
}

interface TableRow {
  readonly kind: Attachment['kind'];
  readonly rawBytes: number;
  readonly storedBytes: number;
  readonly encoding: 'gzip' | 'plain';
}

const compressAsync = promisify(gzip);

/** Fast level: a run waits for it, and a state is mostly repetition. */
async function compress(bytes: Uint8Array): Promise<{ stored: Uint8Array; encoding: TableRow['encoding'] }> {
  if (bytes.length < MIN_GZIP_BYTES) return { stored: bytes, encoding: 'plain' };
  const stored = await compressAsync(bytes, { level: 1 });
  return stored.length < bytes.length ? { stored, encoding: 'gzip' } : { stored: bytes, encoding: 'plain' };
}

function toTableRow(row: Json): TableRow {
  if (!isJsonObject(row)) throw malformed('a row of the table');
  const { kind, encoding } = row;
  if (typeof kind !== 'string' || !KINDS.has(kind)) throw malformed('a known kind');
  if (encoding !== 'gzip' && encoding !== 'plain') throw malformed('a known encoding');
  return {
    kind: kind as TableRow['kind'],
    encoding,
    rawBytes: toSize(row, 'rawBytes'),
    storedBytes: toSize(row, 'storedBytes'),
  };
}

function toSize(row: JsonObject, name: string): number {
  const size = Number(row[name]);
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(`a size at ${name}`);
  return size;
}

function assertFits(table: readonly TableRow[], availableBytes: number): void {
  if (table.length > MAX_ATTACHMENTS) throw malformed(`at most ${MAX_ATTACHMENTS} attachments`);
  const stored = table.reduce((sum, row) => sum + row.storedBytes, 0);
  if (stored !== availableBytes) throw malformed('attachments as long as the table says');
  if (table.reduce((sum, row) => sum + row.rawBytes, 0) <= MAX_RAW_BYTES) return;
  throw new ParseError('parcel-too-large', `expected at most ${MAX_RAW_BYTES} bytes attached, got more`, {
    hint: 'a state or plan of this size is not taken from a run',
  });
}

/** Never more than the table says: a small box must not fill the memory. */
function expand({ encoding, rawBytes }: TableRow, stored: Buffer): Uint8Array {
  const bytes = encoding === 'plain' ? stored : inflate(stored, rawBytes);
  if (bytes.length !== rawBytes) throw malformed('attachments as long as the table says');
  return bytes;
}

function inflate(stored: Buffer, rawBytes: number): Buffer {
  try {
    return gunzipSync(stored, { maxOutputLength: Math.max(rawBytes, 1) });
  } catch {
    throw malformed('attachments that inflate to what the table says');
  }
}

function malformed(expected: string): ParseError {
  return new ParseError('parcel-malformed', `expected ${expected} in a box, got something else`, {
    hint: 'only stateseal delivers into a spool: see which account owns the file',
  });
}

// Reads what a record keeps beside its leaf: one gzip member of JSON lines per blob.
import { gunzipSync } from 'node:zlib';
import { StoreError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonObject, type Json, type JsonObject } from '../json/value.ts';
import type { Sqlite } from './database.ts';
import { objectAt, textAt } from './queries-fields.ts';

export interface BlobReader {
  /** The JSON of a body's only line; undefined when the body is not here (expired, not restored). */
  json(sha256: string): Json | undefined;
  /** Every line of a body, parsed; undefined when the body is not here. */
  lines(sha256: string): readonly Json[] | undefined;
}

/** More than a first sight of a 100 MB state makes; a small body that inflates beyond it is an attack. */
const MAX_BODY_BYTES = 512 * 1024 * 1024;

export function createBlobReader(database: Sqlite): BlobReader {
  const read = database.prepare<[string], Buffer>('SELECT body FROM blob WHERE sha256 = ? LIMIT 1').pluck();
  const lines = (sha256: string): readonly Json[] | undefined => {
    const body = read.get(sha256);
    return body && splitLines(inflate(body)).map((line) => parseJson(line));
  };
  return { lines, json: (sha256) => lines(sha256)?.[0] };
}

/** A record's data; one that outgrew its leaf stands in a blob, and is what the leaf still says where that is not here. */
export function wholeData(data: JsonObject, blobs: BlobReader): JsonObject {
  const overflow = objectAt(data, 'overflow');
  const whole = overflow && blobs.json(textAt(overflow, 'sha256'));
  return isJsonObject(whole) ? whole : data;
}

function inflate(body: Buffer): Buffer {
  try {
    return gunzipSync(body, { maxOutputLength: MAX_BODY_BYTES });
  } catch {
    // The library's message may quote the body: none of it is repeated.
    throw new StoreError('blob-damaged', 'expected a gzip member of json lines in a blob, got something else', {
      hint: 'the database was damaged or altered: run stateseal verify, then restore from the archive',
    });
  }
}

function splitLines(bytes: Buffer): Buffer[] {
  const lines: Buffer[] = [];
  for (let from = 0; from < bytes.length;) {
    const end = bytes.indexOf(0x0a, from);
    const to = end < 0 ? bytes.length : end;
    if (to > from) lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return lines;
}

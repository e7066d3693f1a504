// One record = one CloudEvents 1.0 event = one leaf: its exact bytes are made here, once, and never made again.
import type { Json, JsonObject } from '../json/value.ts';
import { formatJson } from '../json/format.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member } from '../json/value.ts';
import { ParseError } from '../errors.ts';
import type { RecordType } from './data.ts';

/** Hard limit of tlog-tiles entry bundles: a u16 length. */
export const MAX_LEAF_BYTES = 65_535;
/** What a leaf should stay below; larger bodies move to a blob. */
export const TARGET_LEAF_BYTES = 32 * 1024;
const MAX_SUBJECT_UNITS = 1024;

export interface RecordInput {
  readonly id: string;
  readonly type: RecordType;
  /** State reference, plan, run or repository; `log` records name their origin. */
  readonly source: string;
  readonly subject: string;
  /** When it was observed: RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly data: object;
}

export interface ParsedRecord {
  readonly id: string;
  /** Without the "io.stateseal." prefix; may be a type this version does not know. */
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  readonly time: string;
  readonly data: JsonObject;
}

const TYPE_PREFIX = 'io.stateseal.';

/** The line of a record, without newline: the leaf is its UTF-8 bytes. Throws RangeError over `maxBytes`. */
export function formatRecord(input: RecordInput, maxBytes: number = MAX_LEAF_BYTES): string {
  const line = formatJson({
    specversion: '1.0',
    id: input.id,
    type: TYPE_PREFIX + input.type,
    source: input.source,
    subject: capSubject(input.subject),
    time: input.time,
    datacontenttype: 'application/json',
    dataschema: 'urn:stateseal:record:1',
    data: input.data as Json,
  });
  if (Buffer.byteLength(line) > maxBytes) {
    throw new RangeError(`expected a leaf of at most ${maxBytes} bytes, got ${Buffer.byteLength(line)}`);
  }
  return line;
}

/** Envelope and data of a line. Unknown types pass; a broken envelope is ParseError `record-malformed`. */
export function parseRecord(line: Uint8Array): ParsedRecord {
  const value = parseJson(line);
  if (!isJsonObject(value)) throw malformed('an object');
  const type = textMember(value, 'type');
  if (textMember(value, 'specversion') !== '1.0' || !type.startsWith(TYPE_PREFIX)) throw malformed('a stateseal event');
  const data = member(value, 'data');
  if (!isJsonObject(data)) throw malformed('an object at /data');
  return {
    id: textMember(value, 'id'),
    type: type.slice(TYPE_PREFIX.length),
    source: textMember(value, 'source'),
    subject: textMember(value, 'subject'),
    time: textMember(value, 'time'),
    data,
  };
}

function textMember(value: JsonObject, key: string): string {
  const found = member(value, key);
  if (typeof found !== 'string') throw malformed(`a string at /${key}`);
  return found;
}

function malformed(expected: string): ParseError {
  return new ParseError('record-malformed', `expected ${expected} in a record, got something else`, {
    hint: 'the line was not written by stateseal, or was altered: run stateseal verify',
  });
}

function capSubject(subject: string): string {
  return subject.length <= MAX_SUBJECT_UNITS ? subject : subject.slice(0, MAX_SUBJECT_UNITS);
}

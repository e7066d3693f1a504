// What a lock file says of the run that made it. Anyone can write one: every field stays a claim.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, type JsonObject } from '../json/value.ts';
import type { LockInfo } from './state.ts';

const MAX_FIELD_BYTES = 1024;
const MAX_DEPTH = 8;

/**
 * Parses `.terraform.tfstate.lock.info` (docs/TERRAFORM.md §1.1). Longer fields are cut to 1 KiB.
 * Throws ParseError `lock-malformed`, and those of parseJson: the file is seen at 0 bytes for an instant.
 */
export function parseLockInfo(bytes: Uint8Array): LockInfo {
  const root = parseJson(bytes, { maxDepth: MAX_DEPTH });
  if (!isJsonObject(root)) throw malformed('an object', 'the root');
  const created = field(root, 'Created');
  if (!isRfc3339(created)) throw malformed('an RFC 3339 time', '/Created');
  return {
    id: field(root, 'ID'),
    operation: field(root, 'Operation'),
    info: field(root, 'Info'),
    who: field(root, 'Who'),
    version: field(root, 'Version'),
    created,
    path: field(root, 'Path'),
  };
}

/** Terraform always writes all seven. */
function field(root: JsonObject, name: string): string {
  const value = member(root, name);
  if (typeof value !== 'string') throw malformed('a string', `/${name}`);
  return cut(value);
}

/** Cut between code points, so that no half of a pair is left. */
function cut(text: string): string {
  if (Buffer.byteLength(text) <= MAX_FIELD_BYTES) return text;
  let end = 0;
  let sizeBytes = 0;
  for (const character of text) {
    sizeBytes += Buffer.byteLength(character);
    if (sizeBytes > MAX_FIELD_BYTES) break;
    end += character.length;
  }
  return text.slice(0, end);
}

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-](\d\d):(\d\d))$/;
const DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** True for a date-time of RFC 3339 §5.6 with up to nanoseconds; second 60 is a leap second. */
function isRfc3339(text: string): boolean {
  const parts = RFC3339.exec(text)
    ?.slice(1)
    .map((digits: string | undefined) => Number(digits ?? '0'));
  if (parts === undefined) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts;
  const isLeapYear = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = month === 2 && !isLeapYear ? 28 : (DAYS[month - 1] ?? 0);
  const isTime = hour < 24 && minute < 60 && second <= 60 && zoneHour < 24 && zoneMinute < 60;
  return day >= 1 && day <= days && isTime;
}

function malformed(expected: string, place: string): ParseError {
  return new ParseError('lock-malformed', `expected ${expected}, got something else at ${place}`, {
    hint: 'The lock file is not one that Terraform or OpenTofu writes: its claims are left out.',
  });
}

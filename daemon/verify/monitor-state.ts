// What the watcher keeps between its rounds. The signed checkpoint is a file of its own, so that it can be given to
// `verify --since`, and it alone is evidence; the rest spares work, and is made anew from the archive when it is lost.
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import { decodeBase64, encodeBase64 } from '../merkle/base64.ts';
import { isHash, type Hash } from '../merkle/hash.ts';
import type { ActiveAlarm } from './alarms.ts';

export interface MonitorState {
  readonly origin: string;
  /** Of the kept checkpoint. */
  readonly size: number;
  readonly root: Hash;
  /** Time of the seal that ends there, NaN for none. */
  readonly sealedMs: number;
  /** Keys the log has rotated to, in order. */
  readonly vkeys: readonly string[];
  /** Of everything listed before `size`. */
  readonly listingDigest: string;
  readonly heartbeatSeconds: number;
  /** Time of the newest record, NaN for none. */
  readonly newestMs: number;
  readonly isStopped: boolean;
  /** When the first lock of a seal or checkpoint ends, NaN when none is known. */
  readonly firstLockEndMs: number;
  /** When the whole log was verified last. */
  readonly fullMs: number;
  /** Content without a seal that was there in the last round, by id: a seal under way looks the same once. */
  readonly waiting: readonly string[];
}

/** What is kept on disk; `state` is undefined before the first round that passed. */
export interface Kept {
  readonly checkpoint: string;
  readonly state: MonitorState | undefined;
  readonly alarms: readonly ActiveAlarm[];
}

const VERSION = 1;

export function formatKept({ state, alarms }: Omit<Kept, 'checkpoint'>): string {
  const shown = state === undefined ? null : { ...state, root: encodeBase64(state.root) };
  // JSON has no NaN: a number that is not known is null.
  return `${JSON.stringify({ version: VERSION, state: shown, alarms }, undefined, 2)}\n`;
}

/** Undefined for anything but what formatKept gives: then the next round begins anew. */
export function parseKept(bytes: Uint8Array): Omit<Kept, 'checkpoint'> | undefined {
  const json = parseOrUndefined(bytes);
  if (!isJsonObject(json) || member(json, 'version') !== VERSION) return undefined;
  const alarms = member(json, 'alarms');
  const active = isJsonArray(alarms) ? alarms.map(toAlarm) : [];
  return { state: toState(member(json, 'state')), alarms: active.filter((alarm) => alarm !== undefined) };
}

function parseOrUndefined(bytes: Uint8Array): Json | undefined {
  try {
    return parseJson(bytes);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function toState(json: Json | undefined): MonitorState | undefined {
  if (!isJsonObject(json)) return undefined;
  const root = decodeBase64(text(json, 'root'));
  const size = number(json, 'size');
  if (root === undefined || !isHash(root) || !Number.isSafeInteger(size) || size <= 0) return undefined;
  return {
    origin: text(json, 'origin'),
    size,
    root,
    sealedMs: number(json, 'sealedMs'),
    vkeys: texts(json, 'vkeys'),
    listingDigest: text(json, 'listingDigest'),
    heartbeatSeconds: number(json, 'heartbeatSeconds') || 300,
    newestMs: number(json, 'newestMs'),
    isStopped: member(json, 'isStopped') === true,
    firstLockEndMs: number(json, 'firstLockEndMs'),
    fullMs: number(json, 'fullMs'),
    waiting: texts(json, 'waiting'),
  };
}

function toAlarm(json: Json): ActiveAlarm | undefined {
  if (!isJsonObject(json)) return undefined;
  const level = text(json, 'level');
  if (level !== 'failure' && level !== 'unreachable' && level !== 'warning') return undefined;
  return {
    id: text(json, 'id'),
    level,
    code: text(json, 'code'),
    message: text(json, 'message'),
    key: text(json, 'key'),
    isOfWhole: member(json, 'isOfWhole') === true,
    sinceMs: number(json, 'sinceMs'),
    toldMs: number(json, 'toldMs'),
  };
}

function text(json: JsonObject, key: string): string {
  const value = member(json, key);
  return typeof value === 'string' ? value : '';
}

function texts(json: JsonObject, key: string): string[] {
  const value = member(json, key);
  return isJsonArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** NaN for what is no number. */
function number(json: JsonObject, key: string): number {
  const value = member(json, key);
  return typeof value === 'number' ? value : Number.NaN;
}

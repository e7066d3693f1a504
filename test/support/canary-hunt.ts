// Looks for planted secrets in everything that was written: raw files, inflated archives, rows of the database, texts.
// Its encodings are its own: what the recorder's redaction knows of encodings must not decide what is looked for.
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Database from 'better-sqlite3';

/** A planted secret. */
export interface Canary {
  readonly name: string;
  readonly secret: string;
  /** Too short or too common to be searched for inside other text: planted, and looked for, as a value of its own. */
  readonly isWhole?: boolean;
}

/** One thing that was written, or told. */
export interface Place {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface Hit {
  readonly canary: string;
  readonly form: string;
  readonly place: string;
  /** What stands around it. */
  readonly around: string;
}

interface Needle {
  readonly canary: string;
  readonly form: string;
  /** Position in the text, or -1. */
  readonly find: (text: string) => number;
}

/** Shorter encoded forms turn up in any hash. */
const MIN_ENCODED_UNITS = 10;
const MIN_LINE_UNITS = 16;
const AROUND_UNITS = 70;

export function findCanaries(places: Iterable<Place>, canaries: readonly Canary[]): Hit[] {
  const needles = canaries.flatMap(needlesOf);
  const hits: Hit[] = [];
  for (const { name, bytes } of places) {
    const text = bytes.toString('latin1');
    for (const { canary, form, find } of needles) {
      const at = find(text);
      if (at !== -1) hits.push({ canary, form, place: name, around: aroundOf(text, at) });
    }
  }
  return hits;
}

/** One line per hit, for the message of a failed expectation. */
export function describeHits(hits: readonly Hit[]): string {
  return hits.map(({ canary, form, place, around }) => `${canary} as ${form} in ${place}: ${around}`).join('\n');
}

export function toPlace(name: string, text: string): Place {
  return { name, bytes: Buffer.from(text) };
}

/** Every file below a folder as it lies there, gzip members inflated; of a log's database also each stored body. */
export async function readFolder(folder: string): Promise<Place[]> {
  const places: Place[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(folder, path);
    places.push(...inflated(name, await readFile(path)));
    if (entry.name === 'log.sqlite') places.push(...readBodies(path));
  }
  return places;
}

/** Batches and blobs are gzip members inside the database, cut into pages. */
function readBodies(path: string): Place[] {
  const database = new Database(path, { readonly: true });
  try {
    const bodies = database.prepare('SELECT body FROM blob UNION ALL SELECT body FROM batch').pluck().all() as Buffer[];
    return bodies.flatMap((body, index) => inflated(`log.sqlite body ${index}`, body));
  } finally {
    database.close();
  }
}

function inflated(name: string, bytes: Buffer): Place[] {
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return isGzip ? [{ name: `${name} (inflated)`, bytes: gunzipSync(bytes) }] : [{ name, bytes }];
}

function needlesOf({ name, secret, isWhole }: Canary): Needle[] {
  if (isWhole === true) return [{ canary: name, form: 'a value', find: (text) => text.search(alone(secret)) }];
  const byNeedle = new Map(
    Object.entries(formsOf(secret))
      .map(([form, needle]) => [needle, form])
      .reverse() as [string, string][],
  );
  const forms = [...byNeedle].filter(([needle, form]) => isTelling(form, needle));
  return forms.map(([needle, form]) => ({ canary: name, form, find: (text) => text.indexOf(needle) }));
}

function isTelling(form: string, needle: string): boolean {
  return form === 'clear' || needle.length >= MIN_ENCODED_UNITS;
}

/** Standing by itself: no part of a longer word, number, time or base64 text. */
function alone(secret: string): RegExp {
  const escaped = secret.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\w+/=.:-])${escaped}(?![\\w+/=.:-])|(?<=[a-z]":)${escaped}(?=[,}\\]])`);
}

/** Every needle as the latin1 text of its UTF-8 bytes. */
function formsOf(secret: string): Record<string, string> {
  const bytes = Buffer.from(secret);
  const json = JSON.stringify(secret).slice(1, -1);
  const lines = secret.includes('\n') ? secret.split('\n').filter((line) => line.length >= MIN_LINE_UNITS) : [];
  const plain: Record<string, string> = {
    clear: secret,
    percent: encodeURIComponent(secret),
    form: new URLSearchParams({ v: secret }).toString().slice(2),
    json,
    'json in json': JSON.stringify(json).slice(1, -1),
    hex: bytes.toString('hex'),
    'upper hex': bytes.toString('hex').toUpperCase(),
    ...Object.fromEntries([0, 1, 2].map((offset) => [`base64 at ${offset}`, alignedBase64(bytes, offset)])),
    ...Object.fromEntries([0, 1, 2].map((offset) => [`base64url at ${offset}`, toUrl(alignedBase64(bytes, offset))])),
    ...Object.fromEntries(lines.map((line, index) => [`line ${index}`, line])),
  };
  return Object.fromEntries(Object.entries(plain).map(([form, text]) => [form, Buffer.from(text).toString('latin1')]));
}

/** The characters that the secret alone decides, when `offset` other bytes stand before it. */
function alignedBase64(secret: Buffer, offset: number): string {
  const whole = Buffer.concat([Buffer.alloc(offset), secret]);
  const skipped = [0, 2, 3][offset] ?? 0;
  const kept = Math.floor((whole.length * 4) / 3);
  return whole.toString('base64').slice(skipped, kept);
}

function toUrl(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

function aroundOf(text: string, at: number): string {
  return JSON.stringify(text.slice(Math.max(0, at - AROUND_UNITS), at + AROUND_UNITS));
}

// Lists: a page of JSON with a cursor that stays good while the log grows, or the whole as NDJSON or CSV, streamed. A
// cursor carries the tree size and the time of the first page, so that all pages belong to one answer.
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import type { Request, Response } from 'express';
import { beginExport } from './access-log.ts';
import { parseIndex, refuseParameter, type Parameters, type Question } from './question.ts';

export interface ListItem {
  /** One JSON text without newline, or one CSV line with it. */
  readonly text: string;
  /** Where the list goes on behind it. */
  readonly after: string;
}

export type ListFormat = 'json' | 'csv';

export interface List {
  readonly is: 'list';
  /** The first line of the CSV; undefined: there is no CSV of it. */
  readonly csvHead?: string;
  /** Lazy: a reader that goes away ends it. `from` is what an item called `after`; refused where it is not. */
  items(format: ListFormat, from: string | undefined): Iterable<ListItem>;
}

/** Parameters of every list that has pages. */
export const LIST_PARAMETERS: Parameters = { limit: 'text', cursor: 'text', format: 'text' };

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1000;
/** A page ends early at this many UTF-16 units: memory stays bounded whatever the limit. */
const MAX_PAGE_UNITS = 4 * 1024 * 1024;
/** Other requests get their turn after so many items of an export. */
const ITEMS_PER_TURN = 64;

interface Cursor {
  readonly size: number;
  readonly nowMs: number;
  readonly position: string;
}

/** Undefined where none was given. Throws Refusal. */
export function parseCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [, size = '', nowMs = '', position = ''] =
    /^([0-9]+)\.([0-9]+)\.(.+)$/su.exec(Buffer.from(text, 'base64url').toString()) ?? [];
  const cursor = { size: parseIndex(size), nowMs: parseIndex(nowMs), position };
  if (cursor.size === undefined || cursor.nowMs === undefined) throw cursorRefused();
  return { size: cursor.size, nowMs: cursor.nowMs, position };
}

export function cursorRefused(): Error {
  return refuseParameter('cursor', 'the member next of a page of this list');
}

export async function sendList(request: Request, response: Response, question: Question, list: List): Promise<void> {
  const type = toType(request, question, list);
  const limit = parseLimit(question.asked.text('limit'));
  const from = parseCursor(question.asked.text('cursor'))?.position;
  response.setHeader('cache-control', 'private, no-cache');
  response.vary('accept, authorization, cookie');
  response.setHeader('stateseal-size', String(question.size));
  if (type !== 'json' && limit === undefined) return exportList(response, list, type, from);
  const format = type === 'csv' ? 'csv' : 'json';
  const page = readPage(list.items(format, from), limit ?? DEFAULT_LIMIT);
  const next = page.after === undefined ? undefined : formatCursor({ ...question, position: page.after });
  if (next !== undefined) response.setHeader('link', `<${nextUrl(request.url, next)}>; rel="next"`);
  if (type === 'csv') return void response.type(TYPES.csv).send(Buffer.from([list.csvHead, ...page.texts].join('')));
  if (type === 'ndjson')
    return void response.type(TYPES.ndjson).send(Buffer.from(page.texts.map((text) => `${text}\n`).join('')));
  const body = `{"size":${question.size},"next":${JSON.stringify(next ?? null)},"items":[${page.texts.join(',')}]}`;
  response.type(TYPES.json).send(Buffer.from(body));
}

const TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv; charset=utf-8; header=present',
} as const;
type Type = keyof typeof TYPES;

/** The parameter before the header: links in a browser cannot set one. */
function toType(request: Request, { asked }: Question, list: List): Type {
  const known: readonly Type[] = list.csvHead === undefined ? ['json', 'ndjson'] : ['json', 'ndjson', 'csv'];
  const text = asked.text('format');
  const named = known.find((type) => type === text);
  if (text !== undefined && named === undefined) throw refuseParameter('format', `one of ${known.join(', ')}`);
  const mimes = known.map((type) => TYPES[type].split(';')[0] ?? '');
  const accepted = request.accepts(mimes);
  return named ?? known.find((_, index) => mimes[index] === accepted) ?? 'json';
}

function parseLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const limit = parseIndex(text);
  if (limit === undefined || limit < 1 || limit > MAX_LIMIT)
    throw refuseParameter('limit', `a whole number from 1 to ${MAX_LIMIT}`);
  return limit;
}

/** `after` is set when more follows. */
function readPage(items: Iterable<ListItem>, limit: number): { texts: string[]; after: string | undefined } {
  const texts: string[] = [];
  let units = 0;
  let after: string | undefined;
  for (const item of items) {
    if (texts.length === limit || units >= MAX_PAGE_UNITS) return { texts, after };
    texts.push(item.text);
    units += item.text.length;
    after = item.after;
  }
  return { texts, after: undefined };
}

async function exportList(
  response: Response,
  list: List,
  type: 'ndjson' | 'csv',
  from: string | undefined,
): Promise<void> {
  const items = list.items(type === 'csv' ? 'csv' : 'json', from);
  const progress = beginExport(response, type);
  response.type(TYPES[type]);
  if (type === 'csv') response.write(list.csvHead ?? '');
  for (const { text } of items) {
    if (response.destroyed) return;
    const isTaken = response.write(type === 'csv' ? text : `${text}\n`);
    progress.items += 1;
    // Also ended by a reader that goes away.
    if (!isTaken) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    else if (progress.items % ITEMS_PER_TURN === 0) await setImmediate();
  }
  response.end();
}

function formatCursor({ size, nowMs, position }: Cursor): string {
  return Buffer.from(`${size}.${nowMs}.${position}`).toString('base64url');
}

function nextUrl(url: string, cursor: string): string {
  const { pathname, searchParams } = new URL(url, 'http://log');
  searchParams.set('cursor', cursor);
  return `${pathname}?${searchParams.toString()}`;
}

/** A list that is short enough to be made at once; each item has a key that no other has. */
export function listOf<T>(all: readonly T[], keyOf: (item: T) => string, format: (item: T) => string): List {
  return {
    is: 'list',
    *items(_, from) {
      const at = from === undefined ? -1 : all.findIndex((item) => keyOf(item) === from);
      if (at < 0 && from !== undefined) throw cursorRefused();
      for (const item of all.slice(at + 1)) yield { text: format(item), after: keyOf(item) };
    },
  };
}

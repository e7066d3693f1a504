// GET /v1/records: leaves in index order, a page at a time, as JSON or NDJSON. The cursor is a leaf index, so it
// stays good for ever: the log only grows.
import type { Request, RequestHandler, Response } from 'express';
import { lineText } from './line.ts';
import type { LogEntry, LogReader } from './log-reader.ts';
import { isProblem, sendProblem } from './problem.ts';
import { parseRecordsQuery, type RecordsQuery } from './query.ts';

/** A page ends early at this many bytes of lines: memory stays bounded whatever the limit. */
const MAX_PAGE_BYTES = 4 * 1024 * 1024;

interface Page {
  readonly entries: readonly LogEntry[];
  /** Leaves in the log when the page was read. */
  readonly size: number;
  /** `from` of the next page; equal to `size` when this page reached the end. */
  readonly next: number;
}

export function createRecordsResource(reader: LogReader): RequestHandler {
  return (request, response) => {
    const query = parseRecordsQuery(request.url);
    if (isProblem(query)) return sendProblem(response, query);
    const page = readPage(reader, query);
    response.setHeader('cache-control', 'private, no-cache');
    response.setHeader('vary', 'accept, authorization');
    response.setHeader('link', `<${nextUrl(query, page.next)}>; rel="next"`);
    sendPage(request, response, page);
  };
}

function readPage(reader: LogReader, query: RecordsQuery): Page {
  const size = reader.size();
  const entries: LogEntry[] = [];
  let bytes = 0;
  for (const entry of reader.entries({ from: query.from, to: size, type: query.type, state: query.state })) {
    if (entries.length === query.limit || bytes >= MAX_PAGE_BYTES) return { entries, size, next: entry.index };
    entries.push(entry);
    bytes += entry.line.length;
  }
  return { entries, size, next: Math.max(size, query.from) };
}

function sendPage(request: Request, response: Response, page: Page): void {
  const items = page.entries.map(formatEntry);
  if (request.accepts(['application/json', 'application/x-ndjson']) === 'application/x-ndjson') {
    response.type('application/x-ndjson').send(Buffer.from(items.map((item) => `${item}\n`).join('')));
    return;
  }
  const body = `{"size":${page.size},"next":${page.next},"records":[${items.join(',')}]}`;
  response.type('application/json').send(Buffer.from(body));
}

function formatEntry(entry: LogEntry): string {
  return `{"index":${entry.index},"record":${lineText(entry.line) ?? 'null'}}`;
}

function nextUrl(query: RecordsQuery, next: number): string {
  const search = new URLSearchParams({ from: String(next), limit: String(query.limit) });
  if (query.type !== undefined) search.set('type', query.type);
  if (query.state !== undefined) search.set('state', query.state);
  return `/v1/records?${search.toString()}`;
}

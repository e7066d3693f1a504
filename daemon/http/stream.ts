// GET /v1/stream: records as they are appended, as server-sent events. The id of an event is its leaf index, so a reader
// that comes back with Last-Event-ID misses nothing.
import { once } from 'node:events';
import type { Request, RequestHandler, Response } from 'express';
import type { OpenLog } from '../answers/open-log.ts';
import { matchesGlob } from '../store/queries-glob.ts';
import { lineText } from './line.ts';
import { sendProblem, TOO_MANY_STREAMS } from './problem.ts';
import { parseIndex, parseQuery, refuseParameter, type Parameters } from './question.ts';
import { formatRecordItem } from './records.ts';

export const STREAM_PARAMETERS: Parameters = { from: 'text', type: 'list', state: 'text' };

const MAX_STREAMS = 64;
const POLL_MS = 250;
/** A proxy or a sleeping network is noticed by this. */
const HEARTBEAT_MS = 15_000;
/** Then the reader comes back, and shows its credential again. */
const MAX_LIFE_MS = 15 * 60_000;
const CHUNK_LEAVES = 64;

interface StreamFilter {
  readonly types: readonly string[] | undefined;
  /** Glob over the name and the reference of a record's state. */
  readonly state: string | undefined;
}

export function createStreamHandler(log: OpenLog): RequestHandler<Record<string, string>> {
  let open = 0;
  return async (request, response) => {
    const asked = parseQuery(request.url, STREAM_PARAMETERS);
    const from = parseFrom(asked.text('from'), request.get('last-event-id')) ?? log.queries.size();
    if (open >= MAX_STREAMS) return sendProblem(response, TOO_MANY_STREAMS);
    open += 1;
    try {
      await stream(log, request, response, from, { types: asked.list('type'), state: asked.text('state') });
    } finally {
      open -= 1;
    }
  };
}

/** What a reader saw last outweighs where it began. */
function parseFrom(text: string | undefined, lastEventId: string | undefined): number | undefined {
  const from = text === undefined ? undefined : parseIndex(text);
  if (text !== undefined && from === undefined) throw refuseParameter('from', 'a leaf index: a whole number from 0');
  const last = lastEventId === undefined ? undefined : parseIndex(lastEventId);
  if (lastEventId !== undefined && last === undefined)
    throw refuseParameter('Last-Event-ID', 'the id of an event of this stream');
  return last === undefined ? from : last + 1;
}

async function stream(
  log: OpenLog,
  request: Request,
  response: Response,
  start: number,
  filter: StreamFilter,
): Promise<void> {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  response.write('retry: 2000\n: open\n\n');
  if (request.method === 'HEAD') return void response.end();
  const endMs = performance.now() + MAX_LIFE_MS;
  let heartbeatMs = performance.now() + HEARTBEAT_MS;
  for (let from = start; !response.destroyed && performance.now() < endMs;) {
    const leaves = log.leaves.list(
      { from, to: Number.MAX_SAFE_INTEGER, type: undefined, state: undefined },
      CHUNK_LEAVES,
    );
    for (const { index, line } of leaves) {
      from = index + 1;
      const event = formatEvent(index, line, filter);
      if (event !== undefined && !response.write(event)) await drained(response);
    }
    if (leaves.length > 0) heartbeatMs = performance.now() + HEARTBEAT_MS;
    if (leaves.length < CHUNK_LEAVES) await pause(response, POLL_MS);
    if (performance.now() < heartbeatMs) continue;
    response.write(': still here\n\n');
    heartbeatMs = performance.now() + HEARTBEAT_MS;
  }
  response.end();
}

/** Undefined where the filter does not ask for it. A line that is damaged has no type, and is told without one. */
function formatEvent(index: number, line: Uint8Array, { types, state }: StreamFilter): string | undefined {
  const { type = '', name = '', reference = '' } = factsOf(line);
  if (types !== undefined && !types.includes(type)) return undefined;
  if (state !== undefined && ![name, reference].some((text) => matchesGlob(state, text))) return undefined;
  return `id: ${index}\nevent: ${type === '' ? 'damaged' : type}\ndata: ${formatRecordItem(index, line)}\n\n`;
}

interface RecordFacts {
  readonly type?: string;
  readonly name?: string;
  readonly reference?: string;
}

function factsOf(line: Uint8Array): RecordFacts {
  const text = lineText(line);
  if (text === undefined) return {};
  const record = JSON.parse(text) as { type: string; data?: { state?: { name?: string; reference?: string } } };
  const type = record.type.replace(/^io\.stateseal\./u, '');
  const { name = '', reference = '' } = record.data?.state ?? {};
  return { type, name, reference };
}

/** Also by a reader that goes away. */
async function drained(response: Response): Promise<void> {
  if (!response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')]);
}

function pause(response: Response, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      response.off('close', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    response.once('close', end);
  });
}

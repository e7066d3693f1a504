// How a resource answers: it turns a question into one of a few forms, and what goes over the wire is decided here.
import type { Request, RequestHandler, Response } from 'express';
import type { OpenLog } from '../answers/open-log.ts';
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import { parseCursor, sendList, type List } from './list.ts';
import { principalOf } from './principal.ts';
import { parseIndex, parseQuery, refuseParameter, type Parameters, type Question } from './question.ts';

/** `isFinal`: this answer never changes; a browser of this principal may keep it. */
export type Answer =
  | { readonly is: 'json'; readonly value: Json; readonly isFinal?: boolean }
  /** `text` is JSON already: stored lines are spliced in as they are, so that no digit of a number is lost. */
  | { readonly is: 'json-text'; readonly text: string; readonly isFinal?: boolean }
  | { readonly is: 'bytes'; readonly type: string; readonly bytes: Uint8Array; readonly isFinal?: boolean }
  | List;

export interface Read {
  readonly parameters: Parameters;
  readonly answer: (question: Question) => Answer | Promise<Answer>;
}

/** Narrows every answer to a tree size. */
export const AT_SIZE: Parameters = { 'at-size': 'text' };

export function createReadHandler(log: OpenLog, { parameters, answer }: Read): RequestHandler<Record<string, string>> {
  return async (request, response) => {
    const question = toQuestion(log, request, response, parameters);
    await send(request, response, question, await answer(question));
  };
}

function toQuestion(
  log: OpenLog,
  request: Request<Record<string, string>>,
  response: Response,
  parameters: Parameters,
): Question {
  const asked = parseQuery(request.url, parameters);
  const cursor = parseCursor(asked.text('cursor'));
  const size = parseSize(asked.text('at-size'), log.queries.size());
  if (cursor !== undefined && cursor.size > (size ?? log.queries.size()))
    throw refuseParameter('cursor', 'one of a page of this log');
  return {
    log,
    asked,
    size: cursor?.size ?? size ?? log.queries.size(),
    nowMs: cursor?.nowMs ?? Date.now(),
    principal: principalOf(response),
    refuse: refuseParameter,
    path: (name) => request.params[name] ?? '',
  };
}

function parseSize(text: string | undefined, size: number): number | undefined {
  if (text === undefined) return undefined;
  const asked = parseIndex(text);
  if (asked === undefined || asked > size)
    throw refuseParameter('at-size', 'a tree size: a whole number up to the size of the log');
  return asked;
}

async function send(request: Request, response: Response, question: Question, answer: Answer): Promise<void> {
  if (answer.is === 'list') return sendList(request, response, question, answer);
  response.setHeader(
    'cache-control',
    answer.isFinal === true ? 'private, max-age=31536000, immutable' : 'private, no-cache',
  );
  response.vary('authorization, cookie');
  if (answer.is === 'bytes') return void response.type(answer.type).send(Buffer.from(answer.bytes));
  const text = answer.is === 'json' ? formatJson(answer.value) : answer.text;
  response.type('application/json').send(Buffer.from(text));
}

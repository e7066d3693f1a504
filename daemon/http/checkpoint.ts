// GET /v1/checkpoint: the newest signed checkpoint, byte for byte (C2SP tlog-checkpoint).
import type { RequestHandler } from 'express';
import type { LogReader } from './log-reader.ts';
import { sendProblem } from './problem.ts';
import { parseNoQuery } from './query.ts';

export function createCheckpointResource(reader: LogReader): RequestHandler {
  return (request, response) => {
    const problem = parseNoQuery(request.url);
    if (problem !== undefined) return sendProblem(response, problem);
    const checkpoint = reader.newestCheckpoint();
    if (checkpoint === undefined) {
      return sendProblem(response, {
        status: 404,
        code: 'checkpoint-none',
        title: 'No checkpoint yet',
        detail: 'nothing was sealed and signed yet; stateseal seal does it now',
      });
    }
    response.setHeader('cache-control', 'private, no-cache');
    response.type('text/plain; charset=utf-8').send(Buffer.from(checkpoint.note));
  };
}

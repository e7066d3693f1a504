// POST /v1/seal: looks at every state and seals what is open, as `stateseal seal` does.
import type { RequestHandler } from 'express';
import { StatesealError } from '../errors.ts';
import type { LiveRecorder } from './live.ts';
import { sendProblem } from './problem.ts';
import { parseQuery } from './question.ts';

export function createSealHandler(live: LiveRecorder): RequestHandler<Record<string, string>> {
  return async (request, response) => {
    parseQuery(request.url, {});
    try {
      const { size } = await live.seal();
      response.json({ size });
    } catch (error) {
      if (!(error instanceof StatesealError)) throw error;
      sendProblem(response, {
        status: 503,
        code: 'recorder-silent',
        title: 'Not sealed',
        detail: 'the recorder does not run, or could not seal; stateseal status says why',
      });
    }
  };
}

// GET /livez: the process runs and answers. Says nothing else, since it is open to everybody on the host.
import type { Request, Response } from 'express';

export function getLivez(_request: Request, response: Response): void {
  response.json({ status: 'alive' });
}

// Request bodies: bounded, whole or not at all, and as their sender meant them (Content-MD5, RFC 1864).
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a body was not taken; 'cut': nobody is left to be told. */
export type BodyRefusal = 'too-large' | 'cut' | 'digest-wrong';

/** Bytes of all bodies being received: a few large ones must not fill the memory. */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  take(bytes: number): boolean {
    if (this.#used + bytes > this.#limit) return false;
    this.#used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#used -= bytes;
  }
}

/** Reads at most `maxBytes`; stops reading at the first byte too many. */
export async function readRequestBody(
  request: IncomingMessage,
  maxBytes: number,
  budget: BodyBudget,
): Promise<Uint8Array | BodyRefusal> {
  const announced = Number(request.headers['content-length'] ?? '0');
  if (!(announced <= maxBytes)) return 'too-large';
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      if (sizeBytes + chunk.length > maxBytes || !budget.take(chunk.length)) return 'too-large';
      sizeBytes += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    // The connection ended in the middle of it.
    return 'cut';
  } finally {
    budget.give(sizeBytes);
  }
  if (!request.complete) return 'cut';
  const body = join(chunks, sizeBytes);
  return isMeant(body, request.headers['content-md5']) ? body : 'digest-wrong';
}

/** In a buffer of its own: what is handed to a thread must not carry along what lies beside it. */
function join(chunks: readonly Buffer[], sizeBytes: number): Uint8Array {
  const body = new Uint8Array(sizeBytes);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

function isMeant(body: Uint8Array, header: string | string[] | undefined): boolean {
  if (header === undefined) return true;
  return header === createHash('md5').update(body).digest('base64');
}

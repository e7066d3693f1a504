// Request bodies: bounded, whole or not at all, and as their sender meant them (Content-MD5, RFC 1864).
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Why a body was not taken; 'cut': nobody is left to be told; 'busy': too many large ones at a time. */
export type BodyRefusal = 'too-large' | 'cut' | 'digest-wrong' | 'busy';

/** Bytes of all bodies that are being received or worked on: a few large ones must not fill the memory. */
export class BodyBudget {
  readonly #limit: number;
  #used = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  /** What one request takes of it, given back by `end`. */
  lease(): BodyLease {
    let own = 0;
    return {
      take: (bytes) => {
        if (this.#used + bytes > this.#limit) return false;
        this.#used += bytes;
        own += bytes;
        return true;
      },
      end: () => {
        this.#used -= own;
        own = 0;
      },
    };
  }
}

export interface BodyLease {
  take(bytes: number): boolean;
  end(): void;
}

/** Reads at most `maxBytes`; stops reading at the first byte too many. */
export async function readRequestBody(
  request: IncomingMessage,
  maxBytes: number,
  lease: BodyLease,
): Promise<Uint8Array | BodyRefusal> {
  const announced = Number(request.headers['content-length'] ?? '0');
  if (!(announced <= maxBytes)) return 'too-large';
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  try {
    // Left open when too much comes: the sender is still to be told.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (sizeBytes + chunk.length > maxBytes) return 'too-large';
      if (!lease.take(chunk.length)) return 'busy';
      sizeBytes += chunk.length;
      chunks.push(chunk);
    }
  } catch {
    // The connection ended in the middle of it.
    return 'cut';
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

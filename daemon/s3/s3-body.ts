// Bodies of answers as bounded bytes: a store can neither fill the memory nor hand over a part as the whole.
import { Readable } from 'node:stream';
import { ArchiveError } from '../errors.ts';
import { badAnswer, documentTooLong, type S3Call } from './s3-errors.ts';

/** A page of a listing is about 1 MiB at most; an error document a few KiB. */
const maxDocumentBytes = 16 * 1024 ** 2;

/**
 * The whole body of a GET. Throws ArchiveError: `archive-object-too-large` beyond `maxBytes`, `archive-bad-answer`
 * when the length was not announced or is not kept.
 */
export async function readBody(
  body: unknown,
  length: number | undefined,
  call: S3Call,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!(body instanceof Readable)) throw badAnswer(call, 'a body');
  if (length === undefined || !Number.isSafeInteger(length) || length < 0)
    throw abandoned(body, badAnswer(call, 'a length'));
  if (length > maxBytes) throw abandoned(body, tooLarge(call.key, maxBytes));
  const bytes = new Uint8Array(length);
  let filled = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    if (filled + chunk.length > length) throw badAnswer(call, 'the announced length');
    bytes.set(chunk, filled);
    filled += chunk.length;
  }
  if (filled < length) throw badAnswer(call, 'the announced length');
  return bytes;
}

/** The same stream, failing beyond what a listing or an error document can need. */
export function limitDocument(body: Readable): Readable {
  return Readable.from(limited(body));
}

async function* limited(body: Readable): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxDocumentBytes) throw Object.assign(new Error('too long'), { name: documentTooLong });
    yield chunk;
  }
}

// Frees the connection of an answer that is not read.
function abandoned(body: Readable, error: Error): Error {
  body.on('error', () => undefined);
  body.destroy();
  return error;
}

/** The error for a body beyond the caller's limit; permanent. */
export function tooLarge(key: string, maxBytes: number): ArchiveError {
  return new ArchiveError('archive-object-too-large', `expected at most ${maxBytes} bytes at ${key}, got more`, {
    transient: false,
    hint: 'stateseal writes no object of this size: somebody else put it there',
  });
}

// Terraform's JSON lines on their way to our standard output, byte for byte, with a copy for the record. Written by
// plain blocking writes of another thread: nothing is set on the descriptor that others share, signals stay live, and a
// slow reader slows Terraform as it would without us.
import { write } from 'node:fs';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

/** What is kept; a longer stream is passed on and not recorded. */
export const MAX_STREAM_BYTES = 16 * 1024 * 1024;
const STDOUT = 1;
const writeTo = promisify(write);

/** A process that Terraform left behind may keep the pipe open for ever: so long it is listened to after the end. */
const QUIET_MS = 500;

/** 'whole': all of it was copied. 'cut': there is more than the copy. 'broken': our reader went away meanwhile. */
export type TeeOutcome = 'whole' | 'cut' | 'broken';

/**
 * Resolves when the source has ended. When our reader is gone the source is closed, and Terraform meets a broken pipe as
 * it would without us, if it writes once more.
 */
export async function teeStream(
  source: Readable,
  ended: Promise<unknown>,
  onCopy: (bytes: Uint8Array) => void,
): Promise<TeeOutcome> {
  const pace = { isWriting: false, lastMs: performance.now() };
  const timer = closeWhenQuiet(source, ended, pace);
  let sizeBytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      pace.isWriting = true;
      await writeAll(chunk);
      pace.isWriting = false;
      pace.lastMs = performance.now();
      sizeBytes += chunk.length;
      if (sizeBytes <= MAX_STREAM_BYTES) onCopy(chunk);
    }
    return sizeBytes <= MAX_STREAM_BYTES ? 'whole' : 'cut';
  } catch {
    source.destroy();
    return pace.isWriting ? 'broken' : 'cut';
  } finally {
    timer.stop();
  }
}

interface Pace {
  isWriting: boolean;
  lastMs: number;
}

function closeWhenQuiet(source: Readable, ended: Promise<unknown>, pace: Pace): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let isOver = false;
  const look = (): void => {
    const quietMs = pace.isWriting ? 0 : performance.now() - pace.lastMs;
    if (quietMs >= QUIET_MS) source.destroy();
  };
  const begin = (): void => {
    pace.lastMs = performance.now();
    if (!isOver) timer = setInterval(look, 100);
  };
  void ended.then(begin, begin);
  return {
    stop: () => {
      isOver = true;
      clearInterval(timer);
    },
  };
}

async function writeAll(bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    at += await writeSome(bytes, at);
  }
}

async function writeSome(bytes: Buffer, at: number): Promise<number> {
  try {
    return (await writeTo(STDOUT, bytes, at, bytes.length - at)).bytesWritten;
  } catch (error) {
    // Somebody else made the descriptor non-blocking.
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    await delay(5);
    return 0;
  }
}

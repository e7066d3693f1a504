// The door to /proc: small files of the kernel, read on the spot. Only files that the kernel fills by itself are read
// this way: what lies in a process's own memory (its command line) can keep a reader waiting, see command.ts.
import { closeSync, openSync, readlinkSync, readSync, statSync } from 'node:fs';

/** Synchronous, injected in tests. Undefined for what is not there or may not be read. */
export interface ProcFiles {
  /** At most `maxBytes` of a file as Latin-1, so that no byte is lost. */
  read(path: string, maxBytes: number): string | undefined;
  readLink(path: string): string | undefined;
  /** Changes when the file does. */
  version(path: string): string | undefined;
}

export const procFiles: ProcFiles = {
  read: (path, maxBytes) => attempt(() => readSome(path, maxBytes)),
  readLink: (path) => attempt(() => readlinkSync(path)),
  version: (path) =>
    attempt(() => {
      const { mtimeNs, size, ino } = statSync(path, { bigint: true });
      return `${mtimeNs}-${size}-${ino}`;
    }),
};

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined; // Gone, or not ours to read: nothing is known then.
  }
}

/** Files of /proc say size 0: read until the end. */
function readSome(path: string, maxBytes: number): string {
  const descriptor = openSync(path, 'r');
  try {
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    while (sizeBytes < maxBytes) {
      const piece = Buffer.alloc(Math.min(65_536, maxBytes - sizeBytes));
      const bytesRead = readSync(descriptor, piece, 0, piece.length, null);
      if (bytesRead === 0) break;
      pieces.push(piece.subarray(0, bytesRead));
      sizeBytes += bytesRead;
    }
    return Buffer.concat(pieces).toString('latin1');
  } finally {
    closeSync(descriptor);
  }
}

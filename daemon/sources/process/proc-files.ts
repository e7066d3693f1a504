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

/** One for all readings, which follow one another. */
const shared = Buffer.alloc(65_536);

/** Files of /proc say size 0: read until the end. */
function readSome(path: string, maxBytes: number): string {
  const descriptor = openSync(path, 'r');
  try {
    let text = '';
    while (text.length < maxBytes) {
      const bytesRead = readSync(descriptor, shared, 0, Math.min(shared.length, maxBytes - text.length), null);
      if (bytesRead === 0) break;
      text += shared.toString('latin1', 0, bytesRead);
    }
    return text;
  } finally {
    closeSync(descriptor);
  }
}

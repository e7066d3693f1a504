// The process behind the kernel's lock on a state, read with a double check: the table must show the same holder before
// and after, and the process must be older than the lock file. Otherwise nothing is said.
import { findHolder, parseKernelLocks, type FileIdentity } from '../proc-locks.ts';
import { procFiles, type ProcFiles } from './proc-files.ts';
import { createProcessReader, type ProcessFacts } from './process-facts.ts';

export interface HolderReader {
  /**
   * Facts of the process that holds the write lock on `file` now, when it had begun by `writtenMs`, the time of the lock
   * file beside it: a stale lock file says nothing of a process that came after it. `isUnchanged` is asked last: whether
   * that lock file still stands as it did. Never throws.
   */
  read(file: FileIdentity, writtenMs: number, isUnchanged: () => boolean): ProcessFacts | undefined;
  /** Reads a process of no interest: the first reading of a program takes ten times as long as the next. */
  warmUp(): void;
}

/** A host with more locks than fit in so much text is not searched further. */
const MAX_TABLE_BYTES = 8_388_608;
/** File times lag by up to a tick of the kernel, start times and the uptime are cut to hundredths of a second. */
const TIME_GRAIN_MS = 50;

export function createHolderReader(wallMs: () => number, files: ProcFiles = procFiles): HolderReader {
  const processes = createProcessReader(wallMs, files);
  const holderOf = (file: FileIdentity): number => {
    const text = files.read('/proc/locks', MAX_TABLE_BYTES);
    return text === undefined ? 0 : findHolder(parseKernelLocks(text), file, false).pid;
  };
  return {
    read(file, writtenMs, isUnchanged) {
      const pid = holderOf(file);
      const identity = pid === 0 ? undefined : processes.identify(pid);
      if (identity === undefined || holderOf(file) !== pid || !isUnchanged()) return undefined;
      if (Date.parse(identity.startedAt) > writtenMs + TIME_GRAIN_MS) return undefined;
      // Number and start name the process for good: the rest may be read when the lock is gone.
      return processes.describe(identity);
    },
    warmUp() {
      const self = processes.identify(process.pid);
      if (self !== undefined) processes.describe(self);
      holderOf({ dev: 0n, ino: 0n });
    },
  };
}

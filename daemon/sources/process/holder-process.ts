// The process behind the kernel's lock on a state, read with a double check: the table must show the same holder before
// and after, and the process must be older than the lock file. Otherwise nothing is said.
import { findHolder, parseKernelLocks, type FileIdentity } from '../proc-locks.ts';
import { procFiles, type ProcFiles } from './proc-files.ts';
import { createProcessReader, type ProcessFacts } from './process-facts.ts';

export interface HolderReader {
  /**
   * Facts of the process that holds the write lock on `file` now, when it had begun by `writtenMs`, the time of the lock
   * file beside it: a stale lock file says nothing of a process that came after it. Never throws.
   */
  read(file: FileIdentity, writtenMs: number): ProcessFacts | undefined;
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
    read(file, writtenMs) {
      const pid = holderOf(file);
      if (pid === 0) return undefined;
      const facts = processes.read(pid);
      if (facts === undefined || holderOf(file) !== pid) return undefined;
      return Date.parse(facts.startedAt) <= writtenMs + TIME_GRAIN_MS ? facts : undefined;
    },
  };
}

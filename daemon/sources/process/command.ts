// The command line of a process, by its harmless parts. It lies in the process's own memory, and a hostile one can keep
// whoever reads it waiting for ever: it is read in the background, one at a time, and given up on after a moment.
import { open } from 'node:fs/promises';
import { parseCommandLine } from '../../terraform/command-line.ts';
import { toShownCommand } from '../../terraform/shown-command.ts';
import { pause, type SourceClock } from '../clock.ts';
import { procFiles, type ProcFiles } from './proc-files.ts';
import { parseStat } from './proc-parse.ts';
import type { ProcessFacts } from './process-facts.ts';

export interface CommandReader {
  /** The facts with the command, where it could be read while the process was still the same one. Never throws. */
  complete(facts: ProcessFacts, signal: AbortSignal): Promise<ProcessFacts>;
}

const MAX_BYTES = 65_536;
const PATIENCE_MS = 250;
/** Reads that hang at once: each keeps a thread of the pool. */
const MAX_HANGING = 2;

export function createCommandReader(
  clock: SourceClock,
  files: ProcFiles = procFiles,
  readBytes: (path: string) => Promise<string> = readStart,
): CommandReader {
  let hanging = 0;
  const read = async (pid: number): Promise<string | undefined> => {
    hanging += 1;
    try {
      return await readBytes(`/proc/${pid}/cmdline`);
    } catch {
      return undefined; // The process is gone.
    } finally {
      hanging -= 1;
    }
  };
  return {
    async complete(facts, signal) {
      if (facts.command !== 'unread' || hanging >= MAX_HANGING) return facts;
      const text = await within(read(facts.pid), clock, signal);
      const stat = parseStat(files.read(`/proc/${facts.pid}/stat`, MAX_BYTES) ?? '');
      if (text === undefined || text === '' || stat?.startTicks !== facts.startTicks) return facts;
      const command = parseCommandLine(splitWords(text));
      return { ...facts, command: command === undefined ? 'other' : toShownCommand(command) };
    },
  };
}

/** Words end with a zero byte; the last of a line that was cut is left out. */
function splitWords(text: string): readonly string[] {
  const words = Buffer.from(text, 'latin1').toString('utf8').split('\0');
  return words.slice(0, -1);
}

async function within<T>(read: Promise<T>, clock: SourceClock, signal: AbortSignal): Promise<T | undefined> {
  const ended = new AbortController();
  const stop = AbortSignal.any([ended.signal, signal]);
  try {
    return await Promise.race([read, pause(clock, PATIENCE_MS, stop).then(() => undefined)]);
  } finally {
    ended.abort();
  }
}

async function readStart(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(MAX_BYTES);
    let sizeBytes = 0;
    while (sizeBytes < MAX_BYTES) {
      const { bytesRead } = await handle.read(buffer, sizeBytes, MAX_BYTES - sizeBytes, null);
      if (bytesRead === 0) break;
      sizeBytes += bytesRead;
    }
    return buffer.toString('latin1', 0, sizeBytes);
  } finally {
    await handle.close();
  }
}

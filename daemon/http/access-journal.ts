// The access log of a recorder: sums and exports on their way to the log, kept in a file meanwhile, so that a crash
// loses seconds of them and not an hour.
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { AccessExport, LogAccessedData } from '../record/access-data.ts';
import type { AccessLog } from './access-log.ts';
import { createAccessSums, type AccessSum } from './access-sums.ts';

/** What of log.accessed is known here. */
export type Accessed = Pick<LogAccessedData, 'principal' | 'since' | 'until' | 'reads' | 'export'>;

export interface AccessJournal extends AccessLog {
  /** Hands over what is due and keeps the rest; `isEnd`: hands over everything. */
  flush(isEnd: boolean): Promise<void>;
}

export interface AccessJournalParts {
  /** Where sums are kept over a crash. */
  readonly path: string;
  /** Resolves when the entries are in the log. */
  readonly record: (entries: readonly Accessed[]) => Promise<void>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Begins with what a crash left at `path`. */
export async function openAccessJournal({ path, record, now }: AccessJournalParts): Promise<AccessJournal> {
  const sums = createAccessSums(now);
  let waiting: readonly Accessed[] = await readKept(path);
  let isDirty = waiting.length > 0;
  const keep = async (entries: readonly Accessed[]): Promise<void> => {
    if (entries.length === 0) return rm(path, { force: true });
    await writeFile(`${path}.new`, JSON.stringify(entries), { mode: 0o600 });
    await rename(`${path}.new`, path);
  };
  const work = async (isEnd: boolean): Promise<void> => {
    waiting = [...waiting, ...sums.take(isEnd).map(toAccessed)];
    if (!isDirty && waiting.length === 0) return;
    isDirty = false;
    const taken = waiting;
    if (taken.length > 0) {
      // Kept until they are in the log: told twice after a crash in between, never lost.
      await keep([...taken, ...sums.kept().map(toAccessed)]);
      await record(taken);
      waiting = waiting.slice(taken.length);
    }
    await keep([...waiting, ...sums.kept().map(toAccessed)]);
  };
  let last = Promise.resolve();
  return {
    read(principal, resource) {
      sums.read(principal, resource);
      isDirty = true;
    },
    exported(principal, sinceMs, exported) {
      waiting = [...waiting, toExport(principal, sinceMs, now(), exported)];
    },
    flush: (isEnd) =>
      (last = last.then(
        () => work(isEnd),
        () => work(isEnd),
      )),
  };
}

function toAccessed({ principal, sinceMs, untilMs, reads }: AccessSum): Accessed {
  return { principal, since: toTime(sinceMs), until: toTime(untilMs), reads };
}

function toExport(principal: string, sinceMs: number, untilMs: number, exported: AccessExport): Accessed {
  return { principal, since: toTime(sinceMs), until: toTime(untilMs), export: exported };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** A file of ours in a folder of ours; one that cannot be read is left out, since nothing can be told of it. */
async function readKept(path: string): Promise<readonly Accessed[]> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as readonly Accessed[];
  } catch {
    return [];
  }
}

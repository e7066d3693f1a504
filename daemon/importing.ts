// An import as the daemon runs it: a source opened for it and closed after it, on the recorder that is open already.
import type { Config } from './config.ts';
import { importHistory } from './history-import.ts';
import type { RunImport } from './import-jobs.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Outcome } from './recorder/parts.ts';
import type { Sqlite } from './store/database.ts';
import { createRecordReader, isNewestImported } from './store/queries-read.ts';
import { createStates } from './store/states.ts';
import { createNames, openImportSource } from './watching.ts';

export interface ImporterParts {
  readonly recorder: RecorderClient;
  /** A reading connection. */
  readonly database: Sqlite;
  readonly tell: (outcome: Outcome) => void;
}

export function createImporter(config: Config, { recorder, database, tell }: ImporterParts): RunImport {
  return async (request, onProgress, isStopped) => {
    const source = openImportSource(config, request);
    try {
      return await importHistory({
        source,
        recorder,
        nameOf: createNames(config.names),
        isImported: (stateId) => isNewestImported(database, stateId),
        tell,
        onProgress,
        isStopped,
      });
    } finally {
      await source.close();
    }
  };
}

export interface KindCounts {
  readonly changes: number;
  /** Changes by kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Times versions are missing between two others. */
  readonly gaps: number;
  /** Changes whose lock is still held. */
  readonly open: number;
}

export interface KindCounter {
  add(outcome: Outcome): void;
  counts(): KindCounts;
}

/** Counts what outcomes have recorded, as it comes: of imported history alone. */
export function createKindCounter(database: Sqlite): KindCounter {
  const read = createRecordReader(database).byIndex;
  const kinds = new Map<string, number>();
  let [changes, gaps] = [0, 0];
  return {
    add({ from, to }) {
      for (let leafIndex = from; leafIndex < to; leafIndex += 1) {
        const record = read(leafIndex)?.record;
        if (record === undefined || record.data['backfilled'] !== true) continue;
        if (record.type === 'state.missed') gaps += 1;
        if (record.type !== 'state.changed') continue;
        const kind = typeof record.data['kind'] === 'string' ? record.data['kind'] : 'unknown';
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        changes += 1;
      }
    },
    counts: () => ({
      changes,
      kinds: Object.fromEntries(kinds),
      gaps,
      open: createStates(database).openChanges().length,
    }),
  };
}

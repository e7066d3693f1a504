// Opens the log of a data directory for who reads: the database of a running or stopped recorder, read-only.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { createBatches, type Batches } from '../store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../store/database.ts';
import { createEntries, type Entries } from '../store/entries.ts';
import { createLeaves, type Leaves } from '../store/leaves.ts';
import { createQueries, type Queries } from '../store/queries.ts';

const DATABASE_FILE = 'log.sqlite';

export interface OpenLog {
  /** Where its keys are, if they are at hand. */
  readonly dataDir: string;
  readonly database: Sqlite;
  readonly entries: Entries;
  readonly batches: Batches;
  readonly leaves: Leaves;
  readonly queries: Queries;
}

/** The caller closes `database`. Throws ConfigError `log-missing` and openDatabaseReadOnly's. */
export function openLog(dataDir: string): OpenLog {
  const path = join(dataDir, DATABASE_FILE);
  if (!existsSync(path)) {
    throw new ConfigError('log-missing', 'expected a log in the data directory, got none', {
      hint: 'record first: stateseal watch <dir>; or name the right place with --data-dir',
    });
  }
  const database = openDatabaseReadOnly(path);
  try {
    const batches = createBatches(database);
    const entries = createEntries(database);
    return {
      dataDir,
      database,
      batches,
      entries,
      leaves: createLeaves(database),
      queries: createQueries(database, batches),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Opens the log, runs `work`, closes it whatever happens. Throws what openLog throws. */
export async function withLog<T>(
  context: { readonly dataDir: string },
  work: (log: OpenLog) => T | Promise<T>,
): Promise<T> {
  const log = openLog(context.dataDir);
  try {
    return await work(log);
  } finally {
    log.database.close();
  }
}

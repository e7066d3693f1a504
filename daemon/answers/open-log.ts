// Opens the log of a data directory for a verb that reads: the database of a running or stopped recorder, read-only.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { createBatches, type Batches } from '../store/batches.ts';
import { openDatabaseReadOnly, type Sqlite } from '../store/database.ts';
import { createEntries, type Entries } from '../store/entries.ts';
import { createQueries, type Queries } from '../store/queries.ts';

const DATABASE_FILE = 'log.sqlite';

export interface OpenLog {
  readonly database: Sqlite;
  readonly entries: Entries;
  readonly batches: Batches;
  readonly queries: Queries;
}

/** Opens the log, runs `work`, closes it whatever happens. Throws ConfigError `log-missing` and openDatabaseReadOnly's. */
export async function withLog<T>(
  context: { readonly dataDir: string },
  work: (log: OpenLog) => T | Promise<T>,
): Promise<T> {
  const path = join(context.dataDir, DATABASE_FILE);
  if (!existsSync(path)) {
    throw new ConfigError('log-missing', 'expected a log in the data directory, got none', {
      hint: 'record first: stateseal watch <dir>; or name the right place with --data-dir',
    });
  }
  const database = openDatabaseReadOnly(path);
  try {
    const batches = createBatches(database);
    return await work({
      database,
      batches,
      entries: createEntries(database),
      queries: createQueries(database, batches),
    });
  } finally {
    database.close();
  }
}

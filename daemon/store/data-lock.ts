// One recorder per data directory: an exclusive SQLite lock on a file of its own, which the kernel drops when the
// process ends, however it ends.
import Database from 'better-sqlite3';
import { ConfigError, StoreError, describeForeign } from '../errors.ts';

export interface DataLock {
  close(): void;
}

/** Throws ConfigError `data-dir-busy` when another process holds it. */
export function openDataLock(path: string): DataLock {
  let database: Database.Database | undefined;
  try {
    database = new Database(path, { timeout: 0 });
    database.pragma('locking_mode = EXCLUSIVE');
    database.exec('BEGIN EXCLUSIVE');
    const held = database;
    return { close: () => void held.close() };
  } catch (error) {
    database?.close();
    if (error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw new ConfigError(
        'data-dir-busy',
        'expected a free data directory, got one that another stateseal is using',
        {
          hint: 'stop the other one, or give this one another --data-dir',
        },
      );
    }
    throw new StoreError('store-failed', `could not lock the data directory: ${describeForeign(error)}`, {
      hint: 'check owner, mode and free space of the data directory',
    });
  }
}

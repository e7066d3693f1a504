// Opens the SQLite file: pragmas, schema, version. One of the few doors to better-sqlite3 (all in this folder).
// The writer lives in one worker thread; every other thread or process opens the file read-only.
import Database from 'better-sqlite3';
import { ConfigError, StoreError, describeForeign } from '../errors.ts';
import { DERIVED_RUN_SCHEMA, RUN_SCHEMA } from './schema-runs.ts';
import { ADDED_SCHEMA, DERIVED_VERDICT_SCHEMA, DERIVED_SCHEMA, SCHEMA, SCHEMA_VERSION } from './schema.ts';

export type Sqlite = Database.Database;

const APPLICATION_ID = 0x5374536c;

/** Opens the database for writing and brings it to this version's schema. Throws StoreError or ConfigError. */
export function openDatabase(path: string): Sqlite {
  return guarded('open the database', () => {
    const database = new Database(path);
    database.pragma('journal_mode = WAL');
    // Every transaction is durable when it returns; what is deleted is overwritten; sorts never reach a temp file.
    database.pragma('synchronous = FULL');
    database.pragma('secure_delete = ON');
    database.pragma('temp_store = MEMORY');
    database.pragma('foreign_keys = ON');
    database.pragma('busy_timeout = 5000');
    migrate(database);
    return database;
  });
}

/** Opens the database of a running or stopped recorder for reading only. */
export function openDatabaseReadOnly(path: string): Sqlite {
  return guarded('open the database for reading', () => {
    const database = new Database(path, { readonly: true, fileMustExist: true });
    database.pragma('busy_timeout = 5000');
    assertVersion(database);
    return database;
  });
}

/** Runs `work`; a SQLite failure becomes StoreError with its code (SQLITE_FULL, SQLITE_IOERR_WRITE, ...). */
export function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw toStoreError(what, error);
  }
}

/** Any other error passes as it is. */
export function toStoreError(what: string, error: unknown): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const full = error.code === 'SQLITE_FULL' || error.code.startsWith('SQLITE_IOERR');
  return new StoreError(full ? 'store-write-failed' : 'store-failed', `could not ${what}: ${describeForeign(error)}`, {
    hint: full
      ? 'free space or mend the disk under the data directory; recording resumes by itself'
      : 'check that the data directory belongs to this user and that the file is a stateseal database',
  });
}

function migrate(database: Sqlite): void {
  const found = Number(database.pragma('user_version', { simple: true }));
  if (found === SCHEMA_VERSION) {
    assertVersion(database);
    database.exec(ADDED_SCHEMA);
    return;
  }
  if (found > SCHEMA_VERSION) throw newer(found);
  const isForeign = found === 0 ? false : database.pragma('application_id', { simple: true }) !== APPLICATION_ID;
  if (isForeign) return assertVersion(database);
  database.transaction(() => {
    if (found === 0) {
      database.exec(SCHEMA);
      database.exec(DERIVED_SCHEMA);
    } else database.exec(DERIVED_VERDICT_SCHEMA);
    // Version 1 knew no runs: no line of such a log would fill their derived tables.
    if (found === 1) database.exec(DERIVED_RUN_SCHEMA);
    if (found < 2) database.exec(RUN_SCHEMA);
    database.exec(ADDED_SCHEMA);
    database.pragma(`application_id = ${APPLICATION_ID}`);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
  })();
}

function assertVersion(database: Sqlite): void {
  const found = Number(database.pragma('user_version', { simple: true }));
  if (found > SCHEMA_VERSION) throw newer(found);
  if (found > 0 && found < SCHEMA_VERSION && database.pragma('application_id', { simple: true }) === APPLICATION_ID) {
    throw new ConfigError('store-older', `expected database version ${SCHEMA_VERSION}, got ${found}`, {
      hint: 'start the recorder once with this version: stateseal watch; it brings the database up to date',
    });
  }
  if (found !== SCHEMA_VERSION || database.pragma('application_id', { simple: true }) !== APPLICATION_ID) {
    throw new ConfigError('store-foreign', 'expected a stateseal database, got another SQLite file', {
      hint: 'point --data-dir at the directory of a stateseal recorder',
    });
  }
}

function newer(found: number): ConfigError {
  return new ConfigError('store-newer', `expected database version ${SCHEMA_VERSION} or older, got ${found}`, {
    hint: 'a newer stateseal wrote this data directory: install that version again',
  });
}

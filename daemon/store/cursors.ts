// How far each reference of a store of versions is recorded. Written in the transaction of the records themselves: after
// a crash neither is there without the other.
import type { Sqlite } from './database.ts';

export interface Cursors {
  /** Undefined for a reference that was never seen in a store. */
  get(uri: string): string | undefined;
  put(uri: string, cursor: string): void;
  forget(uri: string): void;
}

export function createCursors(database: Sqlite): Cursors {
  const get = database.prepare<[string], string>('SELECT cursor FROM source_cursor WHERE uri = ?').pluck();
  const put = database.prepare('INSERT OR REPLACE INTO source_cursor (uri, cursor) VALUES (?, ?)');
  const forget = database.prepare('DELETE FROM source_cursor WHERE uri = ?');
  return {
    get: (uri) => get.get(uri),
    put: (uri, cursor) => void put.run(uri, cursor),
    forget: (uri) => void forget.run(uri),
  };
}

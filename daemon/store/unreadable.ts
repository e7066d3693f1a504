// Which version of each reference was recorded as unreadable last, read back from the lines: a reference without a
// state has no row to remember it in. A line that is no JSON is passed over; `verify` names it.
import type { Sqlite } from './database.ts';

interface Row {
  readonly reference: string;
  readonly code: string;
  readonly sourceVersion: string;
}

/** `<code>:<source version>` by reference, of the newest state.unreadable of each. */
export function readUnreadable(database: Sqlite): Map<string, string> {
  const rows = database
    .prepare<[], Row>(
      `SELECT json_extract(text, '$.data.reference') AS reference, json_extract(text, '$.data.code') AS code,
        json_extract(text, '$.data.sourceVersion') AS sourceVersion
       FROM (SELECT CAST(e.line AS TEXT) AS text FROM record_index r JOIN entry e USING (leaf_index)
        WHERE r.type = 'state.unreadable' ORDER BY leaf_index)
       WHERE json_valid(text)`,
    )
    .all();
  return new Map(rows.map(({ reference, code, sourceVersion }) => [reference, `${code}:${sourceVersion}`]));
}

// The states a log knows of, as a list for people: never the recorder's tags or cursors.
import type { Sqlite } from './database.ts';

export interface StateOutline {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
  readonly workspace: string;
  readonly serial: string;
  readonly lineage: string;
  readonly toolVersion: string;
  readonly condition: string;
  readonly isRetired: boolean;
  readonly instances: number;
  readonly changes: number;
  /** Milliseconds since the epoch; undefined when it never changed. */
  readonly lastChangeMs: number | undefined;
}

type Row = Omit<StateOutline, 'isRetired' | 'lastChangeMs'> & {
  readonly isRetired: number;
  readonly lastChangeMs: number | null;
};

/** All states, live ones first, by name. */
export function readStates(database: Sqlite): readonly StateOutline[] {
  const rows = database
    .prepare<[], Row>(
      `SELECT s.id, s.name, s.uri AS reference, s.workspace, s.serial, s.lineage, s.tool_version AS toolVersion,
        s.condition, s.is_retired AS isRetired,
        (SELECT count(*) FROM snapshot n WHERE n.state_id = s.id) AS instances,
        (SELECT count(*) FROM change_index c WHERE c.state_id = s.id) AS changes,
        (SELECT max(c.effective_ms) FROM change_index c WHERE c.state_id = s.id) AS lastChangeMs
       FROM state s ORDER BY s.is_retired, s.name`,
    )
    .all();
  return rows.map((row) => ({
    ...row,
    isRetired: row.isRetired === 1,
    lastChangeMs: row.lastChangeMs ?? undefined,
  }));
}

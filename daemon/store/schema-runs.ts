// The tables of runs and of what they left: derived rows that point into the lines, and the recorder's memory of which
// versions were seen by whom. Schema version 2 added them.

/** Working memory: tags stay here. `run` and `uid` are '' in the rows of a source. */
export const RUN_SCHEMA = `
CREATE TABLE state_view (
  id INTEGER PRIMARY KEY,
  state_id TEXT NOT NULL, lineage TEXT NOT NULL, serial TEXT NOT NULL,
  content_tag TEXT NOT NULL, kid TEXT NOT NULL, commitment TEXT NOT NULL,
  change_id TEXT NOT NULL, run TEXT NOT NULL, uid TEXT NOT NULL,
  seen_ms INTEGER NOT NULL, is_waiting INTEGER NOT NULL
) STRICT;
CREATE INDEX state_view_by_version ON state_view (state_id, lineage, serial);
CREATE INDEX state_view_waiting ON state_view (seen_ms) WHERE is_waiting = 1;
-- Equality tags of plan files, so that the run that made a plan and the one that applied it are found together later.
CREATE TABLE plan_view (
  tag TEXT NOT NULL, run TEXT NOT NULL, uid TEXT NOT NULL, seen_ms INTEGER NOT NULL,
  PRIMARY KEY (tag, run, uid)
) STRICT, WITHOUT ROWID;
`;

export const DERIVED_RUN_TABLES = ['run_index', 'link_index'] as const;

export const DERIVED_RUN_SCHEMA = `
-- \`type\` of a run that may write and did not succeed has its outcome behind it: run.finished:failed.
CREATE TABLE run_index (
  leaf_index INTEGER PRIMARY KEY,
  type TEXT NOT NULL, uid TEXT NOT NULL, key TEXT NOT NULL, run TEXT NOT NULL,
  reference TEXT NOT NULL, is_writer INTEGER NOT NULL,
  started_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX run_by_key ON run_index (key, uid);
CREATE INDEX run_by_id ON run_index (run, uid);
CREATE INDEX run_by_reference ON run_index (reference, finished_ms) WHERE is_writer = 1;
CREATE TABLE link_index (
  leaf_index INTEGER PRIMARY KEY,
  change_id TEXT NOT NULL, run TEXT NOT NULL, uid TEXT NOT NULL, content TEXT NOT NULL, runs TEXT NOT NULL
) STRICT;
CREATE INDEX link_by_change ON link_index (change_id, leaf_index);
CREATE INDEX link_by_run ON link_index (run) WHERE run <> '';
CREATE INDEX change_by_reference ON change_index (reference, effective_ms);
`;

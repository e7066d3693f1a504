// The tables. The first group is the log, its staging and the recorder's working memory; the second is derived:
// it can be dropped and rebuilt from the lines alone (test/store/rebuild.test.ts does so).

import { DERIVED_RUN_SCHEMA, DERIVED_RUN_TABLES } from './schema-runs.ts';

export const SCHEMA_VERSION = 3;

export const SCHEMA = `
CREATE TABLE entry (
  leaf_index INTEGER PRIMARY KEY,
  line BLOB NOT NULL,
  leaf_hash BLOB NOT NULL
) STRICT;
-- Hashes of full 256-leaf subtrees and of 256 of those, ...: level is 8, 16, 24, ...
CREATE TABLE node (
  level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL,
  PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (
  sha256 TEXT NOT NULL, leaf_index INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (leaf_index, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_by_hash ON blob (sha256);
CREATE TABLE batch (
  prev INTEGER PRIMARY KEY,
  size INTEGER NOT NULL,
  root BLOB NOT NULL,
  body BLOB NOT NULL,
  body_sha256 TEXT NOT NULL,
  manifest TEXT NOT NULL,
  checkpoint TEXT,
  phase TEXT NOT NULL,
  frozen_ms INTEGER NOT NULL,
  archived_ms INTEGER
) STRICT;
CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
-- Keyed tags of every string ever known to be sensitive; never the string.
CREATE TABLE taint (
  tag TEXT PRIMARY KEY, length_units INTEGER NOT NULL, prefix INTEGER NOT NULL, whole INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE state (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  uri TEXT NOT NULL,
  workspace TEXT NOT NULL,
  form TEXT NOT NULL,
  lineage TEXT NOT NULL,
  serial TEXT NOT NULL,
  tool_version TEXT NOT NULL,
  content_tag TEXT NOT NULL,
  source_version TEXT NOT NULL,
  condition TEXT NOT NULL,
  condition_since_ms INTEGER NOT NULL,
  is_retired INTEGER NOT NULL,
  knowledge TEXT NOT NULL,
  lock TEXT NOT NULL,
  unreadable_version TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX state_live_uri ON state (uri) WHERE is_retired = 0;
-- With rowids, and tags in an index that needs no body: every observation reads all tags of its state, which took
-- four times as long where the bodies stood between them.
CREATE TABLE snapshot (
  state_id TEXT NOT NULL REFERENCES state (id), address TEXT NOT NULL, deposed TEXT NOT NULL,
  raw_tag TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (state_id, address, deposed)
) STRICT;
CREATE INDEX snapshot_tag ON snapshot (state_id, address, deposed, raw_tag);
CREATE TABLE snapshot_output (
  state_id TEXT NOT NULL REFERENCES state (id), name TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (state_id, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE open_change (
  state_id TEXT PRIMARY KEY REFERENCES state (id), facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- What each instance or output was before the open change first touched it; NULL = it did not exist.
CREATE TABLE change_base (
  state_id TEXT NOT NULL, kind TEXT NOT NULL, address TEXT NOT NULL, deposed TEXT NOT NULL,
  body TEXT, was_absent INTEGER NOT NULL,
  PRIMARY KEY (state_id, kind, address, deposed)
) STRICT, WITHOUT ROWID;
`;

/** Tables that came later and that an older version can do without: they need no new version of the schema. */
export const ADDED_SCHEMA = `
-- How far each reference of a store of versions is recorded, also where no state came of it.
CREATE TABLE IF NOT EXISTS source_cursor (
  uri TEXT PRIMARY KEY, cursor TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Recorded plans: by the equality tag of their bytes, the state and the version they are for. Kind: 'plan'; 'opaque', one
-- that tells nothing; 'damaged'.
DROP TABLE IF EXISTS plan;
CREATE TABLE IF NOT EXISTS plan_memory (
  id TEXT PRIMARY KEY, tag TEXT NOT NULL, kind TEXT NOT NULL, state_id TEXT NOT NULL,
  lineage TEXT NOT NULL, serial TEXT NOT NULL, workspace TEXT NOT NULL, owner TEXT NOT NULL,
  size_bytes INTEGER NOT NULL, seen_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS plan_memory_by_tag ON plan_memory (tag);
CREATE INDEX IF NOT EXISTS plan_memory_by_version ON plan_memory (lineage, serial);
-- Which plan stood at a place, and since which size of the log.
CREATE TABLE IF NOT EXISTS plan_sighting (
  position INTEGER NOT NULL, reference TEXT NOT NULL, plan_id TEXT NOT NULL, owner TEXT NOT NULL,
  PRIMARY KEY (reference, position)
) STRICT, WITHOUT ROWID;
-- What a plan says, redacted, as far as a verdict needs it.
CREATE TABLE IF NOT EXISTS plan_item (
  plan_id TEXT NOT NULL, role TEXT NOT NULL, address TEXT NOT NULL, deposed TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (plan_id, role, address, deposed)
) STRICT;
-- How the newest changes did against each plan that they can have come from: a run that tells which arrives later.
CREATE TABLE IF NOT EXISTS judged_change (
  change_id TEXT PRIMARY KEY, state_id TEXT NOT NULL, lineage TEXT NOT NULL, serial TEXT NOT NULL,
  position INTEGER NOT NULL, facts TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS judged_by_version ON judged_change (state_id, lineage, serial);
`;

export const DERIVED_TABLES = [
  'record_index',
  'change_index',
  'change_action',
  'verdict_index',
  ...DERIVED_RUN_TABLES,
] as const;

/** Schema version 3 added it: no line of an older log would fill it. */
export const DERIVED_VERDICT_SCHEMA = `
CREATE TABLE verdict_index (
  leaf_index INTEGER PRIMARY KEY, change_id TEXT NOT NULL, verdict TEXT NOT NULL
) STRICT;
CREATE INDEX verdict_by_change ON verdict_index (change_id, leaf_index);
`;

export const DERIVED_SCHEMA = `
CREATE TABLE record_index (
  leaf_index INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  type TEXT NOT NULL,
  state_id TEXT NOT NULL,
  address TEXT NOT NULL,
  change_id TEXT NOT NULL,
  effective_ms INTEGER NOT NULL,
  recorded_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX record_by_type ON record_index (type, leaf_index);
CREATE INDEX record_by_state ON record_index (state_id, leaf_index) WHERE state_id <> '';
CREATE INDEX record_by_change ON record_index (change_id, leaf_index) WHERE change_id <> '';
CREATE INDEX record_by_address ON record_index (address, leaf_index) WHERE address <> '';
CREATE TABLE change_index (
  leaf_index INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  state_id TEXT NOT NULL,
  state_name TEXT NOT NULL,
  reference TEXT NOT NULL,
  kind TEXT NOT NULL,
  continuity TEXT NOT NULL,
  effective_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX change_by_time ON change_index (effective_ms, leaf_index);
CREATE INDEX change_by_state ON change_index (state_name, effective_ms);
CREATE TABLE change_action (
  leaf_index INTEGER NOT NULL, position INTEGER NOT NULL,
  address TEXT NOT NULL, resource_type TEXT NOT NULL, actions TEXT NOT NULL,
  PRIMARY KEY (leaf_index, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX action_by_address ON change_action (address, leaf_index);
${DERIVED_VERDICT_SCHEMA}${DERIVED_RUN_SCHEMA}`;

// The recorder's working memory: states, their redacted snapshots, the open change of each, and taint tags.
// Values are redacted already; tags are keyed and stay here.
import type { Sqlite } from './database.ts';
import type { TaintEntry } from '../redaction/taint.ts';

export interface StateRow {
  readonly id: string;
  readonly name: string;
  readonly uri: string;
  readonly workspace: string;
  readonly form: 'clear' | 'opaque';
  readonly lineage: string;
  readonly serial: string;
  readonly toolVersion: string;
  readonly contentTag: string;
  readonly sourceVersion: string;
  /** What stood at the reference at the last look. */
  readonly condition: 'state' | 'empty' | 'absent' | 'unreadable';
  readonly conditionSinceMs: number;
  readonly isRetired: boolean;
  /** Version of taint set and policy the snapshot was redacted under: instances may be skipped only if it is equal. */
  readonly knowledge: string;
  /** Id of the lock that was last recorded as acquired, or ''. */
  readonly lock: string;
  /** Source version last recorded as unreadable, or ''. */
  readonly unreadableVersion: string;
}

export interface SnapshotRow {
  readonly address: string;
  readonly deposed: string;
  readonly rawTag: string;
  /** JSON of an InstanceBody. */
  readonly body: string;
}

export interface BaseRow {
  readonly kind: 'resource' | 'output';
  readonly address: string;
  readonly deposed: string;
  /** JSON of the body before the change, or undefined when it did not exist. */
  readonly body: string | undefined;
  /** True once a version was seen in which it did not exist. */
  readonly wasAbsent: boolean;
}

export interface States {
  all(): readonly StateRow[];
  byUri(uri: string): StateRow | undefined;
  byId(id: string): StateRow | undefined;
  hasName(name: string): boolean;
  withLineage(lineage: string): readonly StateRow[];
  put(row: StateRow): void;
  rawTags(stateId: string): Map<string, string>;
  snapshot(stateId: string, address: string, deposed: string): SnapshotRow | undefined;
  snapshots(stateId: string): IterableIterator<SnapshotRow>;
  putSnapshot(stateId: string, row: SnapshotRow): void;
  deleteSnapshot(stateId: string, address: string, deposed: string): void;
  /** Gives an instance another address, in the snapshot and in what the open change keeps of it. */
  renameInstance(
    stateId: string,
    names: { readonly from: string; readonly to: string; readonly deposed: string },
  ): void;
  outputs(stateId: string): Map<string, string>;
  putOutput(stateId: string, name: string, body: string): void;
  deleteOutput(stateId: string, name: string): void;
  openChange(stateId: string): string | undefined;
  openChanges(): readonly { readonly stateId: string; readonly facts: string }[];
  putOpenChange(stateId: string, facts: string): void;
  closeChange(stateId: string): void;
  /** Keeps what a subject was before the open change; later calls only add `wasAbsent`. */
  keepBase(stateId: string, base: BaseRow): void;
  bases(stateId: string): readonly BaseRow[];
  taint(): readonly TaintEntry[];
  addTaint(entries: readonly TaintEntry[]): void;
}

export function createStates(database: Sqlite): States {
  return { ...stateRows(database), ...snapshotRows(database), ...changeRows(database), ...taintRows(database) };
}

/** Key of an instance in maps: address and deposed key cannot contain U+0000. */
export function instanceKey(address: string, deposed: string): string {
  return `${address}\0${deposed}`;
}

interface RawState {
  readonly id: string;
  readonly name: string;
  readonly uri: string;
  readonly workspace: string;
  readonly form: 'clear' | 'opaque';
  readonly lineage: string;
  readonly serial: string;
  readonly tool_version: string;
  readonly content_tag: string;
  readonly source_version: string;
  readonly condition: StateRow['condition'];
  readonly condition_since_ms: number;
  readonly is_retired: number;
  readonly knowledge: string;
  readonly lock: string;
  readonly unreadable_version: string;
}

function stateRows(database: Sqlite): Pick<States, 'all' | 'byUri' | 'byId' | 'hasName' | 'withLineage' | 'put'> {
  const all = database.prepare<[], RawState>('SELECT * FROM state ORDER BY name');
  const byUri = database.prepare<[string], RawState>('SELECT * FROM state WHERE uri = ? AND is_retired = 0');
  const byId = database.prepare<[string], RawState>('SELECT * FROM state WHERE id = ?');
  const hasName = database.prepare<[string], object>('SELECT 1 FROM state WHERE name = ?');
  const withLineage = database.prepare<[string], RawState>('SELECT * FROM state WHERE lineage = ? ORDER BY id');
  const put = database.prepare(`
    INSERT INTO state VALUES (@id, @name, @uri, @workspace, @form, @lineage, @serial, @toolVersion, @contentTag,
      @sourceVersion, @condition, @conditionSinceMs, @retired, @knowledge, @lock, @unreadableVersion)
    ON CONFLICT (id) DO UPDATE SET name = @name, uri = @uri, workspace = @workspace, form = @form, lineage = @lineage,
      serial = @serial, tool_version = @toolVersion, content_tag = @contentTag, source_version = @sourceVersion,
      condition = @condition, condition_since_ms = @conditionSinceMs, is_retired = @retired, knowledge = @knowledge,
      lock = @lock, unreadable_version = @unreadableVersion`);
  return {
    all: () => all.all().map(toState),
    byUri: (uri) => optional(byUri.get(uri)),
    byId: (id) => optional(byId.get(id)),
    hasName: (name) => hasName.get(name) !== undefined,
    withLineage: (lineage) => withLineage.all(lineage).map(toState),
    put: (row) => void put.run({ ...row, retired: row.isRetired ? 1 : 0, isRetired: undefined }),
  };
}

function optional(row: RawState | undefined): StateRow | undefined {
  return row && toState(row);
}

function toState(row: RawState): StateRow {
  return {
    id: row.id,
    name: row.name,
    uri: row.uri,
    workspace: row.workspace,
    form: row.form,
    lineage: row.lineage,
    serial: row.serial,
    toolVersion: row.tool_version,
    contentTag: row.content_tag,
    sourceVersion: row.source_version,
    condition: row.condition,
    conditionSinceMs: row.condition_since_ms,
    isRetired: row.is_retired === 1,
    knowledge: row.knowledge,
    lock: row.lock,
    unreadableVersion: row.unreadable_version,
  };
}

type SnapshotPart = Pick<
  States,
  | 'rawTags'
  | 'snapshot'
  | 'snapshots'
  | 'putSnapshot'
  | 'deleteSnapshot'
  | 'renameInstance'
  | 'outputs'
  | 'putOutput'
  | 'deleteOutput'
>;

function snapshotRows(database: Sqlite): SnapshotPart {
  const rawTags = database.prepare<[string], [string, string, string]>(
    'SELECT address, deposed, raw_tag FROM snapshot WHERE state_id = ?',
  );
  const columns = 'address, deposed, raw_tag AS rawTag, body';
  const one = database.prepare<[string, string, string], SnapshotRow>(
    `SELECT ${columns} FROM snapshot WHERE state_id = ? AND address = ? AND deposed = ?`,
  );
  const each = database.prepare<[string], SnapshotRow>(
    `SELECT ${columns} FROM snapshot WHERE state_id = ? ORDER BY address, deposed`,
  );
  const put = database.prepare('INSERT OR REPLACE INTO snapshot VALUES (?, ?, ?, ?, ?)');
  const drop = database.prepare('DELETE FROM snapshot WHERE state_id = ? AND address = ? AND deposed = ?');
  const name = 'SET address = @to WHERE state_id = @stateId AND address = @from AND deposed = @deposed';
  const rename = database.prepare(`UPDATE OR REPLACE snapshot ${name}`);
  const renameBase = database.prepare(`UPDATE OR REPLACE change_base ${name} AND kind = 'resource'`);
  const outputs = database.prepare<[string], [string, string]>(
    'SELECT name, body FROM snapshot_output WHERE state_id = ?',
  );
  const putOutput = database.prepare('INSERT OR REPLACE INTO snapshot_output VALUES (?, ?, ?)');
  const dropOutput = database.prepare('DELETE FROM snapshot_output WHERE state_id = ? AND name = ?');
  return {
    rawTags: (stateId) =>
      new Map(
        rawTags
          .raw()
          .all(stateId)
          .map(([address, deposed, tag]) => [instanceKey(address, deposed), tag]),
      ),
    snapshot: (stateId, address, deposed) => one.get(stateId, address, deposed),
    snapshots: (stateId) => each.iterate(stateId),
    putSnapshot: (stateId, row) => void put.run(stateId, row.address, row.deposed, row.rawTag, row.body),
    deleteSnapshot: (stateId, address, deposed) => void drop.run(stateId, address, deposed),
    renameInstance: (stateId, names) => {
      rename.run({ stateId, ...names });
      renameBase.run({ stateId, ...names });
    },
    outputs: (stateId) => new Map(outputs.raw().all(stateId)),
    putOutput: (stateId, name, body) => void putOutput.run(stateId, name, body),
    deleteOutput: (stateId, name) => void dropOutput.run(stateId, name),
  };
}

type ChangePart = Pick<States, 'openChange' | 'openChanges' | 'putOpenChange' | 'closeChange' | 'keepBase' | 'bases'>;

interface RawBase {
  readonly kind: 'resource' | 'output';
  readonly address: string;
  readonly deposed: string;
  readonly body: string | null;
  readonly was_absent: number;
}

function changeRows(database: Sqlite): ChangePart {
  const one = database.prepare<[string], { facts: string }>('SELECT facts FROM open_change WHERE state_id = ?');
  const all = database.prepare<[], { stateId: string; facts: string }>(
    'SELECT state_id AS stateId, facts FROM open_change ORDER BY state_id',
  );
  const put = database.prepare('INSERT OR REPLACE INTO open_change VALUES (?, ?)');
  const drop = database.prepare('DELETE FROM open_change WHERE state_id = ?');
  const dropBases = database.prepare('DELETE FROM change_base WHERE state_id = ?');
  const keep = database.prepare(`
    INSERT INTO change_base VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET was_absent = max(was_absent, excluded.was_absent)`);
  const bases = database.prepare<[string], RawBase>(
    'SELECT kind, address, deposed, body, was_absent FROM change_base WHERE state_id = ? ORDER BY kind, address, deposed',
  );
  return {
    openChange: (stateId) => one.get(stateId)?.facts,
    openChanges: () => all.all(),
    putOpenChange: (stateId, facts) => void put.run(stateId, facts),
    closeChange: (stateId) => {
      drop.run(stateId);
      dropBases.run(stateId);
    },
    keepBase: (stateId, base) =>
      void keep.run(stateId, base.kind, base.address, base.deposed, base.body ?? null, base.wasAbsent ? 1 : 0),
    bases: (stateId) =>
      bases.all(stateId).map((row) => ({
        kind: row.kind,
        address: row.address,
        deposed: row.deposed,
        body: row.body ?? undefined,
        wasAbsent: row.was_absent === 1,
      })),
  };
}

function taintRows(database: Sqlite): Pick<States, 'taint' | 'addTaint'> {
  const all = database.prepare<[], { tag: string; length_units: number; prefix: number; whole: number }>(
    'SELECT * FROM taint',
  );
  const add = database.prepare('INSERT OR IGNORE INTO taint VALUES (?, ?, ?, ?)');
  return {
    taint: () =>
      all.all().map((row) => ({
        tag: row.tag,
        lengthUnits: row.length_units,
        prefix: row.prefix,
        whole: row.whole === 1,
      })),
    addTaint: (entries) => {
      for (const entry of entries) add.run(entry.tag, entry.lengthUnits, entry.prefix, entry.whole ? 1 : 0);
    },
  };
}

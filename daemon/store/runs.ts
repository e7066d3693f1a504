// What the recorder remembers of runs: which deliveries are recorded, which runs of a reference a change can be of, which
// versions were seen by whom. The derived tables answer the first two; `state_view` is working memory with tags.
import type { RunIdentity } from '../record/run-data.ts';
import type { Sqlite } from './database.ts';

/** One sight of one version: by a source (`run` is '') or by the client of a run. */
export interface StateView {
  readonly stateId: string;
  readonly lineage: string;
  readonly serial: string;
  readonly contentTag: string;
  readonly kid: string;
  readonly commitment: string;
  /** Id of the change that made the version, as far as it is known; '' for one that changed nothing. */
  readonly changeId: string;
  readonly run: string;
  readonly uid: string;
  readonly seenMs: number;
  /** A run's, and the source has not shown that version yet. */
  readonly isWaiting: boolean;
}

export interface RunRow extends RunIdentity {
  readonly leafIndex: number;
  readonly startedMs: number;
  readonly finishedMs: number;
}

export interface ChangeRow {
  readonly leafIndex: number;
  readonly id: string;
  readonly effectiveMs: number;
}

export interface Runs {
  /** Whether a delivery of that account under that key is recorded. */
  isRecorded(key: string, uid: string): boolean;
  /** Runs that may write and overlap [fromMs, toMs] at a reference, oldest first, at most 64. */
  overlapping(reference: string, fromMs: number, toMs: number): readonly RunRow[];
  /** Changes at a reference within [fromMs, toMs], oldest first, at most 256. */
  changesBetween(reference: string, fromMs: number, toMs: number): readonly ChangeRow[];
  /** The runs that the newest link of a change names, as formatRuns writes them; undefined when there is none. */
  linkedRuns(changeId: string): string | undefined;
  views(stateId: string, lineage: string, serial: string): readonly StateView[];
  /** The view that a run left, whatever its version. */
  viewOf(run: RunIdentity): StateView | undefined;
  addView(view: StateView): void;
  /** The versions are compared: the run's view waits no longer. */
  settleView(view: StateView): void;
  /** Views that waited since before `beforeMs`, oldest first, and those beyond the newest `keep`. */
  overdueViews(beforeMs: number, keep: number): readonly StateView[];
  waitingCount(): number;
  addPlan(tag: string, run: RunIdentity, seenMs: number): void;
  /** Equality tags of the plans that a run made or applied. */
  plansOf(run: RunIdentity): readonly string[];
}

/** What sources saw, per state; what runs saw is kept as long again. */
const KEPT_VIEWS = 512;
const KEPT_PLANS = 10_000;

/** The runs of a link, sorted: equal texts for equal sets. */
export function formatRuns(runs: readonly RunIdentity[]): string {
  return runs
    .map(({ id, uid }) => `${id}/${uid}`)
    .sort()
    .join(',');
}

export function createRuns(database: Sqlite): Runs {
  return { ...indexReaders(database), ...viewRows(database), ...planRows(database) };
}

type IndexPart = Pick<Runs, 'isRecorded' | 'overlapping' | 'changesBetween' | 'linkedRuns'>;

function indexReaders(database: Sqlite): IndexPart {
  const recorded = database.prepare<[string, string], object>('SELECT 1 FROM run_index WHERE key = ? AND uid = ?');
  const overlapping = database.prepare<[string, number, number], RunRow>(
    `SELECT leaf_index AS leafIndex, run AS id, uid, started_ms AS startedMs, finished_ms AS finishedMs FROM run_index
     WHERE reference = ? AND is_writer = 1 AND finished_ms >= ? AND started_ms <= ?
     ORDER BY finished_ms, leaf_index LIMIT 64`,
  );
  const changes = database.prepare<[string, number, number], ChangeRow>(
    `SELECT leaf_index AS leafIndex, id, effective_ms AS effectiveMs FROM change_index
     WHERE reference = ? AND effective_ms BETWEEN ? AND ? ORDER BY effective_ms, leaf_index LIMIT 256`,
  );
  const linked = database
    .prepare<[string], string>(
      "SELECT runs FROM link_index WHERE change_id = ? AND runs <> '' ORDER BY leaf_index DESC LIMIT 1",
    )
    .pluck();
  return {
    isRecorded: (key, uid) => recorded.get(key, uid) !== undefined,
    overlapping: (reference, fromMs, toMs) => overlapping.all(reference, fromMs, toMs),
    changesBetween: (reference, fromMs, toMs) => changes.all(reference, fromMs, toMs),
    linkedRuns: (changeId) => linked.get(changeId),
  };
}

interface RawView {
  readonly state_id: string;
  readonly lineage: string;
  readonly serial: string;
  readonly content_tag: string;
  readonly kid: string;
  readonly commitment: string;
  readonly change_id: string;
  readonly run: string;
  readonly uid: string;
  readonly seen_ms: number;
  readonly is_waiting: number;
}

function viewRows(
  database: Sqlite,
): Pick<Runs, 'views' | 'viewOf' | 'addView' | 'settleView' | 'overdueViews' | 'waitingCount'> {
  const ofVersion = database.prepare<[string, string, string], RawView>(
    'SELECT * FROM state_view WHERE state_id = ? AND lineage = ? AND serial = ? ORDER BY id',
  );
  const ofRun = database.prepare<[string, string], RawView>(
    'SELECT * FROM state_view WHERE run = ? AND uid = ? LIMIT 1',
  );
  const add = database.prepare(
    `INSERT INTO state_view (state_id, lineage, serial, content_tag, kid, commitment, change_id, run, uid, seen_ms,
      is_waiting) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const prune = database.prepare(
    `DELETE FROM state_view WHERE is_waiting = 0 AND state_id = @state AND id <= (
       SELECT id FROM state_view WHERE state_id = @state AND is_waiting = 0 ORDER BY id DESC LIMIT 1 OFFSET ${KEPT_VIEWS})`,
  );
  const settle = database.prepare('UPDATE state_view SET is_waiting = 0 WHERE run = ? AND uid = ?');
  const overdue = database.prepare<[number, number], RawView>(
    `SELECT * FROM state_view WHERE is_waiting = 1 AND (seen_ms < ? OR id <= coalesce((
       SELECT id FROM state_view WHERE is_waiting = 1 ORDER BY id DESC LIMIT 1 OFFSET ?), 0)) ORDER BY id LIMIT 64`,
  );
  const waiting = database.prepare<[], number>('SELECT count(*) FROM state_view WHERE is_waiting = 1').pluck();
  return {
    views: (stateId, lineage, serial) => ofVersion.all(stateId, lineage, serial).map(toView),
    viewOf: ({ id, uid }) => {
      const row = ofRun.get(id, uid);
      return row && toView(row);
    },
    addView(view) {
      const { stateId, lineage, serial, contentTag, kid, commitment, changeId, run, uid, seenMs, isWaiting } = view;
      add.run(stateId, lineage, serial, contentTag, kid, commitment, changeId, run, uid, seenMs, isWaiting ? 1 : 0);
      prune.run({ state: stateId });
    },
    settleView: ({ run, uid }) => void settle.run(run, uid),
    overdueViews: (beforeMs, keep) => overdue.all(beforeMs, keep).map(toView),
    waitingCount: () => waiting.get() ?? 0,
  };
}

function toView(row: RawView): StateView {
  return {
    stateId: row.state_id,
    lineage: row.lineage,
    serial: row.serial,
    contentTag: row.content_tag,
    kid: row.kid,
    commitment: row.commitment,
    changeId: row.change_id,
    run: row.run,
    uid: row.uid,
    seenMs: row.seen_ms,
    isWaiting: row.is_waiting === 1,
  };
}

function planRows(database: Sqlite): Pick<Runs, 'addPlan' | 'plansOf'> {
  const add = database.prepare('INSERT OR IGNORE INTO plan_view VALUES (?, ?, ?, ?)');
  const prune = database.prepare(
    `DELETE FROM plan_view WHERE seen_ms < (
       SELECT seen_ms FROM plan_view ORDER BY seen_ms DESC LIMIT 1 OFFSET ${KEPT_PLANS})`,
  );
  const ofRun = database
    .prepare<[string, string], string>('SELECT tag FROM plan_view WHERE run = ? AND uid = ?')
    .pluck();
  return {
    addPlan(tag, { id, uid }, seenMs) {
      add.run(tag, id, uid, seenMs);
      prune.run();
    },
    plansOf: ({ id, uid }) => ofRun.all(id, uid),
  };
}

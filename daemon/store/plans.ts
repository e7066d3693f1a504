// What the recorder remembers of plans: which are recorded, where they stood and since when, and what they say as far as
// a verdict needs it. Working memory: tags stay here.
import type { Sqlite } from './database.ts';

export interface PlanRow {
  /** Of its plan.recorded or plan.unreadable. */
  readonly id: string;
  /** Equality tag of the file's bytes. */
  readonly tag: string;
  /** 'opaque': it tells nothing, but may be applied; 'damaged': it cannot be. */
  readonly kind: 'plan' | 'opaque' | 'damaged';
  /** The state it was recorded for, or ''. */
  readonly stateId: string;
  /** The version it applies to; '' and '0' for a state that is not there yet. */
  readonly lineage: string;
  readonly serial: string;
  readonly workspace: string;
  /** Account of its file, or of the run that left it: `uid:1001`; '' where it is not known. */
  readonly owner: string;
}

export interface PlanItemRow {
  /** 'gone': found destroyed outside; 'refreshed': found changed outside. */
  readonly role: 'planned' | 'output' | 'refreshed' | 'gone';
  readonly address: string;
  readonly deposed: string;
  readonly body: string;
}

export interface SeenPlan extends PlanRow {
  readonly reference: string;
  readonly position: number;
}

export interface Plans {
  get(planId: string): PlanRow | undefined;
  withTag(tag: string): readonly PlanRow[];
  /** Where it was last seen. */
  placeOf(planId: string): string | undefined;
  /** The plan that stands at a place. */
  lastAt(reference: string): PlanRow | undefined;
  add(plan: PlanRow, items: readonly PlanItemRow[], seenMs: number): void;
  /** `position`: size of the log when it was seen there. */
  addSighting(reference: string, planId: string, position: number, owner: string): void;
  /** The plan that stood at each place when the log had `position` leaves, newest first: those for a version. */
  standing(lineage: string, serial: string, position: number): readonly SeenPlan[];
  /** The same for those that tell nothing, seen since the log had `since` leaves. */
  standingOpaque(since: number, position: number): readonly SeenPlan[];
  /** Whether what it says is kept still. */
  hasItems(planId: string): boolean;
  keys(planId: string, role: PlanItemRow['role']): readonly Pick<PlanItemRow, 'address' | 'deposed'>[];
  item(planId: string, key: Omit<PlanItemRow, 'body'>): string | undefined;
}

/** A plan that turns up again after so many others is recorded again. */
const KEPT_PLANS = 10_000;
const KEPT_SIGHTINGS = 20_000;
/** What older plans say is forgotten: a change of theirs is then undetermined. The newest plan is always kept. */
const KEPT_ITEM_BYTES = 256 * 1024 * 1024;

const COLUMNS = 'id, tag, kind, state_id AS stateId, lineage, serial, workspace, plan_memory.owner';

export function createPlans(database: Sqlite): Plans {
  const withTag = database.prepare<[string], PlanRow>(`SELECT ${COLUMNS} FROM plan_memory WHERE tag = ?`);
  const get = database.prepare<[string], PlanRow>(`SELECT ${COLUMNS} FROM plan_memory WHERE id = ?`);
  const place = database
    .prepare<[string], string>('SELECT reference FROM plan_sighting WHERE plan_id = ? ORDER BY position DESC LIMIT 1')
    .pluck();
  const lastAt = database.prepare<[string], PlanRow>(
    `SELECT ${COLUMNS} FROM plan_memory WHERE id = (
       SELECT plan_id FROM plan_sighting WHERE reference = ? ORDER BY position DESC LIMIT 1)`,
  );
  const standingAt = `SELECT ${COLUMNS}, reference, position FROM (
       SELECT reference, plan_id, max(position) AS position FROM plan_sighting WHERE position <= ? GROUP BY reference
     ) JOIN plan_memory ON id = plan_id`;
  const standing = database.prepare<[number, string, string], SeenPlan>(
    `${standingAt} WHERE kind = 'plan' AND lineage = ? AND serial = ? ORDER BY position DESC`,
  );
  const opaque = database.prepare<[number, number], SeenPlan>(
    `${standingAt} WHERE kind = 'opaque' AND position >= ? ORDER BY position DESC`,
  );
  const keys = database.prepare<[string, string], Pick<PlanItemRow, 'address' | 'deposed'>>(
    'SELECT address, deposed FROM plan_item WHERE plan_id = ? AND role = ? ORDER BY address, deposed',
  );
  const item = database
    .prepare<[string, string, string, string], string>(
      'SELECT body FROM plan_item WHERE plan_id = ? AND role = ? AND address = ? AND deposed = ?',
    )
    .pluck();
  const kept = database.prepare<[string], number>('SELECT size_bytes >= 0 FROM plan_memory WHERE id = ?').pluck();
  return {
    get: (planId) => get.get(planId),
    withTag: (tag) => withTag.all(tag),
    placeOf: (planId) => place.get(planId),
    lastAt: (reference) => lastAt.get(reference),
    ...createWriters(database),
    standing: (lineage, serial, position) => standing.all(position, lineage, serial),
    standingOpaque: (since, position) => opaque.all(position, since),
    hasItems: (planId) => kept.get(planId) === 1,
    keys: (planId, role) => keys.all(planId, role),
    item: (planId, { role, address, deposed }) => item.get(planId, role, address, deposed),
  };
}

function createWriters(database: Sqlite): Pick<Plans, 'add' | 'addSighting'> {
  const add = database.prepare('INSERT INTO plan_memory VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const addItem = database.prepare('INSERT OR REPLACE INTO plan_item VALUES (?, ?, ?, ?, ?)');
  const addSighting = database.prepare('INSERT OR REPLACE INTO plan_sighting VALUES (?, ?, ?, ?)');
  const pruneSightings = createPruneSightings(database);
  const forget = createForget(database);
  return {
    add({ id, tag, kind, stateId, lineage, serial, workspace, owner }, items, seenMs) {
      const bytes = items.reduce((sum, { body }) => sum + body.length, 0);
      add.run(id, tag, kind, stateId, lineage, serial, workspace, owner, bytes, seenMs);
      for (const { role, address, deposed, body } of items) addItem.run(id, role, address, deposed, body);
      forget(id);
    },
    addSighting(reference, planId, position, owner) {
      addSighting.run(position, reference, planId, owner);
      pruneSightings();
    },
  };
}

/** Beyond the bound the account goes first that has most: one that floods pushes out its own. */
function createPruneSightings(database: Sqlite): () => void {
  const count = database.prepare<[], number>('SELECT count(*) FROM plan_sighting').pluck();
  const prune = database.prepare(
    `DELETE FROM plan_sighting WHERE (reference, position) IN (
       SELECT reference, position FROM plan_sighting WHERE owner = (
         SELECT owner FROM plan_sighting GROUP BY owner ORDER BY count(*) DESC LIMIT 1) ORDER BY position LIMIT 1)`,
  );
  return () => {
    while ((count.get() ?? 0) > KEPT_SIGHTINGS) prune.run();
  };
}

/** Forgets what plans say beyond the bound, and beyond another one that they were there; the same account first. */
function createForget(database: Sqlite): (newest: string) => void {
  const total = database.prepare<[], number>('SELECT total(size_bytes) FROM plan_memory WHERE size_bytes > 0').pluck();
  const largest = database
    .prepare<[string, string], string>(
      `SELECT id FROM plan_memory WHERE size_bytes > 0 AND id <> ? AND owner = (
         SELECT owner FROM plan_memory WHERE size_bytes > 0 AND id <> ?
         GROUP BY owner ORDER BY total(size_bytes) DESC LIMIT 1) ORDER BY seen_ms, id LIMIT 1`,
    )
    .pluck();
  const dropItems = database.prepare('DELETE FROM plan_item WHERE plan_id = ?');
  // Its items are not kept.
  const mark = database.prepare('UPDATE plan_memory SET size_bytes = -1 WHERE id = ?');
  const count = database.prepare<[], number>('SELECT count(*) FROM plan_memory').pluck();
  const most = database
    .prepare<[], string>(
      `SELECT id FROM plan_memory WHERE owner = (
         SELECT owner FROM plan_memory GROUP BY owner ORDER BY count(*) DESC LIMIT 1) ORDER BY seen_ms, id LIMIT 1`,
    )
    .pluck();
  const drop = database.prepare('DELETE FROM plan_memory WHERE id = ?');
  return (newest) => {
    while ((total.get() ?? 0) > KEPT_ITEM_BYTES) {
      const id = largest.get(newest, newest);
      if (id === undefined) break;
      dropItems.run(id);
      mark.run(id);
    }
    while ((count.get() ?? 0) > KEPT_PLANS) {
      const id = most.get();
      if (id === undefined) break;
      dropItems.run(id);
      drop.run(id);
    }
  };
}

// Long random sequences of what happens to states, through the recorder's writing half: whatever the order, the records
// tell exactly what the snapshot holds, cite what closes them, and stay a log that verifies. On a failure the message
// names the seed and the last acts; STATESEAL_SEED runs that one again.
import { join } from 'node:path';
import { expect } from 'chai';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../daemon/json/value.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import { applyChanges } from '../../daemon/recorder/diff.ts';
import type { Outcome, SightingContext } from '../../daemon/recorder/parts.ts';
import { readBlobLines } from '../../daemon/recorder/reference-keeper.ts';
import { parseBody, parseOutput } from '../../daemon/recorder/steps.ts';
import { compareSerials } from '../../daemon/recorder/serial.ts';
import type { ValueChange } from '../../daemon/record/data.ts';
import { parseRecord, type ParsedRecord } from '../../daemon/record/record.ts';
import { openDatabase, openDatabaseReadOnly, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { createBlobReader } from '../../daemon/store/queries-blob.ts';
import { createQueryIndex, netActionsOf } from '../../daemon/store/query-index.ts';
import { DERIVED_TABLES } from '../../daemon/store/schema.ts';
import { createStates } from '../../daemon/store/states.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { openLogHarness, testVerifier, type LogHarness } from '../support/log-harness.ts';
import { createRandom, createWorld } from '../support/state-world.ts';

const ACTS = 100;
const SEEDS = process.env['STATESEAL_SEED'] === undefined ? 12 : 1;
const FIRST_SEED = Number(process.env['STATESEAL_SEED'] ?? 1);

interface Tree {
  readonly value: Json;
  readonly tainted: boolean;
}

/** What the records alone say about one state. */
interface Told {
  readonly trees: Map<string, Tree>;
  /** Lineage and serial of the version recorded last; undefined before the first write of a newborn state. */
  head: string | undefined;
  /** By change id: the trees before its first step, and its steps. */
  readonly open: Map<string, { readonly before: ReadonlyMap<string, Tree>; steps: number; readonly gone: Set<string> }>;
}

for (const withMarks of [false, true]) {
  describe(`random sequences${withMarks ? ', with marks that come and go' : ''}`, function () {
    this.timeout(60_000);
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      it(`tell what happened, seed ${seed}`, () => run(seed, withMarks));
    }
  });
}

function run(seed: number, withMarks: boolean): void {
  const log = openLogHarness({ maxRecords: 50, maxBytes: 1 << 20 });
  const acts: string[] = [];
  try {
    play(log, seed, withMarks, acts);
    check(log, withMarks);
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new Error(`seed ${seed}: ${told}\nafter: ${acts.slice(-25).join('; ')}`, { cause: error });
  } finally {
    log.close();
  }
}

function play(log: LogHarness, seed: number, withMarks: boolean, acts: string[]): void {
  const random = createRandom(seed);
  const world = createWorld(random, { withMarks });
  for (let count = 0; count < ACTS; count += 1) {
    log.clock.ms += 20 + Math.floor(random() * 3000);
    const { what, uris } = world.act(log.clock.ms);
    acts.push(`${what} ${uris.map((uri) => uri.split('/')[1]).join(' and ')}`);
    if (random() < 0.7) for (const uri of uris) look(log, world.sight(uri), acts);
    const accident = random();
    if (accident < 0.06) (acts.push('reopen'), log.reopen());
    else if (accident < 0.2) (acts.push('wait'), wait(log, world, acts));
    else if (accident < 0.24) freeze(log);
  }
}

/** One look, and the same sighting once more: that one adds nothing. */
function look(log: LogHarness, sighting: Parameters<LogHarness['methods']['observe']>[0], acts: string[]): Outcome {
  const context: SightingContext = {
    source: 'directory',
    nameCandidates: [sighting.reference.uri.split('/')[1] ?? ''],
    isInitial: false,
    isFinalAttempt: true,
  };
  const before = log.methods.states().length;
  const outcome = log.methods.observe(sighting, context);
  acts.push(`→ ${outcome.verdict} ${outcome.to - outcome.from}`);
  if (outcome.verdict === 'retry') expect(log.methods.states().length, 'states after a retry').to.equal(before);
  const again = log.methods.observe(
    { ...sighting, lockHoldsSince: 0, lastLock: undefined, recentLocks: [], backup: undefined },
    context,
  );
  expect(again.to - again.from, 'records of a second look').to.equal(0);
  return outcome;
}

function wait(log: LogHarness, world: ReturnType<typeof createWorld>, acts: string[]): void {
  log.clock.ms += 11_000;
  log.methods.tick();
  for (const uri of world.uris) look(log, world.sight(uri), acts);
  log.clock.ms += 11_000;
  log.methods.tick();
  const outcome = log.methods.tick();
  expect(outcome.to - outcome.from, 'records of a second tick').to.equal(0);
}

function freeze(log: LogHarness): void {
  const { methods } = log;
  const prev = log.read(({ batches }) => batches.frozenSize());
  if (methods.freeze() === undefined) return;
  methods.setPhase(prev, 'content');
  methods.setPhase(prev, 'committed');
  methods.signCheckpoint(prev);
}

function check(log: LogHarness, withMarks: boolean): void {
  freeze(log);
  const path = join(log.dataDir, 'log.sqlite');
  const database = openDatabaseReadOnly(path);
  try {
    const entries = createEntries(database);
    const records = [...entries.range(0, entries.size())].map(({ line }) => parseRecord(line));
    const told = replay(records, database, withMarks);
    compareWithSnapshot(told, database);
    const report = verifyStore(database, [testVerifier], { nowMs: log.clock.ms, isStrict: true });
    expect(report.failures.list.concat(report.anomalies.list), 'verify').to.deep.equal([]);
    expect(report.format.count, 'format').to.equal(0);
  } finally {
    database.close();
  }
  checkRebuild(path);
}

function replay(records: readonly ParsedRecord[], database: Sqlite, withMarks: boolean): Map<string, Told> {
  const told = new Map<string, Told>();
  for (const [leafIndex, record] of records.entries()) {
    const state = record.data['state'];
    if (!isJsonObject(state)) continue;
    const id = text(state, 'id');
    const of = told.get(id) ?? { trees: new Map(), head: undefined, open: new Map() };
    told.set(id, of);
    try {
      tell(of, record, database, withMarks);
    } catch (error) {
      throw new Error(`leaf ${leafIndex}, ${record.type}: ${String(error)}`, { cause: error });
    }
  }
  return told;
}

function tell(told: Told, record: ParsedRecord, database: Sqlite, withMarks: boolean): void {
  const { data } = record;
  switch (record.type) {
    case 'state.baselined':
      baseline(told, data, database);
      break;
    case 'resource.changed':
    case 'output.changed':
      step(told, record, database, withMarks);
      break;
    case 'state.unchanged':
      expectBefore(told, data);
      told.head = versionText(data['version']);
      break;
    case 'state.changed':
      close(told, record, database);
      break;
    case 'state.retired':
      expect(told.head, 'the retired version').to.equal(`${text(data, 'lineage')} ${text(data, 'serial')}`);
      expect(told.open.size, 'open changes of a retired state').to.equal(0);
      break;
    default:
  }
}

function baseline(told: Told, data: JsonObject, database: Sqlite): void {
  expect(told.trees.size + told.open.size, 'known before the baseline').to.equal(0);
  const snapshot = data['snapshot'];
  if (!isJsonObject(snapshot)) return;
  told.head = versionText(data['version']);
  for (const line of blobLines(database, text(snapshot, 'sha256'))) {
    const value = parseJson(Buffer.from(line)) as JsonObject;
    const output = value['output'];
    if (typeof output === 'string')
      told.trees.set(`output.${output}`, { value: value['value'] ?? null, tainted: false });
    else told.trees.set(keyOf(value), { value: value['attributes'] ?? null, tainted: value['tainted'] === true });
  }
}

function step(told: Told, record: ParsedRecord, database: Sqlite, withMarks: boolean): void {
  const { data } = record;
  const id = text(data, 'change');
  const change = told.open.get(id) ?? { before: new Map(told.trees), steps: 0, gone: new Set() };
  expect(
    [...told.open.keys()].filter((other) => other !== id),
    'other open changes',
  ).to.deep.equal([]);
  told.open.set(id, change);
  change.steps += 1;
  const key = record.type === 'output.changed' ? `output.${text(data, 'output')}` : keyOf(data);
  const body = data['body'];
  const source = isJsonObject(body)
    ? (parseJson(Buffer.from(blobLines(database, text(body, 'sha256'))[0] ?? '')) as JsonObject)
    : data;
  const changes = source['changes'] as unknown as readonly ValueChange[];
  const actions = data['actions'] as readonly string[];
  const before = told.trees.get(key);
  expect(before === undefined, 'a step of what is new').to.equal(
    actions.some((word) => ['create', 'import'].includes(word)),
  );
  expect(
    changes.length + (source['hidden'] as readonly Json[]).length > 0 || actions.some((word) => word.includes('taint')),
  ).to.equal(true);
  if (!withMarks) expectSides(before?.value, changes);
  const value = applyChanges(before?.value, changes);
  if (value === undefined) {
    change.gone.add(key);
    told.trees.delete(key);
    return;
  }
  const tainted = actions.includes('taint') || (before?.tainted === true && !actions.includes('untaint'));
  // A step that creates says nothing of the mark; a later one that takes it away does.
  told.trees.set(key, { value, tainted });
}

/** Each change names the value that stood there. */
function expectSides(before: Json | undefined, changes: readonly ValueChange[]): void {
  let value = before;
  for (const change of changes) {
    expect(change.before, `before of ${change.path}`).to.deep.equal(valueAt(value, change.path));
    value = applyChanges(value, [change]);
  }
}

function close(told: Told, record: ParsedRecord, database: Sqlite): void {
  const { data } = record;
  expectBefore(told, data);
  const change = told.open.get(record.id) ?? { before: told.trees, steps: 0, gone: new Set<string>() };
  expect(data['steps'], 'steps of the change').to.equal(change.steps);
  const kind = text(data, 'kind');
  if (change.steps === 0)
    expect(kind, 'a change without steps').to.be.oneOf(['replaced', 'migrated', 'manual', 'failed']);
  told.open.delete(record.id);
  told.head = versionText(data['version']);
  const serials = data['serials'] as readonly string[];
  expect(serials.at(-1), 'the last serial').to.equal(text(data['version'] as JsonObject, 'serial'));
  const all = isJsonObject(data['before']) ? [text(data['before'], 'serial'), ...serials] : serials;
  const isAscending = all.every((serial, index) => index === 0 || compareSerials(all[index - 1] ?? '0', serial) < 0);
  if (!['unordered', 'new-lineage'].includes(text(data, 'continuity')) && kind !== 'migrated')
    expect(isAscending, `${text(data, 'continuity')} over the serials ${all.join(' ')}`).to.equal(true);
  compareNet(change, told.trees, netActionsOf(data, createBlobReader(database)));
}

/** Net actions against the difference of first and last, as far as the trees alone tell. */
function compareNet(
  change: { readonly before: ReadonlyMap<string, Tree>; readonly gone: ReadonlySet<string> },
  after: ReadonlyMap<string, Tree>,
  net: readonly JsonObject[],
): void {
  const byKey = new Map(net.map((action) => [keyOf(action), action]));
  expect(byKey.size, 'one net action per instance').to.equal(net.length);
  const origins = new Set(net.map((action) => action['previousAddress']).filter((address) => address !== undefined));
  const keys = new Set([...change.before.keys(), ...after.keys()].filter((key) => !key.startsWith('output.')));
  for (const key of byKey.keys()) expect([...keys, ...change.gone], 'known instances').to.include(key);
  for (const key of keys) {
    const [was, is] = [change.before.get(key), after.get(key)];
    const actions = (byKey.get(key)?.['actions'] ?? []) as readonly string[];
    const isDeposed = !key.endsWith('\0');
    if (was && !is) {
      if (origins.has(key.slice(0, -1))) expect(actions, key).to.deep.equal([]);
      else expect(actions, key).to.be.deep.oneOf([['delete'], ['forget']]);
    } else if (!was && is && !isDeposed) {
      expect(['create', 'import', 'move'], key).to.include(actions[0] ?? '');
    } else if (was && is && !isSame(was, is)) {
      expect(actions.length, `actions of ${key}`).to.be.greaterThan(0);
    }
  }
}

function isSame(was: Tree, is: Tree): boolean {
  return was.tainted === is.tainted && JSON.stringify(was.value) === JSON.stringify(is.value);
}

function expectBefore(told: Told, data: JsonObject): void {
  const before = data['before'];
  expect(isJsonObject(before) ? versionText(before) : undefined, 'the version before').to.equal(told.head);
}

function compareWithSnapshot(told: ReadonlyMap<string, Told>, database: Sqlite): void {
  const states = createStates(database);
  const open = new Map(
    states.openChanges().map(({ stateId, facts }) => [stateId, JSON.parse(facts) as { id: string }]),
  );
  for (const [id, { trees, open: cited }] of told) {
    const isCited = [...cited.keys()].every((change) => change === open.get(id)?.id);
    expect(isCited, `steps of ${id} cite a change that closes`).to.equal(true);
    const stored = new Map<string, Json>();
    const hide = new Map<string, readonly { readonly path: string }[]>();
    for (const { address, deposed, body } of states.snapshots(id)) {
      stored.set(`${address}\0${deposed}`, parseBody(body).attributes);
      hide.set(`${address}\0${deposed}`, parseBody(body).hidden);
    }
    for (const [name, body] of states.outputs(id)) {
      stored.set(`output.${name}`, parseOutput(body).value);
      hide.set(`output.${name}`, parseOutput(body).hidden);
    }
    // A value that became hidden while nothing changed is no step: it is counted by redaction.changed.
    const expected = [...trees].map(([key, { value }]) => [key, withHidden(value, hide.get(key) ?? [])] as const);
    expect(Object.fromEntries(expected), `the snapshot of ${id}`).to.deep.equal(Object.fromEntries(stored));
  }
}

function withHidden(value: Json, hidden: readonly { readonly path: string }[]): Json {
  return hidden.reduce<Json>((tree, { path }) => applyChanges(tree, [{ path, after: null }]) ?? null, value);
}

function checkRebuild(path: string): void {
  const database = openDatabase(path);
  try {
    const dump = (): unknown[] =>
      DERIVED_TABLES.map((table) => database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).all());
    const before = dump();
    createQueryIndex(database).rebuild(createEntries(database));
    expect(dump(), 'derived tables').to.deep.equal(before);
  } finally {
    database.close();
  }
}

function blobLines(database: Sqlite, sha256: string): string[] {
  const row = database.prepare<[string], { body: Buffer }>('SELECT body FROM blob WHERE sha256 = ?').get(sha256);
  return row === undefined ? [] : readBlobLines(row.body).filter((line) => line !== '');
}

function valueAt(value: Json | undefined, path: string): Json | undefined {
  const steps = path === '' ? [] : path.slice(1).split('/');
  return steps.reduce<Json | undefined>((node, step) => {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~');
    return isJsonArray(node) ? node[Number(key)] : isJsonObject(node) ? node[key] : undefined;
  }, value);
}

function keyOf(data: JsonObject): string {
  return `${text(data, 'address')}\0${text(data, 'deposed')}`;
}

function versionText(version: Json | undefined): string {
  return isJsonObject(version) ? `${text(version, 'lineage')} ${text(version, 'serial')}` : '';
}

function text(data: JsonObject, name: string): string {
  const value = data[name];
  return typeof value === 'string' ? value : '';
}

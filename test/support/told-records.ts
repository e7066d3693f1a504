// What the records of a log say about its states, read leaf by leaf and held against each other and against the stored
// snapshot: the oracle of test/recorder/sequences.test.ts. Throws an assertion that names the leaf.
import { expect } from 'chai';
import { formatJson } from '../../daemon/json/format.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import { isJsonArray, isJsonObject, type Json, type JsonObject } from '../../daemon/json/value.ts';
import type { ValueChange } from '../../daemon/record/data.ts';
import type { ParsedRecord } from '../../daemon/record/record.ts';
import { applyChanges } from '../../daemon/recorder/diff.ts';
import { readBlobLines } from '../../daemon/recorder/snapshot-blob.ts';
import { compareSerials } from '../../daemon/recorder/serial.ts';
import { parseBody, parseOutput } from '../../daemon/recorder/steps.ts';
import type { Sqlite } from '../../daemon/store/database.ts';
import { createBlobReader } from '../../daemon/store/queries-blob.ts';
import { netActionsOf } from '../../daemon/store/query-index.ts';
import { createStates } from '../../daemon/store/states.ts';

interface Tree {
  readonly value: Json;
  readonly tainted: boolean;
}

/** What the records alone say about one state. */
export interface Told {
  readonly trees: Map<string, Tree>;
  /** Lineage and serial of the version recorded last; undefined before the first write of a newborn state. */
  head: string | undefined;
  /** By change id: the trees before its first step, and its steps. */
  readonly open: Map<string, { readonly before: ReadonlyMap<string, Tree>; steps: number; readonly gone: Set<string> }>;
}

/** Reads all records in order; with marks that come and go, what stood before may be hidden by now. */
export function replay(records: readonly ParsedRecord[], database: Sqlite, withMarks: boolean): Map<string, Told> {
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
      // Deposed and not followed by another, it is still there.
      const isStillThere = [...after.keys()].some(
        (other) => !change.before.has(other) && other.startsWith(`${key.split('\0')[0]}\0`),
      );
      if (origins.has(key.slice(0, -1)) || (isStillThere && !isDeposed)) expect(actions, key).to.deep.equal([]);
      else expect(actions, key).to.be.deep.oneOf([['delete'], ['forget']]);
    } else if (!was && is && !isDeposed) {
      expect(['create', 'import', 'move'], key).to.include(actions[0] ?? '');
    } else if (was && is && !isSame(was, is)) {
      expect(actions.length, `actions of ${key}`).to.be.greaterThan(0);
    }
  }
}

function isSame(was: Tree, is: Tree): boolean {
  return was.tainted === is.tainted && formatJson(was.value) === formatJson(is.value);
}

function expectBefore(told: Told, data: JsonObject): void {
  const before = data['before'];
  expect(isJsonObject(before) ? versionText(before) : undefined, 'the version before').to.equal(told.head);
}

/** The records give exactly the redacted snapshot, and what is open is cited by nothing else. */
export function compareWithSnapshot(told: ReadonlyMap<string, Told>, database: Sqlite): void {
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

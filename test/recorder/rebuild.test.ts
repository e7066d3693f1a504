// The recorder's memory rebuilt from the lines of a log: the same as the one that was lost, but for what never leaves the
// data directory; and a recorder that goes on with it records what happened since, once, and nothing else.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createEd25519Signer } from '../../daemon/merkle/note.ts';
import type { InstanceBody } from '../../daemon/record/observation.ts';
import { openRecorderMethods, type RecorderMethods } from '../../daemon/recorder/methods.ts';
import { rebuildStates, type RebuildReport } from '../../daemon/recorder/rebuild.ts';
import { parseBody, parseOutput } from '../../daemon/recorder/steps.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import type { RedactionKeys } from '../../daemon/redaction/keys.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabase, openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { createQueryIndex } from '../../daemon/store/query-index.ts';
import { createStates, type StateRow } from '../../daemon/store/states.ts';
import { readUsedEpochs } from '../../daemon/store/used-epochs.ts';
import { openLogHarness, testInput, testKeys, type LogHarness } from '../support/log-harness.ts';
import { createRandom, createWorld } from '../support/state-world.ts';
import { formatWorldState, type WorldState } from '../support/world-state.ts';

const SEEDS =
  process.env['STATESEAL_SEED'] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env['STATESEAL_SEED'])];
const initial = { source: 'directory', nameCandidates: ['one'], isInitial: true, isFinalAttempt: true };
const context = { source: 'directory', nameCandidates: ['one'], isInitial: false, isFinalAttempt: true };

describe('recorder/rebuild', function () {
  this.timeout(60_000);
  let folder: string;
  let log: LogHarness;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-rebuild-'));
    log = openLogHarness();
  });
  afterEach(() => {
    log.close();
    rmSync(folder, { recursive: true });
  });

  for (const seed of SEEDS) {
    it(`gives back what was lost, after random sequences, seed ${seed}`, () => {
      const random = createRandom(seed);
      const world = createWorld(random, { withMarks: false });
      for (let count = 0; count < 60; count += 1) {
        log.clock.ms += 20 + Math.floor(random() * 3000);
        const { uris } = world.act(log.clock.ms);
        if (random() < 0.7) for (const uri of uris) log.methods.observe(world.sight(uri), context);
        if (random() < 0.2) wait(log);
        if (count % 20 === 19) expect(memoryOf(rebuild(log, folder, count).path)).to.deep.equal(memoryOf(pathOf(log)));
      }
    });
  }

  it('goes on: what did not change is no record, what did is one change with the values of both sides', () => {
    log.methods.observe(sighting(state(1n, { a: { size: 1, secret: 'first-secret' } })), initial);
    const { path } = rebuild(log, folder);
    const methods = reopen(log, path);
    try {
      const same = methods.observe(sighting(state(1n, { a: { size: 1, secret: 'first-secret' } })), context);
      expect([same.to - same.from, stateOf(path).contentTag.startsWith('committed:')]).to.deep.equal([0, false]);
      const next = methods.observe(sighting(state(2n, { a: { size: 2, secret: 'first-secret' } })), context);
      expect(next.to - next.from).to.equal(1);
    } finally {
      methods.close();
    }
    const [step] = linesOf(path, 'resource.changed');
    expect(step).to.deep.include({ changes: [{ path: '/size', before: 1, after: 2 }], hidden: [] });
  });

  it('still names the key epochs that the log has used', () => {
    log.methods.observe(sighting(state(1n, { a: { size: 1, secret: 'first-secret' } })), initial);
    const { path } = rebuild(log, folder);
    for (const used of [pathOf(log), path]) expect(readUsedEpochs(used)).to.deep.equal(new Set(['e1']));
    expect(readUsedEpochs(join(folder, 'nothing'))).to.deep.equal(new Set());
  });

  it('shows nothing that was hidden as a known secret, also before its source is seen again', () => {
    const canary = 'Canary-7f3a9c1e5b';
    const source = sighting(state(1n, { a: { size: 1, secret: canary } }), 'a');
    const other = (serial: bigint, more: Readonly<Record<string, string>> = {}) =>
      sighting(state(serial, { b: { size: Number(serial), name: `${canary}`, ...more } }, 'lineage-2'), 'b');
    log.methods.observe(source, initial);
    log.methods.observe(other(1n), initial);
    const { path } = rebuild(log, folder);
    const methods = reopen(log, path);
    try {
      const same = methods.observe(other(1n), context);
      expect(same.to - same.from).to.equal(0);
      methods.observe(other(2n), context);
      methods.observe(other(3n, { region: canary, instance_type: `t3-${canary}` }), context);
      log.clock.ms += 11_000;
      methods.tick();
    } finally {
      methods.close();
    }
    for (const line of allLines(path)) expect(line).not.to.contain(canary);
    const bodies = memoryOf(path);
    expect(JSON.stringify(bodies)).not.to.contain(canary);
    expect(linesOf(path, 'resource.changed')).to.have.length(2);
  });

  it('tells by its commitment alone that a hidden value changed while nobody looked', () => {
    log.methods.observe(sighting(state(1n, { a: { size: 1, secret: 'first-secret' } })), initial);
    const { path } = rebuild(log, folder);
    const methods = reopen(log, path);
    methods.observe(sighting(state(3n, { a: { size: 1, secret: 'other-secret' } })), context);
    log.clock.ms += 11_000;
    methods.tick();
    methods.close();
    const [step] = linesOf(path, 'resource.changed');
    expect(step?.['changes']).to.deep.equal([]);
    expect(step?.['hidden']).to.have.nested.property('[0].path', '/secret');
    expect(linesOf(path, 'state.changed')[0]).to.deep.include({
      continuity: 'monotonic-only',
      before: { lineage: 'lineage-1', serial: '1' },
    });
  });

  it('closes the change that was going on when the host was lost, with its net actions', () => {
    log.methods.observe(sighting(state(1n, { a: { size: 1 }, b: { size: 1 } })), initial);
    log.methods.observe(sighting(state(2n, { a: { size: 2 }, b: { size: 1 } })), context);
    const { path, report } = rebuild(log, folder);
    expect(report).to.deep.equal({ stateCount: 1, withoutSnapshotCount: 0, openChangeCount: 1 });
    const methods = reopen(log, path);
    methods.observe(sighting(state(3n, { a: { size: 2 }, c: { size: 9 } })), context);
    log.clock.ms += 11_000;
    methods.tick();
    methods.close();
    const changed = linesOf(path, 'state.changed');
    expect(changed).to.have.length(1);
    expect(changed[0]?.['serials']).to.deep.equal(['2', '3']);
    expect(changed[0]?.['counts']).to.include({ update: 1, create: 1, delete: 1 });
  });

  for (const [what, keys] of [
    ['another epoch', { ...testKeys, epoch: { kid: 'e2', key: Buffer.alloc(32, 8) } }],
    ['a body that is gone', testKeys],
  ] as const) {
    it(`claims nothing across ${what}: the state begins anew, what lay between is missed`, () => {
      log.methods.observe(sighting(state(1n, { a: { size: 1, secret: 'first-secret' } })), initial);
      const { path } = rebuild(log, folder, 0, keys === testKeys);
      const methods = reopen(log, path, keys);
      methods.observe(sighting(state(4n, { a: { size: 2, secret: 'first-secret' } })), context);
      const again = methods.observe(sighting(state(5n, { a: { size: 3, secret: 'first-secret' } })), context);
      methods.close();
      expect(linesOf(path, 'state.missed')[0]).to.include({
        reason: 'recorder-stopped',
        fromSerial: '1',
        toSerial: '4',
      });
      expect(linesOf(path, 'state.baselined').map(({ reason }) => reason)).to.deep.equal(['first-sight', 'restarted']);
      expect([again.to - again.from, linesOf(path, 'resource.changed').length]).to.deep.equal([1, 1]);
    });
  }
});

function wait(log: LogHarness): void {
  log.clock.ms += 11_000;
  log.methods.tick();
}

const pathOf = (log: LogHarness): string => join(log.dataDir, 'log.sqlite');

/** A database that holds lines and bodies of the log, and what can be made of them. */
function rebuild(
  log: LogHarness,
  folder: string,
  run = 0,
  isBodyGone = false,
): { path: string; report: RebuildReport } {
  const path = join(folder, `rebuilt-${run}.sqlite`);
  const [lost, rebuilt] = [openDatabaseReadOnly(pathOf(log)), openDatabase(path)];
  try {
    const from = createEntries(lost);
    const entries = createEntries(rebuilt);
    const lines = [...from.range(0, from.size())].map(({ line }) => line.toString());
    rebuilt.transaction(() => void entries.append(lines))();
    const blobs = isBodyGone ? [] : createBatches(lost).blobs(0, from.size());
    for (const blob of blobs) createBatches(rebuilt).addBlob(blob);
    createQueryIndex(rebuilt).rebuild(entries);
    const { equalityKey } = testKeys;
    const states = createStates(rebuilt);
    const report = rebuildStates({ database: rebuilt, entries, states, equalityKey, nowMs: log.clock.ms });
    return { path, report };
  } finally {
    lost.close();
    rebuilt.close();
  }
}

function reopen(log: LogHarness, path: string, keys: RedactionKeys = testKeys): RecorderMethods {
  const { settings, policy, origin, seed } = testInput(path);
  const signer = createEd25519Signer(origin, seed);
  const clock = { now: () => log.clock.ms, boot: { id: 'boot', ms: () => 0 } };
  return openRecorderMethods(settings, { keys, policy: createPolicy(policy), signer }, clock);
}

/** What two databases are to agree on: all but tags, and what stood at a place when it was last looked at. */
function memoryOf(path: string): unknown {
  const database = openDatabaseReadOnly(path);
  try {
    const states = createStates(database);
    return states.all().map((row) => ({
      // While a change is going on, a version of it that altered nothing is told by the record that closes it.
      ...(states.openChange(row.id) === undefined ? publicPart(row) : { id: row.id }),
      instances: [...states.snapshots(row.id)].map(({ address, deposed, body }) => [
        address,
        deposed,
        withoutTags(parseBody(body)),
      ]),
      outputs: [...states.outputs(row.id)].sort().map(([name, text]) => [name, withoutTags(parseOutput(text))]),
      bases: states.bases(row.id).map(({ kind, address, deposed, body, wasAbsent }) => ({
        ...{ kind, address, deposed, wasAbsent },
        body: body === undefined ? undefined : withoutTags(parseBody(body)),
      })),
    }));
  } finally {
    database.close();
  }
}

function publicPart({ id, name, uri, workspace, form, lineage, serial, toolVersion, isRetired }: StateRow): object {
  return { id, name, uri, workspace, form, lineage, serial, toolVersion, isRetired };
}

function withoutTags(value: object): object {
  const { hidden } = value as InstanceBody;
  const local = ['hidden', 'contentTag', 'idTag', 'createBeforeDestroy'];
  const shown = Object.fromEntries(Object.entries(value).filter(([name]) => !local.includes(name)));
  const published = hidden.map(({ path, by, kid, commitment }) => ({ path, by, kid, commitment }));
  return { ...shown, hidden: published.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

function stateOf(path: string): StateRow {
  const database = openDatabaseReadOnly(path);
  try {
    const [row] = createStates(database).all();
    if (row === undefined) throw new Error('expected a state');
    return row;
  } finally {
    database.close();
  }
}

function allLines(path: string): string[] {
  const database = openDatabaseReadOnly(path);
  try {
    const entries = createEntries(database);
    return [...entries.range(0, entries.size())].map(({ line }) => line.toString());
  } finally {
    database.close();
  }
}

function linesOf(path: string, type: string): Record<string, unknown>[] {
  const database = openDatabaseReadOnly(path);
  try {
    const entries = createEntries(database);
    return [...entries.range(0, entries.size())]
      .map(({ line }) => JSON.parse(line.toString()) as { type: string; data: Record<string, unknown> })
      .filter((record) => record.type === `io.stateseal.${type}`)
      .map(({ data }) => data);
  } finally {
    database.close();
  }
}

function state(
  serial: bigint,
  things: Readonly<Record<string, Readonly<Record<string, string | number>>>>,

  lineage = 'lineage-1',
): WorldState {
  const instances = Object.entries(things).map(
    ([name, attributes]) =>
      [name, { attributes: { id: `id-${name}`, ...attributes }, tainted: false, marks: ['secret'] }] as const,
  );
  return { lineage, serial, tool: '1.11.4', instances: new Map(instances), outputs: new Map() };
}

function sighting(world: WorldState, place = 'one') {
  const bytes = Buffer.from(formatWorldState(world));
  return {
    reference: { uri: `dir:infra/${place}/terraform.tfstate`, workspace: 'default' },
    condition: 'state' as const,
    sourceVersion: `${world.serial}-${bytes.length}`,
    bytes,
    effectiveTime: '2026-06-23T14:00:00.000Z',
    timeBasis: 'mtime' as const,
    problem: undefined,
    lock: undefined,
    lockHoldsSince: 0,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}

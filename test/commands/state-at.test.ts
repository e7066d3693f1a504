// A state as it was: after random sequences, what is put together from lines and blobs is at each leaf and at each time
// exactly what stood in the file then, by the driver's own list of what it wrote. STATESEAL_SEED runs one seed again.
import { compareFiles, type Comparison } from '../../daemon/answers/compare-states.ts';
import type { Knowledge } from '../../daemon/answers/knowledge.ts';
import { compareViews } from '../../daemon/answers/state-compare.ts';
import { viewState, type StateView } from '../../daemon/answers/state-view.ts';
import { join } from 'node:path';
import { expect } from 'chai';
import { observeFiles } from '../../daemon/commands/observe-files.ts';
import type { Json } from '../../daemon/json/value.ts';
import type { ObservedState } from '../../daemon/record/observation.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createEntries } from '../../daemon/store/entries.ts';
import { textAt } from '../../daemon/store/queries-fields.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import { createRandom, createWorld } from '../support/state-world.ts';

const SEEDS = process.env['STATESEAL_SEED'] === undefined ? [1, 2, 3] : [Number(process.env['STATESEAL_SEED'])];
const ACTS = 60;

interface Written {
  readonly stateId: string;
  readonly serial: string;
  readonly bytes: Uint8Array;
  readonly leafIndex: number;
  readonly atMs: number;
  /** A record of it names its serial. */
  readonly isTold: boolean;
}

/** Hides nothing more: what is compared is what was recorded. */
const asRecorded: Knowledge = {
  isKeyed: false,
  covers: () => false,
  ofState: () => ({
    hideBody: (_address, _deposed, body) => body,
    hideOutput: (_name, output) => output,
    hideAddress: (address) => address,
  }),
};

describe('a state as it was', function () {
  this.timeout(120_000);
  for (const seed of SEEDS) {
    it(`equals what was written then, by leaf and by time, seed ${seed}`, () => {
      const log = openLogHarness();
      try {
        const written = play(log, seed);
        expect(written.length).to.be.greaterThan(5);
        withViews(log, (view) => {
          let timeCount = 0;
          for (const version of written) {
            const [byLeaf, byTime] = [{ leafIndex: version.leafIndex }, { ms: version.atMs }].map(
              (point) => view(version.stateId, [point])[0],
            );
            compareWith(byLeaf, version, `seed ${seed}, leaf ${version.leafIndex}`);
            // A version that was recovered from a backup later may have been in force then, too.
            if (byTime === undefined || byTime.leafIndex > Math.max(version.leafIndex, byLeaf?.leafIndex ?? 0))
              continue;
            timeCount += 1;
            compareWith(byTime, version, `seed ${seed}, time ${version.atMs}`);
          }
          expect(timeCount).to.be.greaterThan(written.length / 2);
          compareAll(written, view, seed);
        });
      } finally {
        log.close();
      }
    });
  }
});

function compareWith(found: StateView | undefined, version: Written, where: string): void {
  expect(found?.isWhole, where).to.equal(true);
  // While a change goes on, a version that altered nothing is told by the record that closes it.
  if (version.isTold) expect(found?.state.serial, where).to.equal(version.serial);
  expect(shownOf(found?.state), where).to.deep.equal(shownOf(observeFiles([version.bytes]).states[0]));
}

type View = (stateId: string, points: Parameters<typeof viewState>[3]) => readonly (StateView | undefined)[];

function withViews(log: LogHarness, work: (view: View) => void): void {
  const database = openDatabaseReadOnly(join(log.dataDir, 'log.sqlite'));
  try {
    const parts = { database, entries: createEntries(database) };
    work((stateId, points) => viewState(parts, stateId, asRecorded, points));
  } finally {
    database.close();
  }
}

/** What the driver wrote, and where the log stood when it had been seen. */
function play(log: LogHarness, seed: number): readonly Written[] {
  const random = createRandom(seed);
  const world = createWorld(random, { withMarks: false });
  const written: Written[] = [];
  for (let count = 0; count < ACTS; count += 1) {
    log.clock.ms += 20 + Math.floor(random() * 3000);
    const { uris } = world.act(log.clock.ms);
    if (random() < 0.7) {
      for (const uri of uris) {
        const sighting = world.sight(uri);
        const context = { source: 'directory', nameCandidates: ['one'], isInitial: false, isFinalAttempt: true };
        const { verdict, from, to } = log.methods.observe(sighting, context);
        const row = log.methods.states().find((state) => state.uri === uri && !state.isRetired);
        if (verdict === 'retry' || sighting.condition !== 'state' || row?.sourceVersion !== sighting.sourceVersion)
          continue;
        if (row.condition !== 'state') continue;
        const { id: stateId, serial } = row;
        const told = log.read(({ queries }) =>
          range(from, to).map((leaf) => queries.readRecord(leaf)?.record.data ?? {}),
        );
        const isTold = told.some(
          (data) => textAt(data, 'version', 'serial') === serial && textAt(data, 'state', 'id') === stateId,
        );
        written.push({ stateId, serial, bytes: sighting.bytes, leafIndex: to - 1, atMs: log.clock.ms, isTold });
      }
    }
    if (random() < 0.2) {
      log.clock.ms += 11_000;
      log.methods.tick();
    }
  }
  return written;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, offset) => from + offset);
}

/** The net difference of two views is that of the two files, but for hidden values across a move. */
function compareAll(written: readonly Written[], view: View, seed: number): void {
  const own = asRecorded.ofState('');
  const byState = Map.groupBy(written, ({ stateId }) => stateId);
  for (const [stateId, versions] of byState) {
    const [first, last] = [versions[0], versions.at(-1)];
    if (first === undefined || last === undefined || first === last) continue;
    const [before, after] = view(stateId, [{ leafIndex: first.leafIndex }, { leafIndex: last.leafIndex }]);
    if (before === undefined || after === undefined) throw new Error('expected two views');
    const expected = compareFiles(observeFiles([first.bytes, last.bytes]));
    expect(factsOf(compareViews(before, after, own)), `seed ${seed}`).to.deep.equal(factsOf(expected));
  }
}

function factsOf({ subjects }: Comparison): unknown {
  return subjects
    .filter(({ previousAddress }) => previousAddress === '')
    .map(({ name, deposed, actions, values }) => ({
      ...{ name, deposed, actions },
      values: values.map(({ path, before, after }) => JSON.stringify([path, sideOf(before), sideOf(after)])).sort(),
    }));
}

function sideOf(side: Comparison['subjects'][number]['values'][number]['before']): unknown {
  return side.is === 'shown' ? side.value : side.is;
}

function shownOf(state: ObservedState | undefined): unknown {
  return {
    instances: state?.instances.map(({ address, deposed, body }) => ({
      ...{ address, deposed, tainted: body?.tainted, attributes: body?.attributes as Json },
      hidden: body?.hidden.map(({ path, by }) => `${path} ${by}`).sort(),
    })),
    outputs: state?.outputs.map(({ name, sensitive, value, hidden }) => ({
      ...{ name, sensitive, value },
      hidden: hidden.map(({ path }) => path).sort(),
    })),
  };
}

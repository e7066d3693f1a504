// Which plan a change is held against, and when: what stood where at its first write, and what runs say later.
import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import {
  judgements,
  PLAN,
  seePlan,
  seeState,
  STATE,
  worldPlan,
  worldState,
  type WorldState,
} from '../support/planned-world.ts';
import { dataOf, endedRun, recordsOf, REFERENCE, storeSighting, toDelivery } from '../support/run-scene.ts';
import { testId } from '../support/spool-scene.ts';
import { readFixture } from '../terraform/fixtures.ts';

const one: WorldState = { serial: 1, things: { a: { size: 1 }, b: { size: 1 } } };
const two: WorldState = { serial: 2, things: { a: { size: 2 }, b: { size: 1 } } };
const planned = worldPlan({ from: one, to: two.things });
/** The same in a bucket: runs name it by its address. */
const far = (state: WorldState): WorldState => ({ ...state, lineage: 'far' });
const farPlan = worldPlan({ from: far(one), to: two.things });
const otherwise = worldPlan({ from: one, to: { ...one.things, a: { size: 3 } } });

describe('the plan of a change', () => {
  let log: LogHarness;
  beforeEach(() => {
    log = openLogHarness();
    seeState(log, one, STATE, true);
  });
  afterEach(() => log.close());

  const planIds = (): readonly string[] => recordsOf(log, 'plan.recorded').map(({ id }) => id);
  const last = (): JsonObject => judgements(log).at(-1) ?? {};
  const verdicts = (): readonly unknown[] => judgements(log).map(({ verdict }) => verdict);
  const codes = (data: JsonObject): readonly unknown[] =>
    (data['reasons'] as unknown as readonly JsonObject[]).map(({ code }) => code);

  /** A run that ends now and brings a plan. */
  async function endRun(plan: Buffer, number = 1): Promise<string> {
    const run = endedRun(log, number);
    await seePlan(log, plan, `run:${run.run}`, run.run);
    log.methods.ingest(await toDelivery(run, [{ kind: 'plan', bytes: plan }]));
    return run.run;
  }

  it('is the one beside the state', async () => {
    await seePlan(log, planned);
    seeState(log, two);
    expect(last()).to.include({ verdict: 'as-planned', plan: planIds()[0] });
    expect(last()['run']).to.equal(undefined);
    expect(verdicts()).to.have.length(1);
  });

  it('is none where there was none, none of another version, none that came later', async () => {
    await seePlan(log, worldPlan({ from: { ...one, serial: 7 }, to: two.things }));
    await seePlan(log, worldPlan({ from: { ...one, lineage: 'another' }, to: two.things }), 'dir:infra/app/p2');
    seeState(log, two);
    expect([last()['verdict'], codes(last())]).to.deep.equal(['no-plan', ['no-candidate']]);
    await seePlan(log, planned, 'dir:infra/app/late');
    expect([last()['verdict'], codes(last())]).to.deep.equal(['no-plan', ['plan-after-change']]);
    expect(last()).to.include({ plan: planIds().at(-1) });
    expect(verdicts()).to.have.length(2);
  });

  it('dropped in after the first write does not count, though the change is open', async () => {
    seeState(log, two);
    await seePlan(log, planned);
    seeState(log, { ...two, serial: 3, things: { ...two.things, b: { size: 2 } } });
    expect(last()['verdict']).to.equal('no-plan');
    expect(codes(last())).not.to.include('adopted');
  });

  it('is not chosen among two that disagree until a run names one', async () => {
    seeState(log, far(one), REFERENCE, true);
    await seePlan(log, farPlan);
    await seePlan(log, worldPlan({ from: far(one), to: { ...one.things, a: { size: 3 } } }), 'dir:infra/app/other');
    seeState(log, far(two), REFERENCE);
    const open = last();
    const [right, wrong] = planIds();
    expect(open['verdict']).to.equal('undetermined');
    expect(open['candidates']).to.deep.equal([
      { plan: wrong, verdict: 'diverged' },
      { plan: right, verdict: 'as-planned' },
    ]);
    const run = await endRun(farPlan);
    expect(verdicts()).to.deep.equal(['undetermined', 'as-planned']);
    expect(last()).to.include({ plan: right, change: open['change'] });
    expect(last()['run']).to.deep.equal({ id: run, uid: 'uid:1001' });
    expect(last()['candidates']).to.equal(undefined);
  });

  it('that a run names is the one, though many others lie there', async () => {
    seeState(log, far(one), REFERENCE, true);
    await seePlan(log, farPlan);
    await seePlan(log, farPlan, `run:${testId(1)}`, testId(1));
    for (let n = 0; n < 20; n += 1) {
      const other = worldPlan({ from: far(one), to: { ...one.things, a: { size: 100 + n } } });
      await seePlan(log, other, `dir:infra/another/p${n}`);
    }
    seeState(log, far(two), REFERENCE);
    expect(last()['verdict']).to.equal('undetermined');
    await endRun(farPlan);
    expect(verdicts()).to.deep.equal(['undetermined', 'as-planned']);
  });

  it('is not hidden by many of another directory', async () => {
    await seePlan(log, planned);
    for (let n = 0; n < 66; n += 1) {
      const other = worldPlan({ from: one, to: { ...one.things, a: { size: 100 + n } } });
      await seePlan(log, other, `dir:infra/another/p${n}`);
    }
    seeState(log, two);
    expect(verdicts()).to.deep.equal(['as-planned']);
  });

  it('of two that agree needs no run', async () => {
    await seePlan(log, planned);
    await seePlan(log, worldPlan({ from: one, to: { ...two.things, c: { size: 1 } } }), 'dir:infra/app/other');
    await seePlan(log, worldPlan({ from: one, to: { ...two.things, d: { size: 1 } } }), PLAN);
    seeState(log, two);
    // What stands at a place is the newest there: both say one thing more than was done.
    expect(last()['verdict']).to.equal('partly-applied');
    expect(last()['candidates']).to.have.length(2);
  });

  it('named by a run, but recorded after the change, does not count', async () => {
    seeState(log, far(one), REFERENCE, true);
    seeState(log, far(two), REFERENCE);
    expect(verdicts()).to.deep.equal(['no-plan']);
    await endRun(farPlan);
    expect(verdicts()).to.deep.equal(['no-plan', 'no-plan']);
    expect(codes(last())).to.deep.equal(['plan-after-change']);
    expect(last()['plan']).to.equal(planIds()[0]);
  });

  it('overwritten before the change is none; overwritten after its first write it still is', async () => {
    await seePlan(log, otherwise);
    await seePlan(log, planned);
    seeState(log, two);
    await seePlan(log, otherwise);
    expect(last()).to.include({ verdict: 'as-planned', plan: planIds()[1] });
    expect(last()['candidates']).to.equal(undefined);
  });

  it('put back counts again', async () => {
    for (const plan of [planned, otherwise, planned]) await seePlan(log, plan);
    seeState(log, two);
    expect(last()).to.include({ verdict: 'as-planned', plan: planIds()[0] });
    expect(planIds()).to.have.length(2);
  });

  it('the same in two directories is a plan of each', async () => {
    const copy = 'dir:infra/copy/terraform.tfstate';
    seeState(log, one, copy, true);
    await seePlan(log, planned);
    await seePlan(log, planned, 'dir:infra/copy/tfplan');
    expect(new Set(planIds()).size).to.equal(2);
    seeState(log, two);
    seeState(log, two, copy);
    expect(verdicts()).to.deep.equal(['as-planned', 'as-planned']);
    expect(new Set(judgements(log).map(({ plan }) => plan)).size).to.equal(2);
  });

  it('of another directory is none', async () => {
    await seePlan(log, planned, 'dir:infra/elsewhere/tfplan');
    await seePlan(log, planned, 'dir:infra/app/below/tfplan');
    await seePlan(log, planned, 'dir:infra/tfplan');
    seeState(log, two);
    expect(verdicts()).to.deep.equal(['no-plan']);
  });

  it('seen again after a restart is recorded once, and counts', async () => {
    await seePlan(log, planned);
    log.reopen();
    const size = recordsOf(log).length;
    expect(await seePlan(log, planned)).to.equal('nothing');
    expect(recordsOf(log)).to.have.length(size);
    seeState(log, two);
    log.crash();
    expect(verdicts()).to.deep.equal(['as-planned']);
  });

  it('of another workspace is none', async () => {
    await seePlan(log, worldPlan({ from: one, to: two.things, workspace: 'stage' }));
    seeState(log, two);
    expect(verdicts()).to.deep.equal(['no-plan']);
    const named = 'dir:infra/app/terraform.tfstate.d/stage/terraform.tfstate';
    const staged = { ...one, lineage: 'of-stage' };
    log.methods.observe(
      { ...storeSighting(worldState(staged), log.clock.ms, named), reference: { uri: named, workspace: 'stage' } },
      { source: 'directory', nameCandidates: ['stage'], isInitial: true, isFinalAttempt: true },
    );
    await seePlan(log, worldPlan({ from: staged, to: two.things, workspace: 'stage' }));
    log.clock.ms += 1000;
    log.methods.observe(
      {
        ...storeSighting(worldState({ ...two, lineage: 'of-stage' }), log.clock.ms, named),
        reference: { uri: named, workspace: 'stage' },
      },
      { source: 'directory', nameCandidates: ['stage'], isInitial: false, isFinalAttempt: true },
    );
    expect(verdicts()).to.deep.equal(['no-plan', 'as-planned']);
  });

  it('that is encrypted may be the one, until another says it', async () => {
    await seePlan(log, readFixture('opentofu-synthetic/encrypted.tfplan'));
    seeState(log, two);
    expect([last()['verdict'], codes(last())]).to.deep.equal(['undetermined', ['plan-opaque']]);
    // It was there before the last change: this one has none.
    seeState(log, { ...two, serial: 3, things: { ...two.things, a: { size: 9 } } });
    expect(last()['verdict']).to.equal('no-plan');
  });

  it('a lone plan of the first version of a state', async () => {
    const nothing = { serial: 0, things: {}, lineage: '' };
    await seePlan(log, worldPlan({ from: nothing, to: two.things }), 'dir:infra/new/tfplan');
    seeState(log, { serial: 1, things: two.things, lineage: 'born' }, 'dir:infra/new/terraform.tfstate');
    expect(verdicts()).to.deep.equal(['as-planned']);
  });

  it('may have found other values outside, if it says so', async () => {
    const things = { ...two.things, b: { size: 66 } };
    const found = { ...one, things: { ...one.things, b: { size: 66 } } };
    for (const isSilent of [false, true]) {
      await seePlan(log, worldPlan({ from: one, found, to: things, isSilent }));
      seeState(log, { serial: 2, things });
      expect(last()['verdict'], String(isSilent)).to.equal(isSilent ? 'beyond-plan' : 'as-planned');
      expect(codes(last())).to.deep.equal([isSilent ? 'not-in-plan' : 'adopted']);
      log.close();
      log = openLogHarness();
      seeState(log, one, STATE, true);
    }
  });

  it('lies nowhere where its path holds a known secret: not in the folder above', async () => {
    const secret = 'qzw-known-secret-99';
    const uri = 'dir:infra/terraform.tfstate';
    const own = (serial: number, size: number) => ({ serial, things: { a: { size, secret } }, lineage: 'root' });
    seeState(log, own(1, 1), uri, true);
    await seePlan(log, worldPlan({ from: own(1, 1), to: own(2, 2).things }), `dir:infra/mine/${secret}/tfplan`);
    seeState(log, own(2, 2), uri);
    expect(verdicts()).to.deep.equal(['no-plan']);
  });

  it('judges nothing that was imported', async () => {
    await seePlan(log, planned);
    const context = { source: 'bucket', nameCandidates: ['app'], isInitial: false, isFinalAttempt: true };
    log.methods.observe(storeSighting(worldState(two), log.clock.ms, STATE), { ...context, isBackfilled: true });
    expect(verdicts()).to.deep.equal([]);
    expect(dataOf(log, 'state.changed')).to.have.length(1);
  });
});

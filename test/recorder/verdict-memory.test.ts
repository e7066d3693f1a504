// What is kept of plans and judgements: nothing of what is hidden, not for ever, and not in the leaf what does not fit.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { openDatabase } from '../../daemon/store/database.ts';
import { createJudgedChanges } from '../../daemon/store/judged-changes.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import { judgements, seePlan, seeState, STATE, worldPlan } from '../support/planned-world.ts';
import { dataOf, recordsOf } from '../support/run-scene.ts';

describe('what is kept of plans', () => {
  let log: LogHarness;
  beforeEach(() => (log = openLogHarness()));
  afterEach(() => log.close());

  it('hides what plan and states hide', async () => {
    const canary = (n: number): string => `CANARY-${n}-value`;
    const from = { serial: 1, things: { a: { size: 1, secret: canary(1) }, b: { size: 1, secret: canary(2) } } };
    const found = { ...from, things: { ...from.things, b: { size: 1, secret: canary(3) } } };
    const to = { ...found.things, a: { size: 2, secret: canary(4) }, c: { size: 1, secret: canary(5) } };
    seeState(log, from, STATE, true);
    await seePlan(log, worldPlan({ from, found, to }));
    await seePlan(log, worldPlan({ from, to: { a: { size: 5, secret: canary(6) } } }), 'dir:infra/app/other');
    seeState(log, { serial: 2, things: { ...to, c: { size: 1, secret: canary(7) } } });
    const [judged] = judgements(log);
    expect(judged?.['verdict']).to.equal('diverged');
    expect(JSON.stringify(judged?.['reasons'])).to.contain('/password');
    for (const file of readdirSync(log.dataDir)) {
      expect(readFileSync(join(log.dataDir, file)).includes('CANARY'), file).to.equal(false);
    }
    for (const line of blobs(log)) expect(line).not.to.contain('CANARY');
    // The tags that compare them stay in the tables: none is published.
    expect(JSON.stringify(dataOf(log, 'change.judged'))).not.to.match(/"(?:tag|meaning)"/u);
  });

  it('is forgotten in the end: what it said then cannot be compared', async () => {
    const [from, to] = [{ serial: 1, things: { a: { size: 1 } } }, { a: { size: 2 } }];
    seeState(log, from, STATE, true);
    await seePlan(log, worldPlan({ from, to }));
    log.methods.close();
    const database = openDatabase(join(log.dataDir, 'log.sqlite'));
    database.exec('DELETE FROM plan_item; UPDATE plan_memory SET size_bytes = -1');
    database.close();
    log.start();
    seeState(log, { serial: 2, things: to });
    const [judged] = judgements(log);
    expect(judged).to.deep.include({ verdict: 'undetermined', reasons: [{ code: 'plan-forgotten' }] });
  });

  it('judgements are kept for runs that come later, as far as there is room', () => {
    const database = openDatabase(join(log.dataDir, 'other.sqlite'));
    const judged = createJudgedChanges(database, 1000);
    const row = { stateId: 's', lineage: 'l', serial: '1' };
    judged.put({ ...row, changeId: 'small', position: 1, facts: '{}' });
    judged.put({ ...row, changeId: 'large', position: 2, facts: 'x'.repeat(600) });
    expect(judged.get('small')).not.to.equal(undefined);
    judged.put({ ...row, changeId: 'newest', position: 3, facts: 'x'.repeat(1100) });
    expect([judged.get('small'), judged.get('large')]).to.deep.equal([undefined, undefined]);
    expect(judged.get('newest')).not.to.equal(undefined);
    database.close();
  });

  it('lists that do not fit stand in a blob', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `thing_with_a_name_${n}`);
    const things = (size: number) => Object.fromEntries(names.map((name) => [name, { size }]));
    const from = { serial: 1, things: things(1) };
    seeState(log, from, STATE, true);
    await seePlan(log, worldPlan({ from, to: things(2) }));
    seeState(log, { serial: 2, things: things(3) });
    const [judged] = judgements(log);
    expect(judged).to.include({ verdict: 'diverged' });
    expect([judged?.['instances'], judged?.['reasons']]).to.deep.equal([[], []]);
    const { sha256 } = judged?.['body'] as unknown as { readonly sha256: string };
    const body = log.read(({ batches }) => batches.blob(sha256));
    const text = gunzipSync(body ?? new Uint8Array()).toString();
    expect(text.match(/"other-value"/gu)).to.have.length(names.length);
    expect(judged?.['counts']).to.include({ notPlanned: names.length });
  });
});

function blobs(log: LogHarness): readonly string[] {
  const hashes = recordsOf(log).flatMap(({ data }) => [...JSON.stringify(data).matchAll(/"sha256":"(\w+)"/gu)]);
  return hashes.map(([, sha256 = '']) =>
    gunzipSync(log.read(({ batches }) => batches.blob(sha256)) ?? new Uint8Array()).toString(),
  );
}

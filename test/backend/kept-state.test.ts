import { expect } from 'chai';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BY, lockInfo, openKeeping, recordedSerials, serialOf, stateBytes, type Keeping } from './keeping.ts';
import { playKills } from './kill-rounds.ts';

describe('backend/kept-state', () => {
  let keeping: Keeping;

  beforeEach(async () => {
    keeping = await openKeeping();
  });
  afterEach(() => keeping.close());

  const tick = (): void => void (keeping.log.clock.ms += 1_000);
  const run = async (id: string, ...bodies: readonly Uint8Array[]): Promise<void> => {
    tick();
    await keeping.state.lock(lockInfo(id), BY);
    for (const bytes of bodies) {
      tick();
      expect(await keeping.state.write(bytes, id, BY)).to.deep.equal({ outcome: 'stored' });
    }
    tick();
    await keeping.state.unlock(id, BY);
  };
  const changes = () => keeping.records('state.changed').map(({ data }) => data);
  const code = (result: Promise<unknown>): Promise<unknown> =>
    result.then(
      () => 'done',
      (error: unknown) => (error as { code?: string }).code,
    );

  it('records a run of one lock as one change, contiguous, with who brought it', async () => {
    await run('one', stateBytes(1), stateBytes(2), stateBytes(3));
    await run('two', stateBytes(4));
    const [first, second, ...more] = changes();
    expect(more).to.deep.equal([]);
    expect(first).to.include({ kind: 'apply', kindBasis: 'lock', continuity: 'contiguous', timeBasis: 'store' });
    expect(first?.['serials']).to.deep.equal(['1', '2', '3']);
    expect(first?.['claims']).to.deep.include(BY[0]);
    expect(second).to.include({ kind: 'apply', continuity: 'contiguous' });
    expect((second?.['vantage'] as { source: string }).source).to.equal('backend');
    expect(serialOf(await keeping.state.read())).to.equal(4);
  });

  it('a body that comes twice is recorded once', async () => {
    await keeping.state.lock(lockInfo('one'), BY);
    await keeping.state.write(stateBytes(1), 'one', BY);
    const size = keeping.log.read(({ queries }) => queries.size());
    await keeping.state.write(stateBytes(1), 'one', BY);
    expect(keeping.log.read(({ queries }) => queries.size())).to.equal(size);
    await keeping.state.unlock('one', BY);
    expect(changes().map((change) => change['serials'])).to.deep.equal([['1']]);
  });

  it('a jump of the serial skips no version here', async () => {
    await run('one', stateBytes(1));
    await run('two', stateBytes(5));
    expect(changes().map((change) => change['continuity'])).to.deep.equal(['contiguous', 'contiguous']);
    expect(keeping.records('state.missed')).to.deep.equal([]);
  });

  it('what is no state is not stored, and harms nothing', async () => {
    await run('one', stateBytes(1));
    const refused = await keeping.state.write(Buffer.from('{"version":4,"serial":"x"'), undefined, BY);
    expect(refused).to.deep.equal({ outcome: 'not-a-state' });
    expect(serialOf(await keeping.state.read())).to.equal(1);
    expect(readdirSync(keeping.folder)).to.deep.equal(['network.tfstate']);
  });

  it('locks: one holder, the same lock again, a write under another one or one that was taken away', async () => {
    expect(await keeping.state.lock(lockInfo('one'), BY)).to.deep.equal({ outcome: 'done' });
    expect(await keeping.state.lock(lockInfo('one'), BY)).to.deep.equal({ outcome: 'done' });
    expect(await keeping.state.lock(lockInfo('two'), BY)).to.deep.include({
      outcome: 'locked',
      holder: lockInfo('one'),
    });
    expect(await keeping.state.write(stateBytes(1), undefined, BY)).to.include({ outcome: 'locked' });
    expect(await keeping.state.write(stateBytes(1), 'two', BY)).to.include({ outcome: 'locked' });
    expect(await keeping.state.remove('two', BY)).to.include({ outcome: 'locked' });
    expect(await keeping.state.unlock('two', BY)).to.include({ outcome: 'locked' });
    expect(await keeping.state.unlock(undefined, BY)).to.deep.equal({ outcome: 'done' });
    expect(await keeping.state.write(stateBytes(1), 'one', BY)).to.deep.equal({ outcome: 'lock-lost' });
    expect(await keeping.state.read()).to.equal(undefined);
  });

  it('a lock survives a restart, and force-unlock is recorded as such', async () => {
    await run('one', stateBytes(1));
    tick();
    await keeping.state.lock(lockInfo('two'), BY);
    keeping.restart();
    expect(await keeping.state.lock(lockInfo('three'), BY)).to.include({ outcome: 'locked' });
    await keeping.state.unlock(undefined, BY);
    const released = keeping.records('lock.released').map(({ data }) => data);
    expect(released.map((data) => data['forced'])).to.deep.equal([undefined, true]);
    expect(released.at(-1)?.['claims']).to.deep.include(BY[0]);
  });

  it('a version that was put there by hand is recorded before it is shown or replaced', async () => {
    await run('one', stateBytes(1));
    writeFileSync(join(keeping.folder, 'network.tfstate'), stateBytes(7, 'by hand'));
    expect(serialOf(await keeping.state.read())).to.equal(7);
    expect([...recordedSerials(keeping)]).to.include(7);
    writeFileSync(join(keeping.folder, 'network.tfstate'), stateBytes(9, 'again'));
    await run('two', stateBytes(10));
    expect([...recordedSerials(keeping)]).to.include.members([9, 10]);
    writeFileSync(join(keeping.folder, 'network.tfstate'), '{ torn');
    expect(await code(keeping.state.read())).to.equal('backend-state-unreadable');
    expect(keeping.records('state.unreadable').length).to.equal(1);
  });

  it('a recorder that fails: nothing is shown, and the content is known again when it is pushed', async () => {
    await run('one', stateBytes(1));
    tick();
    await keeping.state.lock(lockInfo('two'), BY);
    keeping.arm('observe', 'fails');
    expect(await code(keeping.state.write(stateBytes(2, 'errored'), 'two', BY))).to.equal('store-write-failed');
    expect(serialOf(await keeping.state.read())).to.equal(1);
    await keeping.state.unlock('two', BY);
    // Kept in the database, too: a restart forgets nothing.
    keeping.restart();
    tick();
    await keeping.state.lock(lockInfo('push', 'state-push'), BY);
    tick();
    await keeping.state.write(stateBytes(3, 'errored'), 'push', BY);
    await keeping.state.unlock('push', BY);
    const [, pushed, ...more] = changes();
    expect(more).to.deep.equal([]);
    expect(pushed).to.include({ kind: 'manual', continuity: 'contiguous' });
    expect(pushed?.['refused']).to.include({ serial: '2' });
  });

  it('the same sender trying again is no push of what was refused', async () => {
    await keeping.state.lock(lockInfo('one'), BY);
    keeping.arm('observe', 'fails');
    expect(await code(keeping.state.write(stateBytes(1), 'one', BY))).to.equal('store-write-failed');
    await keeping.state.write(stateBytes(1), 'one', BY);
    await keeping.state.unlock('one', BY);
    expect(changes().map((change) => change['refused'])).to.deep.equal([undefined]);
  });

  it('removal: recorded with who, the backup kept, and a later state goes on', async () => {
    await run('one', stateBytes(1));
    expect(await keeping.state.remove(undefined, BY)).to.deep.equal({ outcome: 'stored' });
    expect(await keeping.state.read()).to.equal(undefined);
    expect(keeping.records('state.retired')[0]?.data).to.deep.include({ reason: 'deleted', claims: BY });
    expect(readdirSync(keeping.folder)).to.deep.equal(['network.tfstate.backup']);
    await run('two', stateBytes(1, 'anew', 'lineage-2'));
    expect(serialOf(await keeping.state.read())).to.equal(1);
  });

  it('a silent recorder is a refusal in time; what it records later is what is stored', async () => {
    const quick = await openKeeping(40);
    try {
      await quick.state.write(stateBytes(1), undefined, BY);
      const answer = quick.silence();
      expect(await code(quick.state.write(stateBytes(2), undefined, BY))).to.equal('backend-recorder-silent');
      // Its retry waits for the first answer: nobody knows yet what is recorded.
      expect(await code(quick.state.write(stateBytes(2), undefined, BY))).to.equal('backend-recorder-silent');
      answer();
      expect(serialOf(await quick.state.read())).to.equal(2);
    } finally {
      quick.close();
    }
  });

  it('killed between any two steps of a write: old or new, never torn, and never unrecorded', async () => {
    expect(await playKills('write', ['killed before', 'killed after'])).to.be.greaterThan(6);
  });
});

// Every step of an operation of the backend, cut before or after its effect, or failing before or after it: what is
// shown afterwards is the old version or the new one, whole, and nothing is shown that is not recorded.
import { expect } from 'chai';
import {
  BY,
  lockInfo,
  openKeeping,
  recordedSerials,
  serialOf,
  stateBytes,
  type Fault,
  type Keeping,
} from './keeping.ts';

export type Operation = 'write' | 'lock' | 'unlock' | 'remove';

const OPERATIONS: Readonly<Record<Operation, (keeping: Keeping) => Promise<unknown>>> = {
  write: ({ state }) => state.write(stateBytes(2), 'held', BY),
  lock: ({ state }) => state.lock(lockInfo('new'), BY),
  unlock: ({ state }) => state.unlock('held', BY),
  remove: ({ state }) => state.remove('held', BY),
};

/** Returns how many cuts were made. */
export async function playKills(operation: Operation, faults: readonly Fault[]): Promise<number> {
  const steps = await stepsOf(operation);
  for (const [index, step] of steps.entries()) {
    const occurrence = steps.slice(0, index + 1).filter((each) => each === step).length;
    for (const fault of faults) {
      const keeping = await openPrepared(operation);
      try {
        keeping.arm(step, fault, occurrence);
        await playOne(operation, keeping, fault, `${step} ${occurrence} ${fault}`);
      } finally {
        keeping.close();
      }
    }
  }
  return steps.length * faults.length;
}

async function stepsOf(operation: Operation): Promise<Keeping['calls']> {
  const keeping = await openPrepared(operation);
  try {
    keeping.disarm();
    await OPERATIONS[operation](keeping);
    return keeping.calls;
  } finally {
    keeping.close();
  }
}

/** Version 1 stored, and a lock held, unless it is to be taken. */
async function openPrepared(operation: Operation): Promise<Keeping> {
  const keeping = await openKeeping();
  await keeping.state.write(stateBytes(1), undefined, BY);
  if (operation !== 'lock') await keeping.state.lock(lockInfo('held'), BY);
  keeping.log.clock.ms += 1_000;
  return keeping;
}

function lockIdOf({ data }: { readonly data: Readonly<Record<string, unknown>> }): string {
  return (data['lock'] as { readonly id: string }).id;
}

async function playOne(operation: Operation, keeping: Keeping, fault: Fault, what: string): Promise<void> {
  const done = OPERATIONS[operation](keeping).then(
    () => 'acknowledged',
    () => 'refused',
  );
  const end = await Promise.race([done, keeping.killed.then(() => 'killed')]);
  keeping.disarm();
  if (fault.startsWith('killed')) keeping.restart();
  const shown = serialOf(await keeping.state.read());
  const [before, after] = [1, { write: 2, remove: undefined, lock: 1, unlock: 1 }[operation]];
  expect(shown, what).to.be.oneOf(end === 'acknowledged' ? [after] : [before, after]);
  const recorded = [...recordedSerials(keeping)];
  if (shown !== undefined) expect(recorded, what).to.include(shown);
  if (operation === 'write') expect(recorded.includes(2), what).to.equal(shown === 2);
  // What vanished is waited for, as any file is.
  keeping.log.clock.ms += 11_000;
  keeping.log.methods.tick();
  const isRetired = keeping.records('state.retired').length > 0;
  expect(isRetired, what).to.equal(shown === undefined);
  // It goes on from there: the same request again, as Terraform's retry.
  if (operation !== 'remove') await OPERATIONS[operation](keeping);
  expect(await keeping.state.unlock(undefined, BY), what).to.include({ outcome: 'done' });
  if (operation === 'write') expect(serialOf(await keeping.state.read()), what).to.equal(2);
  if (operation === 'remove') return;
  // Each hold that was recorded has its end recorded, once.
  const [acquired, released] = ['lock.acquired', 'lock.released'].map((type) => keeping.records(type).map(lockIdOf));
  expect(released, what).to.deep.equal(acquired);
}

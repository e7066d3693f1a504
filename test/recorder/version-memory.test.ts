// What is remembered of observed versions, and that a remembered backup proves exactly what a parsed one does.
import { expect } from 'chai';
import { toSighting } from '../../bench/sighting.ts';
import { createVersionMemory } from '../../daemon/recorder/version-memory.ts';
import type { ObservedState } from '../../daemon/record/observation.ts';
import { fileCommitment, stateKey } from '../../daemon/redaction/keys.ts';
import { openLogHarness, testKeys, type LogHarness } from '../support/log-harness.ts';
import { generateState } from '../support/state-generator.ts';

const context = { source: 'directory', nameCandidates: ['memory'], isInitial: true, isFinalAttempt: true };

describe('version memory', () => {
  const observed = (stateId: string, bytes: Uint8Array, serial: string): ObservedState => ({
    form: 'clear',
    toolVersion: '1.11.4',
    serial,
    lineage: 'l',
    contentTag: `tag ${serial}`,
    kid: testKeys.epoch.kid,
    commitment: fileCommitment(stateKey(testKeys.epoch.key, stateId), bytes),
    instances: [],
    outputs: [],
  });
  const version = (serial: number): Buffer => Buffer.from(`version ${serial}`);

  it('recalls the newest four versions of a state by their exact bytes, and no content', () => {
    const memory = createVersionMemory(testKeys);
    for (const serial of [1, 2, 3, 4, 5])
      memory.keep('a', version(serial), observed('a', version(serial), `${serial}`));
    const { form, lineage, serial, contentTag, kid, commitment } = observed('a', version(5), '5');
    expect(memory.recall('a', version(5))).to.deep.equal({ form, lineage, serial, contentTag, kid, commitment });
    expect(memory.recall('a', version(2))?.serial).to.equal('2');
    expect(memory.recall('a', version(1))).to.equal(undefined);
    expect(memory.recall('a', Buffer.from('version 6'))).to.equal(undefined);
    expect(memory.recall('a', Buffer.from('version 5 '))).to.equal(undefined);
  });

  it('keeps states apart, and epochs of keys', () => {
    const memory = createVersionMemory(testKeys);
    memory.keep('a', version(1), observed('a', version(1), '1'));
    memory.keep('b', version(1), { ...observed('b', version(1), '1'), kid: 'e0' });
    expect(memory.recall('b', version(1))).to.equal(undefined);
    expect(memory.recall('c', version(1))).to.equal(undefined);
    memory.clear();
    expect(memory.recall('a', version(1))).to.equal(undefined);
  });

  it('forgets the oldest of very many states', () => {
    const memory = createVersionMemory(testKeys);
    for (let id = 0; id <= 1024; id += 1) memory.keep(`s${id}`, version(1), observed(`s${id}`, version(1), '1'));
    expect(memory.recall('s0', version(1))).to.equal(undefined);
    expect(memory.recall('s1', version(1))?.serial).to.equal('1');
  });
});

describe('a backup that is the version before', () => {
  let log: LogHarness;
  const bytesOf = (serial: number): Uint8Array =>
    generateState({ seed: 3, instances: 6, serial, lineage: 'l', changedFraction: serial % 2 === 0 ? 1 : 0 });

  beforeEach(() => (log = openLogHarness()));
  afterEach(() => log.close());

  const apply = (serial: number, backup: Uint8Array | undefined): void => {
    log.clock.ms += 60_000;
    const run = backup === undefined ? undefined : serial;
    const sighting = toSighting(bytesOf(serial), { nowMs: log.clock.ms, run, backup });
    expect(log.methods.observe(sighting, context).verdict).to.equal('recorded');
  };
  const changes = () =>
    log.read(({ entries, queries }) =>
      Array.from({ length: entries.size() }, (_, leafIndex) => queries.readRecord(leafIndex))
        .filter((stored) => stored?.record.type === 'state.changed')
        .map((stored) => stored?.record.data)
        .map((data) => ({ continuity: data?.['continuity'], kind: data?.['kind'], recovered: data?.['recovered'] })),
    );

  for (const isReopened of [false, true]) {
    it(`links the change, ${isReopened ? 'parsed again after a restart' : 'remembered'}`, () => {
      apply(1, undefined);
      if (isReopened) log.reopen();
      apply(2, bytesOf(1));
      if (isReopened) log.reopen();
      apply(3, bytesOf(2));
      expect(changes()).to.deep.equal(
        Array(2).fill({ continuity: 'linked-by-backup', kind: 'apply', recovered: undefined }),
      );
    });
  }

  it('is not taken for the version before when it is an older one', () => {
    apply(1, undefined);
    apply(2, bytesOf(1));
    apply(3, bytesOf(1));
    expect(changes().map(({ continuity }) => continuity)).to.deep.equal(['linked-by-backup', 'monotonic-only']);
  });

  it('still recovers a run that was missed', () => {
    apply(1, undefined);
    apply(2, bytesOf(1));
    apply(4, bytesOf(3));
    expect(changes().map(({ recovered }) => recovered)).to.deep.equal([undefined, 'backup', undefined]);
  });
});

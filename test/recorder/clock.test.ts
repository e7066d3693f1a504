// A clock that is set back, and a place that holds no state any more: neither delays nor repeats what is recorded.
import { expect } from 'chai';
import { parseRecord } from '../../daemon/record/record.ts';
import type { StateSighting } from '../../daemon/sources/source.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';

const HOUR_MS = 3_600_000;
const context = { source: 'directory', nameCandidates: ['a'], isInitial: true, isFinalAttempt: true };

describe('recorder: the clock, and what stays away', () => {
  let log: LogHarness;
  beforeEach(() => (log = openLogHarness()));
  afterEach(() => log.close());

  const sight = (condition: StateSighting['condition'], sourceVersion: string, text = ''): StateSighting => ({
    reference: { uri: 'dir:infra/a/terraform.tfstate', workspace: 'default' },
    condition,
    sourceVersion,
    bytes: Buffer.from(text),
    effectiveTime: condition === 'absent' ? '' : new Date(log.clock.ms).toISOString(),
    timeBasis: 'mtime',
    problem: undefined,
    lock: undefined,
    lockHoldsSince: 0,
    lastLock: undefined,
    recentLocks: [],
    backup: undefined,
    numberedBackupSeconds: 0,
  });
  const version = (serial: number): StateSighting => {
    const outputs = { ip: { value: serial, type: 'number' } };
    const state = { version: 4, terraform_version: '1.11.4', serial, lineage: 'l', outputs, resources: [] };
    return sight('state', `${serial}`, `${JSON.stringify(state)}\n`);
  };
  const types = (): string[] =>
    log.read(({ entries }) => [...entries.range(0, entries.size())].map(({ line }) => parseRecord(line).type));
  const wait = (seconds: number): void => {
    for (let count = 0; count < seconds; count += 1) {
      log.clock.ms += 1_000;
      log.methods.tick();
    }
  };

  it('closes a change ten quiet seconds after the clock was set back', () => {
    log.methods.observe(version(1), context);
    log.methods.observe(version(2), context);
    log.clock.ms -= HOUR_MS;
    wait(9);
    expect(types()).to.not.include('state.changed');
    wait(3);
    expect(types()).to.deep.equal(['state.baselined', 'output.changed', 'state.changed', 'change.judged']);
  });

  it('retires a state that went before the clock was set back', () => {
    log.methods.observe(version(1), context);
    log.methods.observe(sight('absent', ''), context);
    log.clock.ms -= HOUR_MS;
    wait(12);
    expect(types()).to.deep.equal(['state.baselined', 'state.retired']);
  });

  it('retires once, whatever cannot be read stands there later', () => {
    log.methods.observe(version(1), context);
    log.methods.observe(sight('absent', ''), context);
    wait(12);
    for (const isFinalAttempt of [false, false, true, true]) {
      log.methods.observe(sight('state', 'x', '{"version":4,}'), { ...context, isFinalAttempt });
      wait(12);
    }
    expect(types()).to.deep.equal(['state.baselined', 'state.retired', 'state.unreadable']);
    log.methods.observe(version(1), context);
    wait(12);
    expect(types().length).to.equal(3);
  });
});

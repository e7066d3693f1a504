// A state that stays as it is for years: its newest snapshot is always younger than half of the content's retention.
import { join } from 'node:path';
import { expect } from 'chai';
import { parseRecord } from '../../daemon/record/record.ts';
import { openRecorderMethods, type RecorderMethods } from '../../daemon/recorder/methods.ts';
import { readBlobLines } from '../../daemon/recorder/snapshot-blob.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import { openLogHarness, testInput, testKeys, testSigner, type LogHarness } from '../support/log-harness.ts';
import { formatWorldState, type WorldState } from '../support/world-state.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const initial = { source: 'directory', nameCandidates: ['one'], isInitial: true, isFinalAttempt: true };

describe('recorder/renewals', () => {
  let log: LogHarness;
  let methods: RecorderMethods;
  beforeEach(() => (log = openLogHarness()));
  afterEach(() => {
    methods.close();
    log.close();
  });

  const open = (contentDays: number): void => {
    const { settings, policy } = testInput(join(log.dataDir, 'log.sqlite'));
    const secrets = { keys: testKeys, policy: createPolicy(policy), signer: testSigner };
    const clock = { now: () => log.clock.ms, boot: { id: 'boot', ms: () => 0 } };
    methods = openRecorderMethods({ ...settings, contentDays }, secrets, clock);
  };
  const observe = (uri: string, serial: bigint, size = 1): void => {
    const attributes = { id: 'i-1', size, secret: 'a-hidden-value' };
    const instances: WorldState['instances'] = new Map([['a', { attributes, tainted: false, marks: ['secret'] }]]);
    const outputs = new Map([['ip', { value: 7, sensitive: false }]]);
    const bytes = Buffer.from(formatWorldState({ lineage: uri, serial, tool: '1.11.4', instances, outputs }));
    const [effectiveTime, sourceVersion] = [new Date(log.clock.ms).toISOString(), `${serial}-${bytes.length}`];
    methods.observe(
      {
        ...{ reference: { uri, workspace: 'default' }, condition: 'state', sourceVersion, bytes, effectiveTime },
        ...{ timeBasis: 'mtime', problem: undefined, lock: undefined, lockHoldsSince: 0, lastLock: undefined },
        ...{ recentLocks: [], backup: undefined, numberedBackupSeconds: 0 },
      },
      initial,
    );
  };
  const baselines = () =>
    log.read(({ entries, batches }) =>
      [...entries.range(0, entries.size())]
        .map(({ line }) => parseRecord(line))
        .filter(({ type }) => type === 'state.baselined')
        .map(({ time, data }) => {
          const snapshot = data['snapshot'] as { sha256: string };
          return { time, data, lines: readBlobLines(batches.blob(snapshot.sha256) ?? Buffer.of()) };
        }),
    );
  const pass = (days: number): void => {
    for (const endMs = log.clock.ms + days * DAY_MS; log.clock.ms < endMs;) {
      log.clock.ms += HOUR_MS / 2;
      methods.tick();
    }
  };

  it('renews before half of the retention is over, with the same content, one state after the other', () => {
    open(10);
    for (const uri of ['dir:infra/one', 'dir:infra/two']) observe(uri, 1n);
    pass(4.9);
    expect(baselines()).to.have.length(2);
    pass(0.2);
    const [first, , third, fourth] = baselines();
    expect(baselines()).to.have.length(4);
    expect([third?.data['reason'], fourth?.data['reason']]).to.deep.equal(['renewed', 'renewed']);
    expect(third?.lines).to.deep.equal(first?.lines);
    expect(third?.data['version']).to.deep.equal(first?.data['version']);
    pass(5.2);
    expect(baselines()).to.have.length(6);
  });

  it('holds what the state is by now, and waits for a change that is going on', () => {
    open(10);
    observe('dir:infra/one', 1n);
    pass(4.99);
    observe('dir:infra/one', 2n, 5);
    log.clock.ms += 5_000;
    methods.tick();
    expect(baselines()).to.have.length(1);
    pass(1);
    const renewed = baselines()[1];
    expect(renewed?.lines[0]).to.contain('"size":5');
    expect(renewed?.data['version']).to.include({ serial: '2' });
    expect(JSON.stringify(renewed)).not.to.contain('a-hidden-value');
  });

  it('renews nothing where nothing expires', () => {
    open(0);
    observe('dir:infra/one', 1n);
    pass(40);
    expect(baselines()).to.have.length(1);
  });
});

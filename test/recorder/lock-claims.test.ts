// From what a source saw of a lock and its holder to claims: nothing lost between two looks, no secret on the way.
import { expect } from 'chai';
import { formatHold } from '../../daemon/commands/render-holds.ts';
import { formatWho } from '../../daemon/commands/render-who.ts';
import { toHeldLock } from '../../daemon/recorder/held-lock.ts';
import { HoldTracker, lockOfVersion } from '../../daemon/recorder/hold-tracker.ts';
import { hideInLocks } from '../../daemon/recorder/known-secrets.ts';
import { joinLockFacts, toLockFacts } from '../../daemon/recorder/open-change.ts';
import { LockHistory } from '../../daemon/sources/lock-history.ts';
import type { ProcessFacts } from '../../daemon/sources/process/process-facts.ts';
import type { LockSighting, StateSighting } from '../../daemon/sources/source.ts';
import { createPalette } from '../../daemon/terminal.ts';

const CREATED = '2026-06-23T14:02:11.000Z';
const process: ProcessFacts = {
  pid: 40,
  startTicks: '300',
  startedAt: CREATED,
  uid: 0,
  effectiveUid: 0,
  user: 'root',
  loginUid: 1001,
  loginUser: 'ana',
  program: { name: 'terraform', known: 'observed' },
  unit: 'session-3.scope',
  parents: [{ uid: 1001, startedAt: CREATED, program: { name: 'sudo', known: 'claimed' } }],
  command: {
    tool: 'terraform',
    subcommand: 'apply',
    flags: ['-auto-approve'],
    variables: ['pw'],
    planFile: 'prod.tfplan',
    chdir: '',
  },
};
const lock: LockSighting = {
  holder: 'held',
  pid: 40,
  createdMs: Date.parse(CREATED),
  info: {
    id: 'a',
    operation: 'OperationTypeApply',
    info: '',
    who: 'ben@laptop',
    version: '1.11.4',
    created: CREATED,
    path: 'terraform.tfstate',
  },
  ownerUid: 0,
  ownerUser: 'root',
};
const sighting: StateSighting = {
  reference: { uri: 'dir:infra/terraform.tfstate', workspace: 'default' },
  condition: 'state',
  sourceVersion: '1',
  bytes: new Uint8Array(),
  effectiveTime: '2026-06-23T14:02:12.000Z',
  timeBasis: 'mtime',
  problem: undefined,
  lock: undefined,
  lockHoldsSince: 0,
  lastLock: undefined,
  recentLocks: [],
  backup: undefined,
  numberedBackupSeconds: 0,
};
const nobody = (): boolean => false;

describe('claims of a lock', () => {
  it('stand side by side, each with how it is known', () => {
    const { claims } = toLockFacts({ ...lock, process });
    expect(claims.map(({ field, value, known, by }) => `${field} ${value} ${known} ${by}`)).to.deep.equal([
      'actor uid:0 observed kernel',
      'actor user:root observed passwd',
      'login uid:1001 observed kernel',
      'login user:ana observed passwd',
      'process pid:40/300 observed kernel',
      `started ${CREATED} observed kernel`,
      'program terraform observed kernel',
      'unit session-3.scope observed kernel',
      'command terraform apply -auto-approve -var pw prod.tfplan claimed process',
      'plan-file prod.tfplan claimed process',
      `parent-1 uid:1001 since ${CREATED} observed kernel`,
      'parent-1-program sudo claimed process',
      'owner uid:0 observed lock-file',
      'owner user:root observed passwd',
      'actor user:ben claimed lock-info',
      'host host:laptop claimed lock-info',
    ]);
  });

  it('repeat no known secret, in no part of the process', () => {
    const secrets = ['prod.tfplan', 'session-3.scope', 'sudo', 'pw'];
    const covers = (text: string): boolean => secrets.includes(text);
    const hidden = hideInLocks(
      { ...sighting, lock: { ...lock, process }, recentLocks: [{ ...lock, process }] },
      covers,
    );
    const texts = JSON.stringify([hidden, toLockFacts(hidden.lock)]);
    for (const secret of secrets) expect(texts).to.not.include(`"${secret}"`);
    expect(texts).to.not.include('prod.tfplan');
  });

  it('keep the holder that a later look at the same lock no longer finds', () => {
    const history = new LockHistory();
    history.noteRead({ ...lock, process: { ...process, command: 'unread' } });
    history.noteRead({ ...lock, process });
    history.noteRead({ ...lock, holder: 'stale', pid: 0 });
    history.noteRead({ ...lock, process: { ...process, pid: 41, uid: 666 } });
    expect(history.take(true, true).read.map((read) => [read.process, read.ownerUid])).to.deep.equal([[process, 0]]);
  });

  it('are not those of another lock', () => {
    const history = new LockHistory();
    history.noteRead({ ...lock, process });
    history.noteRead({ ...lock, info: lock.info && { ...lock.info, id: 'b' } });
    expect(history.take(true, true).read.map((read) => read.process?.pid)).to.deep.equal([40, undefined]);
    const unread = { ...lock, info: undefined };
    history.noteRead({ ...unread, process });
    history.noteRead({ ...unread, createdMs: lock.createdMs + 1 });
    expect(history.take(true, true).last?.createdMs).to.equal(lock.createdMs);
  });

  it('last from the look that saw the holder to the one that sees the version', () => {
    for (const seen of [lock, { ...lock, info: undefined }]) {
      const tracker = new HoldTracker();
      tracker.merge({ ...sighting, lock: { ...seen, process }, effectiveTime: CREATED });
      const stale = tracker.merge({ ...sighting, lock: { ...seen, holder: 'stale', pid: 0 } });
      expect(stale.lock?.process?.pid).to.equal(40);
      expect(lockOfVersion(tracker.merge(sighting))?.process?.pid).to.equal(40);
      tracker.settle(sighting.reference.uri);
      expect(lockOfVersion(tracker.merge(sighting))).to.equal(undefined);
    }
  });

  it('of an open change grow with what is learned of the same lock, and of no other', () => {
    const kept = toLockFacts(lock);
    const more = toLockFacts({ ...lock, process });
    expect(joinLockFacts(kept, more)).to.deep.equal(more);
    expect(joinLockFacts(more, kept)).to.deep.equal(more);
    expect(joinLockFacts(kept, { ...more, id: 'b' })).to.deep.equal(kept);
    expect(joinLockFacts(undefined, more)).to.deep.equal(more);
  });
});

describe('who, on a screen', () => {
  const plain = createPalette(false);
  it('begins with who is known best, and ends with what differs', () => {
    const lines = formatWho(toLockFacts({ ...lock, process }).claims, plain);
    expect(lines[0]).to.equal('ana as root (observed)');
    expect(lines.find((line) => line.startsWith('parent-1'))).to.match(/sudo \(claimed\), uid:1001 since/);
    expect(lines.at(-1)).to.equal('differs: the lock file names user:ben, the system user:root, user:ana');
  });

  it('of a lock that stands: since when, by whom, and that its holder is gone', () => {
    const now = Date.parse(CREATED) + 60_000;
    const held = toHeldLock({ ...lock, process }, 'network', 'dir:infra/x', nobody);
    expect(formatHold(held, now, plain)).to.equal(
      'network   OperationTypeApply   since 2026-06-23 14:02:11Z (60 s)   ana as root (observed)',
    );
    const stale = toHeldLock(
      { ...lock, info: undefined, ownerUid: 7, holder: 'stale', createdMs: 9e17 },
      '',
      'dir:x',
      nobody,
    );
    expect(formatHold(stale, now, plain)).to.match(
      /^dir:x {3}a lock whose file may not be read .* its holder is gone$/,
    );
  });
});

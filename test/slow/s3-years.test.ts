// What is locked for years, on a real store: how much of it an idle day makes, and the change of mode that nobody can
// take back.
import { expect } from 'chai';
import { S3Keeper } from '../../daemon/archive/s3-keeper.ts';
import { extendLocks } from '../../daemon/keeper/extend.ts';
import { openCephStore, type CephStore } from '../support/ceph-store.ts';
import { plainRecord, testVerifier } from '../support/log-harness.ts';
import { openS3Scene } from '../support/s3-scene.ts';

const DAY_MS = 86_400_000;

describe('s3 locks over the years on Ceph', function () {
  this.timeout(300_000);
  let store: CephStore | undefined;

  before(async function () {
    store = await openCephStore(this);
  });
  after(() => store?.close());

  it('locks at most 72 objects in 24 hours of heartbeats and receipts', async () => {
    if (store === undefined) throw new Error('expected a store, got none');
    const scene = await openS3Scene(store, 'idle');
    try {
      // The day ends now: no record is younger than the store's clock.
      scene.log.clock.ms = Date.now() - DAY_MS;
      const sealer = scene.openSealer();
      scene.record(1);
      await sealer.seal();
      const count = (): number => scene.prevs().flatMap((prev) => scene.objectsOf(prev)).length;
      const before = count();
      for (let minute = 1; minute <= 24 * 60; minute += 1) {
        scene.log.clock.ms += 60_000;
        if (minute % 5 === 0) sealer.notice(scene.log.methods.append([plainRecord(minute, 'log.heartbeat')]));
        await sealer.tick();
      }
      const verdict = await scene.verify();
      const stored = verdict.report.objects?.versionCount ?? 0;
      console.log(`    objects locked in 24 idle hours: ${count() - before}`);
      expect(count() - before).to.be.within(3, 72);
      expect(stored, 'what the store holds').to.equal(count());
      expect([verdict.exit, verdict.integrity, verdict.tier]).to.deep.equal([0, 'pass', 'locked']);
    } finally {
      await scene.close();
    }
  });

  it('changes GOVERNANCE to COMPLIANCE for an owner who may bypass, and for good', async () => {
    if (store === undefined) throw new Error('expected a store, got none');
    const prefix = 'hardened';
    const scene = await openS3Scene(store, prefix);
    const archive = await store.open(prefix);
    const keeper = new S3Keeper(store.options(prefix));
    try {
      scene.record(1);
      await scene.seal();
      const options = { classes: ['structure', 'content'], hold: undefined, isDryRun: false } as const;
      const until = new Date(Math.ceil(Date.now() / 1000) * 1000 + 40 * DAY_MS);
      const asked = { ...options, until, mode: 'COMPLIANCE', nowMs: Date.now() } as const;
      const report = await extendLocks(archive, keeper, [testVerifier], asked);
      expect(report).to.include({ objectCount: 4, extendedCount: 4, failedCount: 0, firstEnd: until.toISOString() });
      const verdict = await scene.verify();
      expect([verdict.exit, verdict.report.retention?.modes]).to.deep.equal([0, ['COMPLIANCE']]);
      const again = await extendLocks(archive, keeper, [testVerifier], { ...asked, mode: 'GOVERNANCE' });
      expect(again).to.include({ extendedCount: 0, unchangedCount: 4, failedCount: 0 });
      for (const name of scene.prevs().flatMap((prev) => scene.objectsOf(prev))) {
        const [version] = await scene.versions(name);
        const removal = scene.remove(name, version?.VersionId);
        expect(await removal.then(() => 'removed', nameOf), name).to.equal('AccessDenied');
      }
    } finally {
      await Promise.all([archive.close(), keeper.close()]);
      await scene.close();
    }
  });
});

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}

// A day on which nothing happens, on a real store: what an idle recorder locks for years is counted there.
import { expect } from 'chai';
import { openCephStore, type CephStore } from '../support/ceph-store.ts';
import { plainRecord } from '../support/log-harness.ts';
import { openS3Scene } from '../support/s3-scene.ts';

const DAY_MS = 86_400_000;

describe('s3 idle day on Ceph', function () {
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
});

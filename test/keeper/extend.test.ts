// Which lock `archive extend` asks for: never an earlier end, never a softer mode.
import { expect } from 'chai';
import type { ObjectLockState } from '../../daemon/archive/s3-keeper.ts';
import { toNewLock } from '../../daemon/keeper/extend.ts';

const lock = (mode: ObjectLockState['mode'], day: string): ObjectLockState => ({
  mode,
  retainUntil: mode === 'none' ? '' : `${day}T00:00:00.000Z`,
});
const until = (day: string): Date => new Date(`${day}T00:00:00Z`);

describe('a new lock', () => {
  it('ends later and keeps its mode', () => {
    for (const mode of ['GOVERNANCE', 'COMPLIANCE'] as const) {
      const asked = toNewLock(lock(mode, '2026-03-01'), { until: until('2026-04-01'), mode: undefined });
      expect(asked).to.deep.equal({ mode, until: until('2026-04-01'), changesMode: false });
    }
  });

  it('is not asked for where the present one ends as late, or later', () => {
    for (const day of ['2026-03-01', '2026-02-28', '1970-01-01']) {
      expect(toNewLock(lock('GOVERNANCE', '2026-03-01'), { until: until(day), mode: undefined })).to.equal(undefined);
    }
    expect(toNewLock(lock('GOVERNANCE', '2026-03-01'), { until: undefined, mode: undefined })).to.equal(undefined);
  });

  it('changes GOVERNANCE to COMPLIANCE only when told so, and then keeps the later end', () => {
    const asked = toNewLock(lock('GOVERNANCE', '2026-03-01'), { until: until('2026-02-01'), mode: 'COMPLIANCE' });
    expect(asked).to.deep.equal({ mode: 'COMPLIANCE', until: until('2026-03-01'), changesMode: true });
    expect(toNewLock(lock('COMPLIANCE', '2026-03-01'), { until: until('2026-02-01'), mode: 'COMPLIANCE' })).to.equal(
      undefined,
    );
  });

  it('is GOVERNANCE where there was none, unless told otherwise', () => {
    const none = lock('none', '');
    expect(toNewLock(none, { until: until('2026-04-01'), mode: undefined })).to.include({
      mode: 'GOVERNANCE',
      changesMode: false,
    });
    expect(toNewLock(none, { until: until('2026-04-01'), mode: 'COMPLIANCE' })).to.include({
      mode: 'COMPLIANCE',
      changesMode: false,
    });
  });
});

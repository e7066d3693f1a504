import { expect } from 'chai';
import { createPlans } from '../../daemon/store/plans.ts';
import { openDatabase } from '../../daemon/store/database.ts';

describe('store/plans', () => {
  const plan = (id: string, owner: string) => ({
    ...{ id, owner, tag: id, kind: 'plan' as const, stateId: '', lineage: 'l', serial: '1', workspace: '' },
  });

  it('forgets the plans of the account that has most of them, and none of another', () => {
    const database = openDatabase(':memory:');
    const plans = createPlans(database);
    database.transaction(() => {
      plans.add(plan('theirs', 'uid:1'), [{ role: 'planned', address: 'a.b', deposed: '', body: '{}' }], 0);
      plans.addSighting('dir:x/theirs/tfplan', 'theirs', 0, 'uid:1');
      for (let count = 1; count <= 10_010; count += 1) plans.add(plan(`flood-${count}`, 'uid:2'), [], count);
    })();
    expect(plans.get('theirs')?.id).to.equal('theirs');
    expect(plans.hasItems('theirs')).to.equal(true);
    expect(plans.get('flood-1')).to.equal(undefined);
    expect(plans.get('flood-10010')?.id).to.equal('flood-10010');
    expect(plans.standing('l', '1', 5).map(({ id }) => id)).to.deep.equal(['theirs']);
    database.close();
  });
});

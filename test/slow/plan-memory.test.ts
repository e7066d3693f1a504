// The memory that a large plan takes, as the bench measures it: here it is held to its target.
import { expect } from 'chai';
import { measurePlan } from '../../bench/plan.ts';
import { findProgram, requireComponent } from '../support/components.ts';

describe('a plan of 100 MB', function () {
  it('decodes within six times its size, measured beside terraform show -json', async function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'put Terraform 1.11 on PATH');
    const rows = await measurePlan({ sizeBytes: 100e6, runs: 1 });
    for (const { name, value, unit, ratio, against } of rows) {
      console.log(`      ${name}: ${value} ${unit}, ${ratio} x ${against}`);
    }
    const memory = rows.filter(({ target }) => target !== 'none');
    expect(memory.map(({ target, met }) => `${target}: ${met}`)).to.deep.equal(['at most 6 x: true']);
    expect(rows.map(({ against }) => against)).to.include('terraform show -json');
  });
});

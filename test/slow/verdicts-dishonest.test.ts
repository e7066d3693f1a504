// docs/VERDICTS.md, rows 31 to 42: what was not applied as planned is never said to be so.
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';
import { terraformPath } from '../support/terraform.ts';
import { dishonestCases } from '../support/verdict-cases-dishonest.ts';
import { createVerdicts, isAsPromised } from '../support/verdict-run.ts';

describe('verdicts of what a real terraform or a hand did without its plan', () => {
  const verdicts = createVerdicts(dishonestCases);

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
    requireComponent(this, 'perl', findProgram('perl') !== undefined, 'apt-get install -y perl-base');
    verdicts.start();
  });
  verdicts.declare();

  it('in all: each is judged, none as planned or in part', async () => {
    const all = await verdicts.all();
    const caught = [...all].filter(([, told]) => told.every((verdict) => !isAsPromised([verdict])));
    console.log(`      ${caught.length} of ${dishonestCases.length} dishonest scenarios caught`);
    expect(caught.map(([row]) => row)).to.deep.equal(dishonestCases.map(({ row }) => row));
    expect([...all.values()].flat()).to.not.include('not judged');
  });
});

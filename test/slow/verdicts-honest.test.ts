// docs/VERDICTS.md, rows 1 to 30: what was applied as it was planned is said to be so.
import { expect } from 'chai';
import { requireComponent } from '../support/components.ts';
import { terraformPath } from '../support/terraform.ts';
import { actionCases } from '../support/verdict-cases-actions.ts';
import { valueCases } from '../support/verdict-cases-values.ts';
import { createVerdicts, isAsPromised } from '../support/verdict-run.ts';

const CASES = [...actionCases, ...valueCases];

const WRONG: readonly string[] = ['beyond-plan', 'diverged', 'not judged'];

describe('verdicts of honest runs of a real terraform', () => {
  const verdicts = createVerdicts(CASES);

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
    verdicts.start();
  });
  verdicts.declare();

  it('in all: at least nine in ten as planned or in part, none beyond its plan or diverged', async () => {
    const all = await verdicts.all();
    const kept = [...all.values()].filter(isAsPromised).length;
    console.log(`      ${kept} of ${CASES.length} honest scenarios as planned or partly applied`);
    const wrong = [...all].filter(([, told]) => told.some((verdict) => WRONG.includes(verdict)));
    expect(wrong.map(([row, told]) => `${row}: ${told.join(', ')}`).join('\n')).to.equal('');
    expect(kept / CASES.length).to.be.at.least(0.9);
  });
});

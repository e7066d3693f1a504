// Plans that real Terraform makes, decoded without it: structure, masks and every value as `terraform show -json` says.
// Redacted: what shows is equal, what Terraform masks is hidden, and what is hidden is committed to as what it is.
import { expect } from 'chai';
import { openPlanArchive } from '../../daemon/sources/plan-archive.ts';
import { toJsonPlan } from '../../daemon/terraform/plan/json-plan-shape.ts';
import { parseSavedPlan } from '../../daemon/terraform/plan/saved-plan.ts';
import { requireComponent } from '../support/components.ts';
import { actionCases, type PlanCase } from '../support/plan-cases.ts';
import { comparable, variablesOf } from '../support/plan-comparison.ts';
import { expectRedacted, showJson } from '../support/plan-redaction.ts';
import { linesOf, makePlan, type MadePlan } from '../support/plan-run.ts';
import { valueCases } from '../support/plan-value-cases.ts';
import { terraformPath } from '../support/terraform.ts';

const CASES = [...actionCases, ...valueCases];
const LANES = 2;

describe(`${CASES.length} plans of real Terraform`, function () {
  const made = new Map<PlanCase, Promise<MadePlan>>();

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
    for (let lane = 0; lane < LANES; lane += 1) makeEvery(lane);
  });

  /** Every LANES-th case, one after the other; a failure is the case's own. */
  function makeEvery(lane: number): void {
    let last: Promise<unknown> = Promise.resolve();
    for (const given of CASES.filter((_, index) => index % LANES === lane)) {
      const plan = last.then(() => makePlan(given));
      last = plan.catch(() => undefined);
      made.set(given, plan);
    }
  }

  for (const given of CASES) {
    it(given.name, async () => {
      const plan = (await made.get(given)) ?? expect.fail('not made');
      expect(linesOf(plan.shown)).to.include.members(given.shows);
      await expectDecoded(plan);
      await expectRedacted(plan);
      expect(comparable(await showJson(plan.printed))).to.deep.equal(comparable(await showJson(plan.saved)));
    });
  }
});

async function expectDecoded({ saved, shown }: MadePlan): Promise<void> {
  const decoded = toJsonPlan(parseSavedPlan(await openPlanArchive(saved), 'plain'));
  expect(comparable(decoded)).to.deep.equal(comparable(shown));
  const variables = variablesOf(shown);
  for (const [name, value] of Object.entries(variablesOf(decoded))) {
    expect(variables[name], name).to.deep.equal(value);
  }
}

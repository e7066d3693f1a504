// Saved plans of real runs, decoded without Terraform, against what `terraform show -json` said of them.
import { expect } from 'chai';
import { parseJson } from '../../../daemon/json/parse.ts';
import { isJsonObject, type JsonObject } from '../../../daemon/json/value.ts';
import { openPlanArchive } from '../../../daemon/sources/plan-archive.ts';
import { toJsonPlan } from '../../../daemon/terraform/plan/json-plan-shape.ts';
import type { TerraformPlan } from '../../../daemon/terraform/plan/plan.ts';
import { parseSavedPlan } from '../../../daemon/terraform/plan/saved-plan.ts';
import { comparable, variablesOf } from '../../support/plan-comparison.ts';
import { readFixture } from '../fixtures.ts';

async function open(name: string, form: 'plain' | 'wrapped' = 'plain'): Promise<TerraformPlan> {
  return parseSavedPlan(await openPlanArchive(readFixture(`plans/${name}.tfplan`)), form);
}

function shown(name: string): JsonObject {
  const json = parseJson(readFixture(`plans/${name}.show.json`));
  if (!isJsonObject(json)) throw new Error('expected an object');
  return json;
}

describe('saved plans', () => {
  for (const name of ['aws-create', 'rich-replace']) {
    it(`says of ${name} what terraform show -json says`, async () => {
      const decoded = toJsonPlan(await open(name));
      expect(comparable(decoded)).to.deep.equal(comparable(shown(name)));
      const variables = variablesOf(shown(name));
      for (const [variable, value] of Object.entries(variablesOf(decoded))) {
        expect(variables[variable], variable).to.deep.equal(value);
      }
    });
  }

  it('tells which state a plan is for, which tool made it, and in which mode', async () => {
    const rich = await open('rich-replace');
    expect(rich.prior).to.deep.equal({ lineage: 'cfccde5f-69df-cce9-7707-efd09230043a', serial: '19' });
    expect(rich).to.include({ tool: 'terraform', toolVersion: '1.11.4', mode: 'normal', isApplyable: true });
    expect((await open('create-from-empty')).prior).to.deep.equal({ lineage: '', serial: '0' });
    expect((await open('aws-create')).providers).to.deep.equal([
      { source: 'registry.terraform.io/hashicorp/aws', version: '5.100.0' },
    ]);
  });

  it('reads an errored plan, and what a refresh-only plan found', async () => {
    const errored = await open('errored');
    expect(errored).to.include({ isErrored: true, isApplyable: false });
    expect([...errored.changes].map(({ address, actions }) => [address, ...actions])).to.deep.include([
      'fake_thing.a',
      'update',
    ]);
    const drift = await open('refresh-only-drift');
    expect(drift.mode).to.equal('refresh-only');
    expect([[...drift.changes].length, [...drift.drift].length]).to.deep.equal([0, 1]);
  });

  it('keeps a dynamically typed value in the shape that a state keeps it in, when asked', async () => {
    const find = async (form: 'plain' | 'wrapped') =>
      [...(await open('rich-replace', form)).changes].find(({ type }) => type === 'terraform_data');
    expect((await find('plain'))?.before).to.have.nested.property('input.n', '2');
    expect((await find('wrapped'))?.before).to.have.nested.property('input.value.n', '2');
    expect((await find('wrapped'))?.before).to.have.nested.property('input.type[0]', 'object');
  });

  it('gives the same when its tables are read twice', async () => {
    const plan = await open('rich-replace');
    expect([...plan.changes]).to.deep.equal([...plan.changes]);
  });
});

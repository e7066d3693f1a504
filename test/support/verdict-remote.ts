// Row 29 of docs/VERDICTS.md: the state lies with the recorder's own http backend, and the plan comes with a run.
import { join } from 'node:path';
import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import { openBackendScene, type BackendScene, type SceneRecord } from './backend-scene.ts';
import { runStateseal } from './stateseal-process.ts';
import type { Told, VerdictCase } from './verdict-scene.ts';

const STATE = 'network';
const ADDRESS = 'terraform_data.a';
const body = (input: string): string => `resource "terraform_data" "a" {\n  input = "${input}"\n}`;

/** Two plans, each applied, plan and apply each through `exec`. */
export const runRemote: VerdictCase['run'] = async () => {
  const scene = await openBackendScene({ states: [STATE] });
  try {
    const terraform = await scene.terraform('tf', STATE, body('one'));
    await terraform.init();
    for (const [index, input] of ['one', 'two'].entries()) {
      await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${body(input)}\n` });
      await exec(scene, 'plan', '-out=tfplan');
      await scene.until('plan.recorded', index + 1);
      await exec(scene, 'apply', 'tfplan');
      await scene.until('state.changed', index + 1);
      await untilLinked(scene, index + 1);
    }
    scene.verify();
    const told = scene.records('state.changed').map((change) => tell(scene, change));
    expect(told.map(({ net }) => net)).to.deep.equal([{ [ADDRESS]: ['create'] }, { [ADDRESS]: ['update'] }]);
    return told;
  } finally {
    await scene.close();
  }
};

async function exec(scene: BackendScene, ...words: readonly string[]): Promise<void> {
  const [verb = '', ...more] = words;
  const command = ['terraform', `-chdir=${join(scene.folder, 'tf')}`, verb, '-input=false', '-no-color', ...more];
  const spool = ['--spool', join(scene.dataDir, 'spool'), '--budget', '20s'];
  const done = await runStateseal(['exec', ...spool, '--', ...command], { env: scene.environment(STATE) });
  expect(done.code, done.stderr).to.equal(0);
}

/** Each change is linked to the one run that made it. */
async function untilLinked(scene: BackendScene, count: number): Promise<void> {
  const isMaker = ({ data }: SceneRecord): boolean => data['run'] !== undefined && data['content'] === undefined;
  for (let links = count; ; links += 1) {
    const found = await scene.until('change.linked', links);
    if (found.filter(isMaker).length >= count) return;
  }
}

function tell(scene: BackendScene, { id, data }: SceneRecord): Told {
  const actions = data['actions'] as readonly { readonly address: string; readonly actions: readonly string[] }[];
  const judged = scene.records('change.judged').filter((record) => record.data['change'] === id);
  return {
    net: Object.fromEntries(actions.map((action) => [action.address, action.actions])),
    judged: judged.at(-1)?.data as JsonObject | undefined,
    plans: scene.records('plan.recorded').map((plan) => plan.id),
  };
}

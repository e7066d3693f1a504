// Rows 31 to 42 of docs/VERDICTS.md: what was done without its plan, or otherwise than it says. Each is to be told from a
// run that did what was planned.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import { formatThing as thing } from './provider/configuration.ts';
import { scriptedBlock } from './provider/provider.ts';
import { openTerraform, type StateFile, type Terraform } from './terraform.ts';
import { expectCandidates } from './verdict-run.ts';
import { inScene, type Verdict, type VerdictCase, type VerdictScene } from './verdict-scene.ts';

const [A, B] = ['scripted_thing.a', 'scripted_thing.b'] as const;
const HOLDER = fileURLToPath(new URL('hold-lock.pl', import.meta.url));
const ENCRYPTED = fileURLToPath(new URL('../fixtures/terraform/opentofu-synthetic/encrypted.tfplan', import.meta.url));
const NO_PLAN = ['no-plan'] as const;
const UPDATE = { [A]: ['update'] } as const;
const two = (a: number, b = 1): string => thing('a', `name = "a"\nsize = ${a}`) + thing('b', `name = "b"\nsize = ${b}`);

export const dishonestCases: readonly VerdictCase[] = [
  one(31, 'no saved plan, beside one that is used up', NO_PLAN, async (scene) => {
    await scene.begin(two(1));
    await scene.planned(two(2), UPDATE);
    await scene.apply(two(3));
    return scene.changed(UPDATE);
  }),
  one(32, 'plan A kept, plan B applied unseen', ['no-plan', 'diverged'], async (scene) => {
    await scene.begin(two(1));
    await scene.plan(two(2));
    await scene.configure(two(3));
    const unseen = join(scene.folder, '..', 'b.tfplan');
    await scene.terraform.plan([`-out=${unseen}`]);
    await scene.applyPlan({ out: unseen });
    return scene.changed(UPDATE);
  }),
  {
    row: 33,
    name: 'planned, then the state is edited by hand: in its serial, then beyond it',
    allowed: [
      ['beyond-plan', 'diverged'],
      ['beyond-plan', 'diverged'],
    ],
    run: inScene(async (scene) => {
      await scene.begin(two(1));
      await scene.plan(two(2));
      await scene.edit((state) => sizeOf(state, 'a', 7));
      const kept = await scene.changed(UPDATE);
      await scene.edit((state) => ({ ...sizeOf(state, 'b', 8), serial: state.serial + 1 }));
      return [kept, await scene.changed({ [B]: ['update'] })];
    }),
  },
  one(34, 'applied, then more under the same lock hold', ['beyond-plan'], async (scene) => {
    await scene.begin(two(1));
    await scene.plan(two(2));
    const release = await holdLock(scene.folder);
    await scene.terraform.applyJson(['-lock=false', 'tfplan']);
    await scene.configure(two(2, 5));
    await scene.terraform.applyJson(['-lock=false']);
    await release();
    const change = await scene.changed({ ...UPDATE, [B]: ['update'] });
    expect(change.summary.kindBasis).to.equal('lock');
    return change;
  }),
  one(35, 'planned an update, the state gets a delete', ['diverged'], async (scene) => {
    await scene.begin(two(1));
    await scene.plan(two(2));
    await scene.edit((state) => ({
      ...state,
      serial: state.serial + 1,
      resources: state.resources.filter(({ name }) => name !== 'a'),
    }));
    return scene.changed({ [A]: ['delete'] });
  }),
  one(36, 'another value than the planned one is written', ['diverged'], async (scene) => {
    await scene.begin(two(1));
    await scene.plan(two(2));
    await scene.edit((state) => ({ ...sizeOf(state, 'a', 3), serial: state.serial + 1 }));
    return scene.changed(UPDATE);
  }),
  one(37, 'a plan made after the fact is dropped in', NO_PLAN, async (scene) => {
    await scene.begin(two(1));
    const elsewhere = await copyElsewhere(scene);
    await scene.apply(two(2));
    const change = await scene.changed(UPDATE);
    await planElsewhere(elsewhere, two(2));
    await copyFile(join(elsewhere.dir, 'late'), join(scene.folder, 'tfplan'));
    await scene.untilPlan();
    return change;
  }),
  // Made before the apply and dropped in after it: what it says of its own time is as good as a forger could make it.
  one(38, 'a plan dropped in after the fact, its times before it', NO_PLAN, async (scene) => {
    await scene.begin(two(1));
    const elsewhere = await copyElsewhere(scene);
    await planElsewhere(elsewhere, two(2));
    const before = new Date();
    await scene.apply(two(2));
    const change = await scene.changed(UPDATE);
    await copyFile(join(elsewhere.dir, 'late'), join(elsewhere.dir, 'back'));
    await utimes(join(elsewhere.dir, 'back'), before, before);
    await cp(join(elsewhere.dir, 'back'), join(scene.folder, 'tfplan'), { preserveTimestamps: true });
    await scene.untilPlan();
    return change;
  }),
  {
    ...one(39, 'two plans that differ, one applied, no run to tell', ['undetermined'], async (scene) => {
      await scene.begin(two(1));
      await scene.plan(two(3), { out: 'other.tfplan' });
      return scene.planned(two(2), UPDATE);
    }),
    also: expectCandidates,
  },
  one(40, 'an encrypted plan', ['undetermined'], async (scene) => {
    await scene.begin(two(1));
    await copyFile(ENCRYPTED, join(scene.folder, 'tfplan'));
    const [unreadable] = await scene.daemon.untilRecords('plan.unreadable', 1);
    expect(unreadable?.record.data['code']).to.equal('plan-encrypted');
    await scene.apply(two(2));
    return scene.changed(UPDATE);
  }),
  {
    row: 41,
    name: 'state mv, state rm, taint',
    allowed: [NO_PLAN, NO_PLAN, NO_PLAN],
    run: inScene(async (scene) => {
      await scene.begin(two(1) + thing('c'));
      await scene.terraform.run(['state', 'mv', A, 'scripted_thing.d']);
      const moved = await scene.changed({ 'scripted_thing.d': ['move'] });
      await scene.terraform.run(['state', 'rm', B]);
      const removed = await scene.changed({ [B]: ['forget'] });
      await scene.terraform.run(['taint', 'scripted_thing.c']);
      return [moved, removed, await scene.changed({ 'scripted_thing.c': ['taint'] })];
    }),
  },
  one(42, 'state push of an older state', NO_PLAN, async (scene) => {
    await scene.begin(two(1));
    await copyFile(join(scene.folder, 'terraform.tfstate'), join(scene.folder, 'old.json'));
    await scene.planned(two(2), UPDATE);
    await scene.terraform.run(['state', 'push', '-force', 'old.json']);
    return scene.changed(UPDATE);
  }),
];

/** A row with one change. */
function one(
  row: number,
  name: string,
  allowed: readonly Verdict[],
  does: (scene: VerdictScene) => Promise<ChangeDetail>,
): VerdictCase {
  return { row, name, allowed: [allowed], run: inScene(async (scene) => [await does(scene)]) };
}

/** The state with another size of the thing of this name. */
function sizeOf(state: StateFile, name: string, size: number): StateFile {
  const resources = state.resources.map((resource) => {
    if (resource.name !== name) return resource;
    const instances = resource.instances.map(({ attributes, ...rest }) => ({
      ...rest,
      attributes: { ...attributes, size },
    }));
    return { ...resource, instances };
  });
  return { ...state, resources };
}

/** The directory as it is now, where nobody watches. */
async function copyElsewhere(scene: VerdictScene): Promise<Terraform> {
  const dir = join(scene.folder, '..', 'elsewhere');
  await mkdir(dir);
  await cp(scene.folder, dir, { recursive: true });
  return openTerraform(dir, { provider: scene.provider });
}

/** Plans from the state of then, which the world has left: as if nobody had looked since. */
async function planElsewhere(elsewhere: Terraform, body: string): Promise<void> {
  await elsewhere.write({ 'main.tf': `${scriptedBlock}\n${body}` });
  await elsewhere.plan(['-out=late', '-refresh=false']);
}

/** Takes the state's lock as Terraform does, until told. */
async function holdLock(folder: string): Promise<() => Promise<void>> {
  const id = '5f0e6f1c-7f0b-4a53-9c3e-0d9f4b1f2a60';
  const holder = spawn('perl', [HOLDER, folder, id, 'mona@build', '60000', '', 'lock info announce unlock']);
  const ended = once(holder, 'close');
  await once(holder.stdout, 'data');
  return async () => {
    holder.kill('SIGUSR1');
    expect(await ended).to.deep.equal([0, null]);
  };
}

// Rows 16 to 30 of docs/VERDICTS.md: values that a provider gives back otherwise, runs that end early, and what may lie
// beside a plan.
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import { netOf } from './change-facts.ts';
import { formatThing as thing } from './provider/configuration.ts';
import { textOf, unknownValue, type CtyObject } from './provider/cty-value.ts';
import { openTerraform, type Terraform } from './terraform.ts';
import { drift } from './verdict-cases-actions.ts';
import { runRemote } from './verdict-remote.ts';
import { expectCandidates, expectDrift, expectNormalised } from './verdict-run.ts';
import { inScene, type VerdictCase, type VerdictScene } from './verdict-scene.ts';

const [A, B, C] = ['scripted_thing.a', 'scripted_thing.b', 'scripted_thing.c'] as const;
const AS_PLANNED = ['as-planned'] as const;
const PARTLY = ['partly-applied'] as const;
const sized = (size: number, ...names: readonly string[]): string =>
  names.map((name) => thing(name, `name = "${name}"\nsize = ${size}`)).join('');

/** A provider of the old SDK, which stores something else than it planned: a create and an update. */
function legacy(
  row: number,
  name: string,
  bodies: readonly [string, string],
  adjust: (stored: CtyObject) => CtyObject,
  foresee?: (planned: CtyObject) => CtyObject,
): VerdictCase {
  const run = inScene(async (scene) => {
    Object.assign(scene.provider.switches, { legacyTypeSystem: true, adjust, foresee });
    const [first, second] = bodies;
    const created = await scene.planned(first, { [A]: ['create'] });
    return [created, await scene.planned(second, { [A]: ['update'] })];
  });
  return { row, name, allowed: [AS_PLANNED, AS_PLANNED], also: expectNormalised, run };
}

const policy = (...actions: readonly string[]): string =>
  `note = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = ${JSON.stringify(actions)} }] })`;

/** As a service gives a policy back: other order of members, other white space. */
function respaced(stored: CtyObject): CtyObject {
  const { Version, Statement } = JSON.parse(textOf(stored['note'])) as Record<string, unknown>;
  return { ...stored, note: JSON.stringify({ Version, Statement }, undefined, 2) };
}

/** Blocks with a part that only the service knows: it decides their order in a set, as Terraform writes it. */
const blocks = (...zones: readonly string[]): string =>
  `blob = toset([${zones.map((zone) => `{ id = tostring(null), zone = "${zone}" }`).join(', ')}])\nrules = ["x", "y"]`;
const setType = new TextEncoder().encode('["set",["object",{"id":"string","zone":"string"}]]');
const elementsOf = (value: CtyObject): CtyObject[] => (value['blob'] as [unknown, CtyObject[]])[1];
const withElements = (value: CtyObject, toId: (place: number) => CtyObject[string]): CtyObject => {
  const elements = elementsOf(value).map((element, place) => ({ ...element, id: toId(place) }));
  return { ...value, blob: [setType, elements] };
};

const failing = (kind: string, size: number): string =>
  sized(size, 'a', 'b') + thing('c', `name = "c"\nsize = ${size}\nfail_on = "${kind}"`);

/** Applies the plan in the background and ends it with the signal while `slow` is made. */
async function cutShort(scene: VerdictScene, signal: NodeJS.Signals, delayMs: number): Promise<ChangeDetail[]> {
  await scene.begin(sized(1, 'a'));
  const after = (name: string, other: string, more = ''): string =>
    thing(name, `name = "${name}"\ndepends_on = [scripted_thing.${other}]\n${more}`);
  await scene.plan(sized(2, 'a') + after('slow', 'a', `delay_ms = ${delayMs}`) + after('never', 'slow'));
  const run = scene.terraform.spawn(['apply', '-input=false', '-no-color', 'tfplan']);
  await scene.provider.started('create', 'slow');
  await run.kill(signal);
  const done = signal === 'SIGKILL' ? {} : { 'scripted_thing.slow': ['create'] };
  return [await scene.changed({ [A]: ['update'], ...done })];
}

const nested = (keys: readonly string[], size: number): string => `
module "outer" {
  source   = "./outer"
  for_each = toset(${JSON.stringify(keys)})
  size     = ${size}
}
`;
const modules = {
  'outer/main.tf': `variable "size" {}\nmodule "inner" {\n  source = "../inner"\n  count  = 2\n  size   = var.size\n}\n`,
  'inner/main.tf': `terraform {
  required_providers {
    scripted = { source = "example.com/test/scripted" }
  }
}
variable "size" {}
${thing('it', 'for_each = toset(["x/y", "~1"])\nname = each.key\nsize = var.size')}`,
};

function addressesIn(key: string): string[] {
  const inner = [0, 1].map((index) => `module.outer[${JSON.stringify(key)}].module.inner[${index}]`);
  return inner.flatMap((path) => ['x/y', '~1'].map((name) => `${path}.scripted_thing.it["${name}"]`));
}

const netOfAll = (addresses: readonly string[], action: string): Record<string, readonly string[]> =>
  Object.fromEntries(addresses.map((address) => [address, [action]]));

export const valueCases: readonly VerdictCase[] = [
  legacy(
    16,
    'a provider of the legacy type system sets a default that the plan had as null',
    [sized(1, 'a'), sized(2, 'a')],
    (stored) => ({ ...stored, note: 'standard' }),
  ),
  legacy(
    17,
    'JSON in another order and spacing',
    [thing('a', policy('a', 'b')), thing('a', policy('b', 'c'))],
    respaced,
  ),
  legacy(
    18,
    'a set in another order',
    [thing('a', blocks('east', 'west')), thing('a', blocks('east', 'north', 'west'))],
    (stored) => withElements({ ...stored, rules: ['y', 'x'] }, (place) => `id-${9 - place}`),
    (planned) => withElements(planned, () => unknownValue),
  ),
  legacy(19, 'null becomes ""', [sized(1, 'a'), sized(2, 'a')], (stored) => ({ ...stored, note: '' })),
  {
    row: 20,
    name: 'a sensitive value changes',
    allowed: [AS_PLANNED],
    run: inScene(async (scene) => {
      const secret = (text: string): string =>
        thing('a', `secret = "${text}"\nusers = { x = { password = "p-${text}" } }`);
      await scene.begin(secret('one'));
      return [await scene.planned(secret('two'), { [A]: ['update'] })];
    }),
  },
  {
    row: 21,
    name: 'one of three fails, in a create and in an update',
    allowed: [PARTLY, PARTLY],
    run: inScene(async (scene) => {
      const all = { [A]: ['create'], [B]: ['create'] };
      await scene.plan(failing('create', 1));
      await scene.applyPlan({ expectExit: 1 });
      // What failed while it was made is there, and tainted.
      const created = await scene.changed({ ...all, [C]: ['create'] });
      await scene.begin(failing('update', 1));
      await scene.plan(failing('update', 2));
      await scene.applyPlan({ expectExit: 1 });
      return [created, await scene.changed({ [A]: ['update'], [B]: ['update'] })];
    }),
  },
  {
    row: 22,
    name: 'interrupted',
    allowed: [PARTLY],
    run: inScene((scene) => cutShort(scene, 'SIGINT', 1_000)),
  },
  {
    row: 23,
    name: 'killed between two writes',
    allowed: [PARTLY],
    run: inScene((scene) => cutShort(scene, 'SIGKILL', 60_000)),
  },
  {
    row: 24,
    name: 'failed, planned again, applied',
    allowed: [PARTLY, AS_PLANNED],
    run: inScene(async (scene) => {
      await scene.begin(failing('update', 1));
      await scene.plan(failing('update', 2));
      await scene.applyPlan({ expectExit: 1 });
      const failed = await scene.changed({ [A]: ['update'], [B]: ['update'] });
      return [failed, await scene.planned(sized(2, 'a', 'b', 'c'), { [C]: ['update'] })];
    }),
  },
  {
    row: 25,
    name: 'drift beside the planned change, adopted with it',
    allowed: [AS_PLANNED],
    also: expectDrift,
    run: inScene(async (scene) => {
      const tolerant = thing('b', 'name = "b"\nlifecycle {\n  ignore_changes = [note]\n}');
      await scene.begin(sized(1, 'a') + tolerant);
      drift(scene.provider.objects, 'b', { note: 'from outside' });
      return [await scene.planned(sized(2, 'a') + tolerant, { [A]: ['update'], [B]: ['update'] })];
    }),
  },
  {
    row: 26,
    name: 'two equal plans, either applied',
    allowed: [AS_PLANNED],
    also: expectCandidates,
    run: inScene(async (scene) => {
      await scene.begin(sized(1, 'a'));
      await scene.plan(sized(2, 'a'), { out: 'other.tfplan' });
      return [await scene.planned(sized(2, 'a'), { [A]: ['update'] })];
    }),
  },
  {
    row: 27,
    name: 'a data source is read during the apply',
    allowed: [AS_PLANNED],
    run: inScene(async (scene) => {
      const found = `data "scripted_lookup" "found" {\n key = ${A}.id\n}\n`;
      const body = sized(1, 'a') + found + thing('b', 'note = data.scripted_lookup.found.value');
      return [await scene.planned(body, { [A]: ['create'], [B]: ['create'] })];
    }),
  },
  {
    row: 28,
    name: 'nested modules, count and for_each, odd keys',
    allowed: [AS_PLANNED, AS_PLANNED],
    run: inScene(async (scene) => {
      const [odd, plain, late] = ['a.b["c"]', 'ü / 1', '__proto__'];
      await scene.terraform.write(modules);
      await scene.configure(nested([odd, plain], 1));
      await scene.terraform.init();
      const all = [...addressesIn(odd), ...addressesIn(plain)];
      const created = await scene.planned(nested([odd, plain], 1), netOfAll(all, 'create'));
      const mixed = await scene.planned(nested([odd, late], 2), {
        ...netOfAll(addressesIn(odd), 'update'),
        ...netOfAll(addressesIn(plain), 'delete'),
        ...netOfAll(addressesIn(late), 'create'),
      });
      return [created, mixed];
    }),
  },
  { row: 29, name: 'on a remote backend, by the run', allowed: [AS_PLANNED, AS_PLANNED], run: runRemote },
  {
    row: 30,
    name: 'a copy of the directory, each by its own plan',
    allowed: [AS_PLANNED, AS_PLANNED],
    run: inScene(copied),
  },
];

async function copied(scene: VerdictScene): Promise<ChangeDetail[]> {
  const open = (name: string): Promise<Terraform> =>
    openTerraform(join(scene.folder, name), { provider: scene.provider });
  const first = await open('first');
  await scene.configure(sized(1, 'a'), first);
  await first.apply();
  await scene.change();
  await cp(first.dir, join(scene.folder, 'second'), { recursive: true });
  const second = await open('second');
  await scene.daemon.untilRecords('state.baselined', 2);
  // Each plan is recorded before anything is applied, and names the version that both start from.
  await scene.plan(sized(2, 'a'), { terraform: first });
  await scene.plan(sized(3, 'a'), { terraform: second });
  const changes: ChangeDetail[] = [];
  for (const terraform of [first, second]) {
    await scene.applyPlan({ terraform });
    changes.push(await scene.changed({ [A]: ['update'] }));
  }
  expect(changes.map(({ summary }) => summary.state.name)).to.deep.equal(['first', 'second']);
  expect(new Set(changes.map(({ summary }) => summary.lineage)).size).to.equal(1);
  expect(changes.map((change) => netOf(change)[A])).to.deep.equal([['update'], ['update']]);
  return changes;
}

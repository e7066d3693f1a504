// Rows 1 to 15 of docs/VERDICTS.md: each thing that a plan can say, applied as it says.
import { expect } from 'chai';
import { createFirst, formatThing as thing } from './provider/configuration.ts';
import { createThing } from './provider/thing-store.ts';
import { inScene, type Net, type PlanOptions, type VerdictCase, type VerdictScene } from './verdict-scene.ts';

const [A, B] = ['scripted_thing.a', 'scripted_thing.b'] as const;
const two = (size: number): string =>
  thing('a', `name = "a"\nsize = ${size}`) + thing('b', `name = "b"\nsize = ${size}\ntags = { env = "prod" }`);

interface Simple extends PlanOptions {
  readonly row: number;
  readonly name: string;
  /** The world before; without one the state is new. */
  readonly before?: string;
  readonly outside?: (scene: VerdictScene) => void;
  readonly body: string;
  readonly net: Net;
}

const simple: readonly Simple[] = [
  { row: 1, name: 'creates', body: two(1), net: { [A]: ['create'], [B]: ['create'] } },
  { row: 2, name: 'updates in place', before: two(1), body: two(2), net: { [A]: ['update'], [B]: ['update'] } },
  {
    row: 3,
    name: 'replaces, destroy first',
    before: two(1),
    body: two(1).replace('name = "a"', 'name = "other"'),
    net: { [A]: ['delete', 'create'] },
  },
  {
    row: 4,
    name: 'replaces, create first',
    before: thing('a', `name = "one"\n${createFirst}`),
    body: thing('a', `name = "two"\n${createFirst}`),
    net: { [A]: ['create', 'delete'] },
  },
  {
    row: 5,
    name: 'destroys all',
    before: two(1),
    body: two(1),
    args: ['-destroy'],
    net: { [A]: ['delete'], [B]: ['delete'] },
  },
  {
    row: 6,
    name: 'destroys one of several',
    before: two(1),
    body: two(1).slice(0, two(1).indexOf('resource', 1)),
    net: { [B]: ['delete'] },
  },
  {
    row: 7,
    name: 'moves',
    before: thing('old', 'size = 1'),
    body: `moved {\n from = scripted_thing.old\n to = ${A}\n}\n${thing('a', 'size = 1')}`,
    net: { [A]: ['move'] },
  },
  {
    row: 8,
    name: 'forgets',
    before: two(1),
    body: `removed {\n from = ${A}\n lifecycle {\n  destroy = false\n }\n}\n${two(1).slice(two(1).indexOf('resource', 1))}`,
    net: { [A]: ['delete'] },
  },
  {
    row: 9,
    name: 'imports',
    before: two(1),
    outside: ({ provider }) => provider.objects.set('thing-77', createThing({ id: 'thing-77', name: 'found' })),
    body: `${two(1)}import {\n to = scripted_thing.got\n id = "thing-77"\n}\n${thing('got', 'name = "found"')}`,
    net: { 'scripted_thing.got': ['create'] },
  },
  { row: 10, name: 'a target', before: two(1), body: two(2), args: [`-target=${A}`], net: { [A]: ['update'] } },
  {
    row: 11,
    name: 'a replacement by request',
    before: two(1),
    body: two(1),
    args: [`-replace=${A}`],
    net: { [A]: ['delete', 'create'] },
  },
  {
    row: 12,
    name: 'refresh-only, drift adopted',
    before: two(1),
    outside: ({ provider }) => drift(provider.objects, 'a', { size: 9, tags: { env: 'outside' } }),
    body: two(1),
    args: ['-refresh-only'],
    net: { [A]: ['update'] },
  },
  {
    row: 13,
    name: 'outputs alone',
    before: `${two(1)}output "x" { value = 1 }`,
    body: `${two(1)}output "x" { value = 2 }\noutput "y" { value = { z = [1] } }`,
    net: {},
  },
  {
    row: 15,
    name: 'what was unknown is computed',
    before: `${thing('a', 'name = "one"')}resource "terraform_data" "d" { input = ${A}.id }`,
    body: `${thing('a', 'name = "two"')}resource "terraform_data" "d" { input = ${A}.id }`,
    net: { [A]: ['delete', 'create'], 'terraform_data.d': ['update'] },
  },
];

const withoutChanges: VerdictCase = {
  row: 14,
  name: 'a plan without changes: nothing changed, nothing judged',
  allowed: [],
  run: inScene(async (scene) => {
    const body = thing('a', 'secret = "one"\nsize = 1\nusers = { x = { password = "s" } }');
    await scene.begin(body);
    for (let turn = 0; turn < 3; turn += 1) {
      await scene.plan(body);
      expect((await scene.applyPlan()).summary).to.include({ add: 0, change: 0, remove: 0 });
      await scene.noChange();
    }
    return [];
  }),
};

export const actionCases: readonly VerdictCase[] = [...simple.map(toCase), withoutChanges].sort(
  (one, other) => one.row - other.row,
);

function toCase({ row, name, before, outside, body, net, ...options }: Simple): VerdictCase {
  const run = inScene(async (scene) => {
    if (before !== undefined) await scene.begin(before);
    outside?.(scene);
    return [await scene.planned(body, net, options)];
  });
  return { row, name, allowed: [['as-planned']], run };
}

/** Something outside of Terraform changes the thing of this name. */
export function drift(objects: VerdictScene['provider']['objects'], name: string, to: object): void {
  for (const [id, object] of objects) {
    if (object['name'] === name) return void objects.set(id, { ...object, ...to });
  }
  throw new Error(`expected a thing ${name}, got none`);
}

// What real Terraform is asked to plan: how the world comes to be, what is configured then, and what the plan must hold
// for the case to be one. Actions here; values in plan-value-cases.ts. Bodies are HCL beside the block of the provider.
import { createFirst, formatThing as thing } from './provider/configuration.ts';
import type { ScriptedProvider } from './provider/provider.ts';
import { createThing } from './provider/thing-store.ts';

export interface PlanCase {
  readonly name: string;
  /** Applied one after the other; a failing apply is part of the case. */
  readonly before?: readonly string[];
  /** Files beside main.tf from the beginning on: modules, values of variables. */
  readonly files?: Readonly<Record<string, string>>;
  /** Commands between the last apply and the plan. */
  readonly commands?: readonly (readonly string[])[];
  /** What happens outside of Terraform before the plan. */
  readonly outside?: (provider: ScriptedProvider) => void;
  readonly body: string;
  /** Arguments of the plan, and variables of its environment. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The plan ends in an error, and is saved all the same. */
  readonly isErrored?: boolean;
  /** Lines that Terraform's own account must hold, as `linesOf` makes them of it. */
  readonly shows: readonly string[];
}

const base =
  thing(
    'a',
    'name = "a"\nsize = 1\ntags = { env = "prod" }\nsecret = "BASE-SECRET"\nusers = { u = { password = "BASE-PASSWORD" } }',
  ) + thing('b', 'name = "b"');

function drifted({ objects }: ScriptedProvider): void {
  for (const [id, object] of objects) {
    if (object['name'] === 'a') objects.set(id, { ...object, size: 99, tags: { env: 'changed-outside' } });
  }
}

const counted = (count: number): string => thing('many', `count = ${count}\nname = "n\${count.index}"`);
const each = (...keys: readonly string[]): string =>
  thing('each', `for_each = toset(${JSON.stringify(keys)})\nname = each.key`);

const changes: readonly PlanCase[] = [
  {
    name: 'create',
    body: `${base}resource "terraform_data" "d" { input = { thing = scripted_thing.a.id, fixed = "x" } }`,
    shows: ['create scripted_thing.a', 'create terraform_data.d'],
  },
  {
    name: 'update in place',
    before: [base],
    body: base.replace('size = 1', 'size = 2'),
    shows: ['update scripted_thing.a'],
  },
  {
    name: 'replace: destroy first',
    before: [base],
    body: base.replace('name = "a"', 'name = "other"'),
    shows: ['delete,create scripted_thing.a replace_because_cannot_update'],
  },
  {
    name: 'replace: create first',
    before: [thing('a', `name = "a"\n${createFirst}`)],
    body: thing('a', `name = "c"\n${createFirst}`),
    shows: ['create,delete scripted_thing.a replace_because_cannot_update'],
  },
  {
    name: 'replace: by triggers',
    before: [
      `resource "terraform_data" "t" { input = 1 }\n${thing('a', 'name = "a"\nlifecycle { replace_triggered_by = [terraform_data.t] }')}`,
    ],
    body: `resource "terraform_data" "t" { input = 2 }\n${thing('a', 'name = "a"\nlifecycle { replace_triggered_by = [terraform_data.t] }')}`,
    shows: ['delete,create scripted_thing.a replace_by_triggers'],
  },
  {
    name: 'replace: by request',
    before: [base],
    body: base,
    args: ['-replace=scripted_thing.a'],
    shows: ['delete,create scripted_thing.a replace_by_request'],
  },
  {
    name: 'destroy',
    before: [base],
    body: base,
    args: ['-destroy'],
    shows: ['delete scripted_thing.a', 'delete scripted_thing.b'],
  },
  {
    name: 'no longer configured',
    before: [base],
    body: thing('b', 'name = "b"'),
    shows: ['delete scripted_thing.a delete_because_no_resource_config', 'no-op scripted_thing.b'],
  },
  {
    name: 'count shrinks',
    before: [counted(3)],
    body: counted(1),
    shows: ['delete scripted_thing.many[2] delete_because_count_index'],
  },
  {
    name: 'a key leaves for_each',
    before: [each('x', 'y')],
    body: each('y', 'z'),
    shows: ['delete scripted_thing.each["x"] delete_because_each_key'],
  },
  {
    name: 'count becomes for_each',
    before: [thing('each', 'count = 1')],
    body: each('x'),
    shows: ['delete scripted_thing.each[0] delete_because_wrong_repetition'],
  },
  {
    name: 'targeted',
    before: [base],
    body: base.replace('size = 1', 'size = 2').replace('name = "b"', 'name = "b2"'),
    args: ['-target=scripted_thing.a'],
    shows: ['update scripted_thing.a', 'incomplete'],
  },
  { name: 'zero changes', before: [base], body: base, shows: ['no-op scripted_thing.a', 'not applyable'] },
  { name: 'nothing at all', body: '', shows: ['not applyable'] },
  {
    name: 'without refresh',
    before: [base],
    outside: drifted,
    body: base,
    args: ['-refresh=false'],
    shows: ['no-op scripted_thing.a'],
  },
  {
    name: 'of 200 instances',
    before: [counted(3)],
    body: counted(200),
    args: ['-refresh=false'],
    shows: ['create scripted_thing.many[199]', 'no-op scripted_thing.many[2]'],
  },
];

const outside: readonly PlanCase[] = [
  {
    name: 'drift, refresh-only',
    before: [base],
    outside: drifted,
    body: base,
    args: ['-refresh-only'],
    shows: ['drift update scripted_thing.a'],
  },
  {
    name: 'drift, to be set right',
    before: [base],
    outside: drifted,
    body: base,
    shows: ['drift update scripted_thing.a', 'update scripted_thing.a'],
  },
  {
    name: 'drift: gone',
    before: [base],
    outside: ({ objects }) => objects.clear(),
    body: base,
    shows: ['drift delete scripted_thing.a', 'create scripted_thing.a'],
  },
  {
    name: 'import',
    outside: ({ objects }) => objects.set('given-1', createThing({ id: 'given-1', name: 'found' })),
    body: `import {\n  to = scripted_thing.got\n  id = "given-1"\n}\n${thing('got', 'name = "found"')}`,
    shows: ['no-op scripted_thing.got', 'import scripted_thing.got'],
  },
  {
    name: 'import with what is not known yet',
    outside: ({ objects }) =>
      objects.set('given-2', createThing({ id: 'given-2', name: 'found', secret: 'IMPORTED-SECRET' })),
    body: `import {\n  to = scripted_thing.got\n  id = "given-2"\n}\n${thing('got', 'name = "found"\nnote = scripted_thing.new.id\ntags = { k = scripted_thing.new.token }\nsecret = "x-new-secret"')}${thing('new')}`,
    shows: ['update scripted_thing.got', 'import scripted_thing.got', 'create scripted_thing.new'],
  },
  {
    name: 'import of many',
    outside: ({ objects }) => {
      for (const id of ['p', 'q']) objects.set(id, createThing({ id, name: id }));
    },
    body: `import {\n  for_each = toset(["p", "q"])\n  to = scripted_thing.each[each.key]\n  id = each.key\n}\n${each('p', 'q')}`,
    shows: ['import scripted_thing.each["p"]', 'import scripted_thing.each["q"]'],
  },
];

const moves: readonly PlanCase[] = [
  {
    name: 'move',
    before: [base],
    body: `moved {\n  from = scripted_thing.b\n  to = scripted_thing.c\n}\n${base.replace('"scripted_thing" "b"', '"scripted_thing" "c"')}`,
    shows: ['no-op scripted_thing.c', 'scripted_thing.b -> scripted_thing.c'],
  },
  {
    name: 'move into for_each, and update',
    before: [thing('a', 'name = "a"\nsize = 1')],
    body: `moved {\n  from = scripted_thing.a\n  to = scripted_thing.a["k"]\n}\n${thing('a', 'for_each = toset(["k"])\nname = "a"\nsize = 2')}`,
    shows: ['update scripted_thing.a["k"]', 'scripted_thing.a -> scripted_thing.a["k"]'],
  },
  {
    name: 'move to where nothing is configured',
    before: [base],
    body: `moved {\n  from = scripted_thing.b\n  to = scripted_thing.c["gone"]\n}\n${thing('a', 'name = "a"\nsize = 1')}${thing('c', 'for_each = toset(["there"])\nname = each.key')}`,
    shows: ['delete scripted_thing.c["gone"] delete_because_each_key'],
  },
  {
    name: 'forget',
    before: [base],
    body: `removed {\n  from = scripted_thing.b\n  lifecycle { destroy = false }\n}\n${thing('a', 'name = "a"\nsize = 1')}`,
    shows: ['forget scripted_thing.b delete_because_no_resource_config'],
  },
  {
    name: 'removed, destroyed',
    before: [base],
    body: `removed {\n  from = scripted_thing.b\n  lifecycle { destroy = true }\n}\n${thing('a', 'name = "a"\nsize = 1')}`,
    shows: ['delete scripted_thing.b delete_because_no_resource_config'],
  },
];

const ordinary = thing('a', 'name = "a"\nsecret = "first-secret"');
const breaking = thing('a', `name = "a"\nfail_on = "delete"\n${createFirst}`);

const broken: readonly PlanCase[] = [
  {
    name: 'tainted by hand',
    before: [ordinary],
    commands: [['taint', 'scripted_thing.a']],
    body: ordinary,
    shows: ['delete,create scripted_thing.a replace_because_tainted'],
  },
  {
    name: 'tainted by a failed create',
    before: [thing('a', 'name = "a"\nfail_on = "create"')],
    body: thing('a', 'name = "a"'),
    shows: ['delete,create scripted_thing.a replace_because_tainted'],
  },
  {
    name: 'deposed',
    before: [breaking, breaking.replace('name = "a"', 'name = "b"')],
    body: breaking.replace('name = "a"', 'name = "b"'),
    shows: ['deposed delete scripted_thing.a', 'no-op scripted_thing.a'],
  },
  {
    name: 'errored: a precondition',
    before: [base],
    body: `${base.replace('size = 1', 'size = 2')}${thing('c', 'name = "c"\nlifecycle {\n  precondition {\n    condition = scripted_thing.a.size > 100\n    error_message = "too small, says ERRORED-MESSAGE"\n  }\n}')}`,
    isErrored: true,
    shows: ['update scripted_thing.a', 'errored', 'check fail scripted_thing.c'],
  },
  {
    name: 'errored: it must not be destroyed',
    before: [thing('a', 'name = "a"\nlifecycle { prevent_destroy = true }') + thing('b', 'name = "b"')],
    body: thing('a', 'name = "x"\nlifecycle { prevent_destroy = true }') + thing('b', 'name = "b"\nsize = 1'),
    isErrored: true,
    shows: ['errored', 'update scripted_thing.b'],
  },
];

const check = (name: string, condition: string, body = ''): string =>
  `check "${name}" {\n${body}\n  assert {\n    condition = ${condition}\n    error_message = "told by ${name}"\n  }\n}\n`;
const lookup = (name: string, body: string): string => `data "scripted_lookup" "${name}" {\n${body}\n}\n`;

const checks: readonly PlanCase[] = [
  {
    name: 'checks: pass, fail, unknown',
    before: [base],
    body: `${base}${thing('new')}${check('good', 'scripted_thing.a.size == 1')}${check('bad', 'scripted_thing.a.size == 2')}${check('later', 'scripted_thing.new.id != ""')}`,
    shows: ['check pass check.good', 'check fail check.bad', 'check unknown check.later'],
  },
  {
    name: 'checks with data of their own',
    body: `${thing('new')}${check('now', 'data.scripted_lookup.now.value == "value of k"', lookup('now', 'key = "k"'))}${check('later', 'data.scripted_lookup.later.value != ""', lookup('later', 'key = scripted_thing.new.id'))}`,
    shows: [
      'read data.scripted_lookup.now read_because_check_nested',
      'check pass check.now',
      'check unknown check.later',
    ],
  },
  {
    name: 'conditions of resources, outputs, variables',
    body: `variable "v" {\n  default = "ok"\n  validation {\n    condition = var.v == "ok"\n    error_message = "not ok"\n  }\n}\n${thing('a', 'count = 12\nsize = count.index\nlifecycle {\n  precondition {\n    condition = count.index < 50\n    error_message = "much"\n  }\n  postcondition {\n    condition = self.id != ""\n    error_message = "none"\n  }\n}')}output "o" {\n  value = var.v\n  precondition {\n    condition = var.v == "ok"\n    error_message = "no"\n  }\n}`,
    shows: ['check pass output.o', 'check unknown scripted_thing.a', 'check pass var.v'],
  },
  {
    name: 'data read during the apply',
    before: [base],
    body: `${base.replace('name = "b"', 'name = "b"\nsize = 3')}${thing('new')}${lookup('pending', 'key = "p"\ndepends_on = [scripted_thing.b]')}${lookup('unknown', 'key = scripted_thing.new.id')}${lookup('now', 'key = "n"')}${thing('uses', 'note = data.scripted_lookup.pending.value\nsecret = data.scripted_lookup.now.secret')}`,
    shows: [
      'read data.scripted_lookup.pending read_because_dependency_pending',
      'read data.scripted_lookup.unknown read_because_config_unknown',
    ],
  },
];

export const actionCases: readonly PlanCase[] = [...changes, ...outside, ...moves, ...broken, ...checks];

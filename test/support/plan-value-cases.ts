// What real Terraform is asked to plan, for the sake of the values in it: types, marks, what is not known, keys, numbers,
// modules, variables and outputs.
import type { PlanCase } from './plan-cases.ts';
import { formatThing as thing, richConfiguration } from './provider/configuration.ts';

const data = (name: string, body: string): string => `resource "terraform_data" "${name}" {\n${body}\n}\n`;
const input = (name: string, value: string): string => data(name, `input = ${value}`);
const variable = (name: string, flags = ''): string => `variable "${name}" {\n${flags}\n}\n`;

/** Keys that are hard to write down, as HCL writes them. */
const HARD_KEYS = [
  '"quo\\"te"',
  '"back\\\\slash"',
  '"new\\nline"',
  '"tab\\there"',
  '"$${dollar}"',
  '"%%{percent}"',
  '"ünïcödé 世界"',
  '"🔑"',
  '"e\\u0301"',
  '"\\u200b"',
  '"a.b[\\"c\\"]"',
  '"__proto__"',
  '"constructor"',
  '"hasOwnProperty"',
  '""',
  '" "',
  '"/slash~tilde"',
  '"0"',
];

const keyed = HARD_KEYS.map((key) => `${key} = "v"`).join('\n');
const nested = (open: string, close: string, levels: number): string =>
  `${open.repeat(levels)}"deep"${close.repeat(levels)}`;

const keys: readonly PlanCase[] = [
  {
    name: 'for_each over keys that are hard to write',
    body: thing(
      'each',
      `for_each = toset([${HARD_KEYS.join(', ')}])\nname = each.key\ntags = { (each.key) = each.value }`,
    ),
    shows: ['create scripted_thing.each["__proto__"]', 'create scripted_thing.each["$${dollar}"]'],
  },
  {
    name: 'maps and objects with keys that are hard to write',
    before: [thing('a', `tags = {\n${keyed.replaceAll('"v"', '"before"')}\n}`) + input('d', `{\n${keyed}\n}`)],
    body: thing('a', `tags = {\n${keyed}\n}`) + input('d', `{\n${keyed}\nmore = true\n}`),
    shows: ['update scripted_thing.a', 'update terraform_data.d'],
  },
  {
    name: 'marks at keys that are hard to write',
    body: `${variable('s', 'sensitive = true')}${thing('a', `tags = {\n${keyed.replaceAll('"v"', 'var.s')}\n}\nblob = {\n${keyed.replaceAll('"v"', 'var.s')}\n}`)}`,
    args: ['-var=s=MARKED-AT-KEYS'],
    shows: ['create scripted_thing.a'],
  },
];

const types: readonly PlanCase[] = [
  {
    name: 'numbers',
    before: [thing('a', 'size = 0.1') + input('d', '[0.1, 1]')],
    body:
      thing('a', 'size = 12345678901234567890.25\nblob = { tiny = 1e-7, tenth = 0.1 }') +
      input(
        'd',
        '[0, -1, 1, 127, 128, 255, 256, 65535, 65536, 4294967295, 4294967296, 9007199254740991, 9007199254740993, 9223372036854775807, 9223372036854775808, 18446744073709551615, 18446744073709551616, -9223372036854775808, -9223372036854775809, 123456789012345678901234567890, 0.1, 0.5, -0.25, 1.5e300, 1e-300, 3.14159265358979323846264338327950288, 1e21, 1e400]',
      ) +
      thing('half', 'size = 0.5') +
      thing('third', 'size = 0.333333333333333333333333333333') +
      thing('max', 'size = 18446744073709551616'),
    shows: ['update scripted_thing.a', 'update terraform_data.d', 'create scripted_thing.max'],
  },
  {
    name: 'dynamic types',
    before: [input('a', '"text"') + input('b', '{ n = 1 }') + input('c', '[1, "two"]')],
    body:
      input('a', '{ was = "text" }') +
      input('b', 'tolist(["x", "y"])') +
      input('c', 'tomap({ k = 1 })') +
      input('d', 'null') +
      input('e', 'true') +
      input('f', 'toset(["z", "a"])') +
      input('g', '[[1, [true, null]], { a = { b = ["c"] } }]') +
      data('h', 'triggers_replace = [1, "x", { k = null }]') +
      thing('a', 'blob = [1, { a = "b" }, ["c"]]') +
      thing('b', 'blob = "plain"') +
      thing('c', 'blob = tolist([1, 2])'),
    shows: ['update terraform_data.a', 'create scripted_thing.a'],
  },
  {
    name: 'sets',
    before: [thing('a', 'rules = ["b", "a", "c"]')],
    body:
      thing('a', 'rules = ["c", "d", "a"]') + thing('b', 'rules = []') + input('d', 'toset([{ k = 1 }, { k = 2 }])'),
    shows: ['update scripted_thing.a', 'create terraform_data.d'],
  },
  {
    name: 'nulls and empty containers',
    before: [thing('a', 'name = "a"\ntags = { x = "1" }\nrules = ["r"]\nusers = { u = {} }\nnote = "n"')],
    body:
      thing('a', 'name = "a"\ntags = {}\nrules = []\nusers = {}\nnote = ""') +
      thing('b', 'tags = null\nusers = { u = { role = null } }\nblob = null') +
      thing('c', 'blob = []\nsetting {}\nsetting { value = "" }') +
      thing('d', 'blob = {}') +
      input('e', '{ n = null, l = [], o = {}, s = "", deep = [null, [null], {}] }') +
      input('f', 'tomap({})') +
      input('g', 'tolist([])'),
    shows: ['update scripted_thing.a', 'create terraform_data.e'],
  },
  {
    name: 'very deep values',
    body:
      input('lists', nested('[', ']', 90)) +
      input('objects', nested('{ k = ', ' }', 90)) +
      thing('a', `blob = ${nested('[', ']', 60)}`),
    shows: ['create terraform_data.lists', 'create terraform_data.objects'],
  },
  {
    name: 'long and odd text',
    body:
      thing('a', `note = "${'long '.repeat(3000)}"`) +
      thing('b', 'note = <<-EOT\n  line one\n  "two" \\ \\\\ \u{1F600} <b>&amp;</b>\n\tthree\n  EOT') +
      thing('c', 'note = "\\u0001\\u007f\\u2028 \\u00e9 e\\u0301"') +
      input('bom', `["\\ufeffshort", "\\ufeff${'after a byte order mark, '.repeat(20)}"]`) +
      thing('d', 'note = jsonencode({ password = "IN-JSON-TEXT", list = [1, 2] })'),
    shows: ['create scripted_thing.a', 'create scripted_thing.d'],
  },
];

const fresh = thing('new', 'name = "new"');
const unknowns: readonly PlanCase[] = [
  {
    name: 'unknown in lists, maps, sets, blocks',
    body:
      fresh +
      thing('a', 'tags = { known = "1", later = scripted_thing.new.id }\nrules = ["known", scripted_thing.new.id]') +
      thing(
        'b',
        'users = { u = { password = scripted_thing.new.id, role = "r" }, w = { role = scripted_thing.new.id } }',
      ) +
      thing('c', 'blob = [scripted_thing.new.id, "known", { k = scripted_thing.new.id, l = 1 }]') +
      thing(
        'd',
        'setting {\n  value = scripted_thing.new.id\n}\nsetting {\n  value = "known"\n  password = scripted_thing.new.token\n}',
      ) +
      input('e', '[scripted_thing.new.id, "known", [scripted_thing.new.id]]') +
      input('f', '{ a = scripted_thing.new.id, b = { c = scripted_thing.new.id, d = 1 }, e = [] }') +
      input('g', 'toset([scripted_thing.new.id, "known"])') +
      input('h', 'scripted_thing.new.id') +
      input('i', '"prefix-${scripted_thing.new.id}"') +
      input('j', 'tolist([scripted_thing.new.id, "x"])') +
      input('k', '{ (scripted_thing.new.id) = 1 }'),
    shows: ['create scripted_thing.c', 'create terraform_data.g'],
  },
  {
    name: 'unknown where something was known',
    before: [
      fresh +
        thing('a', 'tags = { k = scripted_thing.new.id }\nrules = [scripted_thing.new.id]') +
        input('e', '[scripted_thing.new.id, "x"]'),
    ],
    body:
      fresh.replace('"new"\n}', '"newer"\n}') +
      thing('a', 'tags = { k = scripted_thing.new.id }\nrules = [scripted_thing.new.id]') +
      input('e', '[scripted_thing.new.id, "x"]'),
    shows: [
      'delete,create scripted_thing.new replace_because_cannot_update',
      'update scripted_thing.a',
      'update terraform_data.e',
    ],
  },
];

const sensitive = `${variable('s', 'sensitive = true')}${variable('t', 'sensitive = true\ntype = map(string)\ndefault = { k = "MARKED-DEFAULT" }')}`;
const marked =
  thing(
    'a',
    'secret = "SCHEMA-SECRET"\ntags = { open = "1", shut = var.s }\nrules = ["open", var.s]\nnote = "in text ${var.s}"',
  ) +
  thing(
    'b',
    'users = { u = { password = "USER-SECRET", role = "r" } }\nblob = { a = { b = [var.s, "open"] } }\nsize = length(var.s)',
  ) +
  thing('c', 'tags = var.t\nsetting {\n  value = var.s\n  password = "SETTING-SECRET"\n}') +
  input('d', '{ open = "o", shut = var.s, list = ["o", var.s], map = var.t }') +
  input('e', 'var.t') +
  input('f', 'nonsensitive("pre-${var.s}-post")');

const marks: readonly PlanCase[] = [
  { name: 'all there is', body: richConfiguration, shows: ['create scripted_thing.a'] },
  {
    name: 'sensitive variables, new',
    body: sensitive + marked,
    env: { TF_VAR_s: 'MARKED-VARIABLE' },
    shows: ['create terraform_data.d'],
  },
  {
    name: 'sensitive variables, changed',
    before: [sensitive.replace('sensitive = true', 'sensitive = true\ndefault = "MARKED-BEFORE"') + marked],
    body: sensitive.replace('sensitive = true', 'sensitive = true\ndefault = "MARKED-BEFORE"') + marked,
    args: ['-var=s=MARKED-AFTER', '-var=t={"k"="MARKED-MAP","l"="MARKED-MORE"}'],
    shows: ['update terraform_data.d', 'update scripted_thing.a'],
  },
  {
    name: 'a value loses its mark, another gets one',
    before: [
      `variable "s" {\n  sensitive = true\n  default = "MARKED-THEN-OPEN"\n}\n${thing('a', 'note = var.s\ntags = { k = "open-then-marked" }')}`,
    ],
    body: `variable "s" {\n  default = "MARKED-THEN-OPEN"\n}\n${thing('a', 'note = var.s\ntags = { k = sensitive("open-then-marked") }')}`,
    shows: ['update scripted_thing.a'],
  },
  {
    name: 'ephemeral variables, write-only values',
    before: [thing('a', 'name = "a"')],
    body: `${variable('e', 'ephemeral = true')}${variable('f', 'ephemeral = true\nsensitive = true\ndefault = "EPHEMERAL-DEFAULT"')}${thing('a', 'name = "a"\nsecret_wo = var.e\nsize = 1')}${thing('b', 'secret_wo = var.f')}`,
    args: ['-var=e=EPHEMERAL-GIVEN'],
    shows: ['update scripted_thing.a', 'create scripted_thing.b'],
  },
  {
    name: 'variables of every type',
    files: {
      'given.auto.tfvars': 'obj = { a = 1, b = ["x"], c = null }\nlst = [1, 2.5, 0.1]\n',
    },
    body: `${variable('obj', 'type = any')}${variable('lst', 'type = list(number)')}${variable('str', 'type = string')}${variable('num', 'type = number')}${variable('flag', 'type = bool')}${variable('none', 'default = null')}${input('d', 'var.obj')}${input('e', 'var.lst')}`,
    args: ['-var=str=text-of-var', '-var=num=12345678901234567890', '-var=flag=true'],
    shows: ['create terraform_data.d'],
  },
];

const outputs: readonly PlanCase[] = [
  {
    name: 'outputs: new, changed, sensitive, unknown, deleted',
    before: [
      `${thing('a', 'name = "a"')}output "stays" { value = "same" }\noutput "changes" { value = 1 }\noutput "goes" { value = ["x"] }\noutput "opens" {\n  value = "was-shut-output"\n  sensitive = true\n}\noutput "shuts" { value = "was-open-output" }\noutput "gone_secret" {\n  value = "GONE-OUTPUT"\n  sensitive = true\n}\noutput "null" { value = null }`,
    ],
    body: `${thing('a', 'name = "a"')}${fresh}output "stays" { value = "same" }\noutput "changes" { value = 2 }\noutput "opens" { value = "was-shut-output" }\noutput "shuts" {\n  value = "was-open-output"\n  sensitive = true\n}\noutput "null" { value = null }\noutput "unknown" { value = scripted_thing.new.id }\noutput "partly" { value = [scripted_thing.new.id, { k = "known" }] }\noutput "object" { value = { "__proto__" = 1, b = [0.1, 18446744073709551616] } }\noutput "secret" {\n  value = scripted_thing.a.token\n  sensitive = true\n}\noutput "later_secret" {\n  value = scripted_thing.new.token\n  sensitive = true\n}\noutput "empty" { value = {} }`,
    shows: ['output create unknown', 'output delete goes', 'output update changes', 'output no-op stays'],
  },
  {
    name: 'outputs alone',
    before: [`${thing('a', 'name = "a"')}output "o" { value = 1 }`],
    body: `${thing('a', 'name = "a"')}output "o" { value = "one" }`,
    shows: ['output update o', 'no-op scripted_thing.a'],
  },
];

const inner = `variable "label" { type = string }\nterraform {\n  required_providers {\n    scripted = { source = "example.com/test/scripted" }\n  }\n}\n${thing('x', 'count = 2\nname = "${var.label}-${count.index}"\nsize = count.index')}${check('health', 'scripted_thing.x[0].size == 0')}output "ids" { value = scripted_thing.x[*].id }\n`;
const middle = `terraform {\n  required_providers {\n    scripted = { source = "example.com/test/scripted" }\n  }\n}\nmodule "inner" {\n  source = "../inner"\n  for_each = toset(["one", "two words", "q\\"uote", "$\${d}"])\n  label = each.key\n}\n${data('in_middle', 'input = values(module.inner)[*].ids')}`;
const modules = { 'inner/main.tf': inner, 'middle/main.tf': middle };
const outer = (count: number): string => `module "outer" {\n  source = "./middle"\n  count = ${count}\n}\n`;

function check(name: string, condition: string): string {
  return `check "${name}" {\n  assert {\n    condition = ${condition}\n    error_message = "unwell"\n  }\n}\n`;
}

const nestedModules: readonly PlanCase[] = [
  {
    name: 'modules in modules, with count and for_each',
    files: modules,
    body: outer(2),
    shows: [
      'create module.outer[1].module.inner["q\\"uote"].scripted_thing.x[1]',
      'check pass module.outer.module.inner.check.health',
    ],
  },
  {
    name: 'modules that go',
    files: modules,
    before: [outer(2)],
    body: outer(1),
    shows: ['delete module.outer[1].terraform_data.in_middle delete_because_no_module'],
  },
  {
    name: 'modules that move',
    files: modules,
    before: [outer(1)],
    body: `moved {\n  from = module.outer[0]\n  to = module.renamed\n}\nmodule "renamed" {\n  source = "./middle"\n}\n`,
    shows: ['module.outer[0].terraform_data.in_middle -> module.renamed.terraform_data.in_middle'],
  },
  {
    name: 'aliases of providers, a backend with a path',
    body: `terraform {\n  backend "local" { path = "elsewhere.tfstate" }\n}\nprovider "scripted" { alias = "west" }\n${thing('a', 'provider = scripted.west\nname = "a"')}`,
    shows: ['create scripted_thing.a'],
  },
];

export const valueCases: readonly PlanCase[] = [...keys, ...types, ...unknowns, ...marks, ...outputs, ...nestedModules];

// The example the guided first run watches: a small configuration for a real terraform, or, without one, states written
// the way Terraform does with -lock=false: in place, the backup first. Values are invented; the password is a marker.
import { spawn } from 'node:child_process';
import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Example {
  /** What makes the changes: "terraform" or "shipped state files". */
  readonly by: string;
  readonly steps: readonly ExampleStep[];
}

export interface ExampleStep {
  readonly title: string;
  run(): Promise<void>;
}

interface Settings {
  readonly cidr: string;
  readonly password: string;
  readonly routes: readonly string[];
}

const FIRST: Settings = { cidr: '10.0.0.0/8', password: 'example-password-1', routes: ['eu-west-1', 'us-east-1'] };
const SECOND: Settings = { cidr: '10.20.0.0/16', password: 'example-password-2', routes: ['us-east-1'] };

/** `terraform` on PATH that runs, or undefined. */
export async function findTerraform(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  return (await run('terraform', ['version'], '.', env)) === 0 ? 'terraform' : undefined;
}

export function createTerraformExample(terraform: string, folder: string, env: NodeJS.ProcessEnv): Example {
  const apply = async (settings: Settings): Promise<void> => {
    await writeFile(join(folder, 'main.tf'), toConfiguration(settings));
    await must(terraform, ['init', '-input=false'], folder, env);
    await must(terraform, ['apply', '-auto-approve', '-input=false'], folder, env);
  };
  return {
    by: 'terraform',
    steps: [
      { title: 'terraform apply, for the first time', run: () => apply(FIRST) },
      { title: 'terraform apply, after an edit', run: () => apply(SECOND) },
      {
        title: "terraform state rm 'terraform_data.db', by hand",
        run: () => must(terraform, ['state', 'rm', 'terraform_data.db'], folder, env),
      },
    ],
  };
}

export function createReplayExample(folder: string): Example {
  const lineage = '6d1f0a3e-52a4-4a0e-9f2b-0c1d2e3f4a5b';
  const write = (serial: number, settings: Settings, backup: string, forgets = false): Promise<void> =>
    replay(folder, toState(lineage, serial, settings, forgets), backup);
  return {
    by: 'shipped state files (terraform is not on PATH)',
    steps: [
      { title: 'an apply, for the first time', run: () => write(1, FIRST, '') },
      { title: 'an apply, after an edit', run: () => write(4, SECOND, '.backup') },
      {
        title: "a state rm 'terraform_data.db', by hand",
        run: () => write(5, SECOND, `.${Math.floor(Date.now() / 1000)}.backup`, true),
      },
    ],
  };
}

function toConfiguration({ cidr, password, routes }: Settings): string {
  return `variable "password" {
  type      = string
  sensitive = true
  default   = "${password}"
}

resource "terraform_data" "db_ingress" {
  input = { cidr_block = "${cidr}", from_port = 5432, to_port = 5432 }
}

resource "terraform_data" "db" {
  input = { engine = "postgres", instance_class = "db.t4g.medium", password = var.password }
}

resource "terraform_data" "route" {
  for_each = toset(${JSON.stringify(routes)})
  input    = { region = each.key }
}
`;
}

function toState(lineage: string, serial: number, settings: Settings, forgets: boolean): string {
  const instance = (input: object, key: string | undefined, sensitive: readonly object[]) => ({
    ...(key === undefined ? {} : { index_key: key }),
    schema_version: 0,
    attributes: {
      id: `00000000-0000-4000-8000-${Buffer.from(JSON.stringify(Object.keys(input)) + (key ?? ''))
        .toString('hex')
        .slice(0, 12)}`,
      input: { value: input, type: ['object', Object.fromEntries(Object.keys(input).map((name) => [name, 'string']))] },
      output: null,
      triggers_replace: null,
    },
    sensitive_attributes: sensitive,
  });
  const resource = (name: string, instances: readonly object[]) => ({
    mode: 'managed',
    type: 'terraform_data',
    name,
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances,
  });
  const db = { engine: 'postgres', instance_class: 'db.t4g.medium', password: settings.password };
  const passwordPath = [
    { type: 'get_attr', value: 'input' },
    { type: 'get_attr', value: 'password' },
  ];
  const resources = [
    ...(forgets ? [] : [resource('db', [instance(db, undefined, [passwordPath])])]),
    resource('db_ingress', [instance({ cidr_block: settings.cidr, from_port: '5432' }, undefined, [])]),
    resource(
      'route',
      settings.routes.map((region) => instance({ region }, region, [])),
    ),
  ];
  const state = {
    version: 4,
    terraform_version: '1.11.4',
    serial,
    lineage,
    outputs: {},
    resources,
    check_results: null,
  };
  return `${JSON.stringify(state, undefined, 2)}\n`;
}

/** No lock is left to see: only a real run holds one in the kernel's table. */
async function replay(folder: string, state: string, backup: string): Promise<void> {
  const path = join(folder, 'terraform.tfstate');
  if (backup !== '') await copyFile(path, `${path}${backup}`);
  await writeFile(path, state);
}

async function must(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const code = await run(program, args, cwd, env);
  if (code !== 0) throw new Error(`terraform ${args[0] ?? ''} ended with ${code}`);
}

function run(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: 'ignore' });
    child.on('error', () => resolve(-1));
    child.on('close', (code) => resolve(code ?? -1));
  });
}

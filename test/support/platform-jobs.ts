// A job as each platform runs it, with our hooks around it or without: which shell, which order, what follows a failure,
// which signals end it. GitHub's runner, Atlantis and Terragrunt are imitated from their sources; a plain CI is what most
// of them have in common. Waits between signals are shorter than the platforms' own.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ATLANTIS, CANARY, COMMIT, GITHUB, HOOKS, TERRAGRUNT, type HookScene, type Variables } from './hook-scene.ts';
import { callProgram, type ProgramEnd } from './program-call.ts';
import type { Told } from './wrapped-terraform.ts';

/** `cancelled`: the platform's polite signals are enough; `killed`: they are not; `lost`: the platform died with it. */
export type Ending = 'success' | 'failure' | 'cancelled' | 'killed' | 'lost';

export interface JobTold {
  readonly isGood: boolean;
  readonly steps: readonly Told[];
  readonly hooks: readonly Told[];
}

type Call = readonly [program: string, args: readonly string[], env?: Variables];

export interface Platform {
  readonly env: Variables;
  /** Signals of a cancelled job, in their order, and who gets them. */
  readonly signals: readonly NodeJS.Signals[];
  readonly to: ProgramEnd['to'];
  readonly before: readonly Call[];
  step(script: string): Call;
  after(isGood: boolean): readonly Call[];
}

const SCRIPTS: Readonly<Record<Ending, string>> = {
  success: 'echo done\necho a note >&2',
  failure: 'echo before\n(exit 7)\necho never',
  cancelled: 'echo begun\nsleep 30\necho never',
  killed: "trap '' INT TERM\necho begun\nsleep 30\necho never",
  lost: 'echo begun\nsleep 30\necho never',
};

const SECRETS = { TF_VAR_password: CANARY, AWS_SECRET_ACCESS_KEY: CANARY };
const EVENT = JSON.stringify({ pull_request: { number: 12, head: { sha: COMMIT }, body: CANARY } });
const CI_FLAGS = `--actor carol --commit ${COMMIT} --job-url https://x:${CANARY}@ci.example/jobs/7?token=${CANARY}`;

/** SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL, to the shell alone. A hook has other flags than a step. */
const github: Platform = {
  env: GITHUB,
  signals: ['SIGINT', 'SIGTERM', 'SIGKILL'],
  to: 'process',
  before: [githubHook('started')],
  step: (script) => ['bash', ['-e', '-c', script]],
  after: () => [githubHook('completed')],
};

const ci: Platform = {
  env: {},
  signals: ['SIGTERM', 'SIGKILL'],
  to: 'group',
  before: [['sh', ['-e', '-c', `${HOOKS}/ci.sh started ${CI_FLAGS}`]]],
  step: (script) => ['sh', ['-e', '-c', script]],
  after: (isGood) => [['sh', ['-e', '-c', `${HOOKS}/ci.sh finished ${isGood ? 'succeeded' : 'failed'} ${CI_FLAGS}`]]],
};

/** A step of a workflow and the hooks after it are `sh -c`; what is killed is a failed step. */
const atlantis: Platform = {
  env: ATLANTIS,
  signals: ['SIGTERM', 'SIGKILL'],
  to: 'process',
  before: [['sh', ['-c', `${HOOKS}/atlantis.sh apply-started`]]],
  step: (script) => ['sh', ['-c', `set -e\n${script}`]],
  after: (isGood) => [
    [
      'sh',
      ['-c', `${HOOKS}/atlantis.sh finished`],
      { COMMAND_NAME: 'apply', COMMAND_HAS_ERRORS: isGood ? 'false' : 'true' },
    ],
  ],
};

/** Ctrl-C in a terminal reaches Terraform itself. The hooks are those of the file that we ship. */
const terragrunt: Platform = {
  env: TERRAGRUNT,
  signals: ['SIGINT', 'SIGTERM', 'SIGKILL'],
  to: 'group',
  before: terragruntHooks('before', true),
  step: (script) => ['sh', ['-e', '-c', script]],
  after: (isGood) => [...terragruntHooks('after', isGood), ...(isGood ? [] : terragruntHooks('error', false))],
};

export const PLATFORM_JOBS: Readonly<Record<'github' | 'ci' | 'atlantis' | 'terragrunt', Platform>> = {
  github,
  ci,
  atlantis,
  terragrunt,
};

/** A job of two steps, the first of which ends so. */
export async function runJob(
  scene: HookScene,
  platform: Platform,
  ending: Ending,
  isHooked: boolean,
): Promise<JobTold> {
  const cwd = mkdtempSync(join(scene.folder, 'job-'));
  const files = { GITHUB_PATH: join(cwd, 'path'), GITHUB_EVENT_PATH: join(cwd, 'event.json') };
  writeFileSync(files.GITHUB_PATH, '');
  writeFileSync(files.GITHUB_EVENT_PATH, EVENT);
  const env = scene.world({ ...SECRETS, ...('GITHUB_ACTIONS' in platform.env ? files : {}), ...platform.env });
  const call = ([program, args, more]: Call, end?: ProgramEnd): Promise<Told> => {
    const added = readFileSync(files.GITHUB_PATH, 'utf8').split('\n').filter(Boolean);
    const path = [...added, scene.path].join(':');
    const whole = { cwd, program, args, env: { ...env, PATH: path, ...more } };
    return callProgram(end === undefined ? whole : { ...whole, end });
  };
  const [steps, hooks]: [Told[], Told[]] = [[], []];
  /** One after the other, up to one that fails: that fails the job. */
  const runHooks = async (calls: readonly Call[]): Promise<boolean> => {
    for (const each of isHooked ? calls : []) hooks.push(await call(each));
    return hooks.every(({ code }) => code === 0);
  };
  let isGood = await runHooks(platform.before);
  if (isGood) {
    const told = await call(platform.step(SCRIPTS[ending]), endOf(platform, ending));
    steps.push(told);
    isGood = told.code === 0;
    if (ending === 'lost') return { isGood, steps, hooks };
  }
  if (isGood) steps.push(await call(platform.step('echo the next step')));
  const isTold = await runHooks(platform.after(isGood));
  return { isGood: isGood && isTold, steps, hooks };
}

function endOf({ signals, to }: Platform, ending: Ending): ProgramEnd | undefined {
  if (ending === 'success' || ending === 'failure') return undefined;
  return ending === 'lost' ? { on: 'begun', signals: ['SIGKILL'], to: 'group' } : { on: 'begun', signals, to };
}

function githubHook(name: string): Call {
  return ['bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', join(HOOKS, `github-job-${name}.sh`)]];
}

/** Terragrunt runs no after hook after a failure unless it says `run_on_error`, and takes error hooks by their pattern. */
function terragruntHooks(kind: 'before' | 'after' | 'error', isGood: boolean): readonly Call[] {
  const text = readFileSync(join(HOOKS, 'terragrunt.hcl'), 'utf8');
  const blocks = [...text.matchAll(/(before|after|error)_hook "(\w+)" \{([^}]*)\}/gu)];
  const words = (block: string, name: string): readonly string[] =>
    JSON.parse(new RegExp(`${name} *= (\\[.*\\])`, 'u').exec(block)?.[1] ?? '[]') as string[];
  return blocks.flatMap(([, of, name = '', block = '']): readonly Call[] => {
    const isRun = isGood || of === 'error' || /run_on_error *= true/u.test(block);
    const isMeant = of !== 'error' || words(block, 'on_errors').some((each) => new RegExp(each, 'u').test('exit 1'));
    if (of !== kind || !isRun || !isMeant || !words(block, 'commands').includes('apply')) return [];
    const [program = '', ...args] = words(block, 'execute');
    return [[program.replace('/usr/local/lib/stateseal/hooks', HOOKS), args, { TG_CTX_HOOK_NAME: name }]];
  });
}

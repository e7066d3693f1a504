// A host with the hooks, a stateseal on PATH, a spool and a shim, and the variables that each platform sets, with
// canaries in those that hold secrets. Drivers call a hook as the platform does.
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PlatformObservation } from '../../daemon/record/run.ts';
import { makeClientSpool, type ClientSpool } from './client-spool.ts';
import { callProgram } from './program-call.ts';
import type { Told } from './wrapped-terraform.ts';
import { packProgram, type PackedProgram } from './packed-program.ts';

export const HOOKS = fileURLToPath(new URL('../../hooks', import.meta.url));
export const COMMIT = 'c0ffee'.padEnd(40, '0');
export const CANARY = 'canary-7Hq9zT2mXw';
export const SILENT: Told = { code: 0, signal: null, stdout: '', stderr: '' };

export const GITHUB = {
  ...{ GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'carol', GITHUB_TRIGGERING_ACTOR: 'dave', GITHUB_SHA: 'f'.repeat(40) },
  ...{ GITHUB_REPOSITORY: 'acme/infra', GITHUB_SERVER_URL: `https://x:${CANARY}@github.com`, GITHUB_RUN_ID: '8123' },
  ...{ GITHUB_RUN_ATTEMPT: '2', GITHUB_EVENT_NAME: 'pull_request', GITHUB_TOKEN: CANARY },
};
export const GITLAB = {
  ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, CI_JOB_TOKEN: CANARY },
  ...{ CI_PROJECT_URL: 'https://gitlab.example/acme/infra', CI_MERGE_REQUEST_PROJECT_PATH: 'acme/infra' },
  ...{ CI_JOB_URL: `https://gitlab.example/acme/infra/-/jobs/7?t=${CANARY}`, CI_MERGE_REQUEST_IID: '12' },
  ...{ CI_REPOSITORY_URL: `https://t:${CANARY}@gitlab.example/acme/infra` },
};
export const ATLANTIS = {
  ...{ PULL_NUM: '12', BASE_REPO_OWNER: 'acme', BASE_REPO_NAME: 'infra', HEAD_COMMIT: COMMIT, USER_NAME: 'carol' },
  ...{ PULL_URL: 'https://github.com/acme/infra/pull/12', PULL_AUTHOR: 'dave', COMMENT_ARGS: `-var,x=${CANARY}` },
};
export const TERRAGRUNT = {
  ...{ TG_CTX_TF_PATH: '/usr/bin/terraform', TG_CTX_COMMAND: 'apply', TG_CTX_HOOK_NAME: 'stateseal_before' },
};
export const SSH = { SSH_CONNECTION: '203.0.113.9 5022 10.0.0.1 22', USER: 'erin' };

export type Variables = Readonly<Record<string, string>>;

export interface HookScene {
  readonly folder: string;
  readonly spool: ClientSpool;
  /** PATH of a job. */
  readonly path: string;
  /** The environment of a job; the hooks' own limit is far away, as tests must not depend on how busy a machine is. */
  world(env: Variables): NodeJS.ProcessEnv;
  /** `killOn`: the whole process group gets SIGTERM a moment after this was printed. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv, killOn?: string): Promise<Told>;
  /** Waits for so many steps. */
  steps(count: number): Promise<readonly PlatformObservation[]>;
  /** What `stateseal` on PATH is; default: the packed program. */
  replaceProgram(script: string): void;
  remove(): void;
}

/** The scene of each test of a `describe`, with the program packed once for all of them. */
export function useHookScene(): HookScene {
  const scene = {} as HookScene;
  let packed: PackedProgram;
  before(() => {
    packed = packProgram();
  });
  after(() => packed.remove());
  beforeEach(async () => {
    Object.assign(scene, await openHookScene(packed.bin));
  });
  afterEach(() => scene.remove());
  return scene;
}

export async function openHookScene(bin: string): Promise<HookScene> {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-hooks-'));
  const spool = await makeClientSpool(join(folder, 'spool'));
  for (const name of ['bin', 'shim', 'work']) mkdirSync(join(folder, name));
  const writeScript = (path: string, script: string): void => {
    writeFileSync(join(folder, path), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, path), 0o755);
  };
  writeScript('bin/stateseal', `exec '${process.execPath}' '${bin}' "$@"`);
  writeScript('shim/terraform', '');
  const path = `${join(folder, 'bin')}:/usr/bin:/bin`;
  return {
    folder,
    spool,
    path,
    world: (env) => ({
      PATH: path,
      HOME: folder,
      STATESEAL_SPOOL: spool.dir,
      STATESEAL_HOOKS_DIR: HOOKS,
      STATESEAL_HOOK_SECONDS: '30',
      STATESEAL_SHIM_DIR: join(folder, 'shim'),
      ...env,
    }),
    run: (program, args, env, killOn) =>
      callProgram({
        ...{ cwd: join(folder, 'work'), program, args, env },
        ...(killOn === undefined ? {} : { end: { on: killOn, signals: ['SIGTERM'], to: 'group' } as const }),
      }),
    async steps(count) {
      const found = (await spool.until(count)).map(({ observation }) => observation as PlatformObservation);
      if (found.length > count) throw new Error(`expected ${count} steps, got ${found.length}`);
      return found;
    },
    replaceProgram: (script) => writeScript('bin/stateseal', script),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  };
}

/** The runner puts both scripts into one that the shell reads as `: | eval`; `before` stands outside of it. */
export function toGitlabScript(script: string, before = ''): string {
  const quoted = `'${script.replaceAll("'", "'\\''")}\n'`;
  return `${before}\nset -e\nif set -o | grep -q pipefail; then set -o pipefail; fi\n: | eval ${quoted}\nexit 0`;
}

/** Sources the hook into the job's shell, as pre_build_script does. */
export const GITLAB_HOOK = `[ ! -r ${HOOKS}/gitlab-pre-build.sh ] || . ${HOOKS}/gitlab-pre-build.sh`;

// What the environment says, and nothing more of it than is named here. Light: the wrapper reads it in the milliseconds
// before Terraform runs, so no parser of configuration files is loaded for it.
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { ConfigError } from './errors.ts';

/** Where the service keeps its spool. */
export const SERVICE_SPOOL = '/var/spool/stateseal';

/** --data-dir, else $STATE_DIRECTORY (systemd), else $XDG_STATE_HOME/stateseal, else ~/.local/state/stateseal. */
export function resolveDataDir(
  flag: string | undefined,
  cwd: string,
  environment: NodeJS.ProcessEnv = process.env,
): string {
  if (flag !== undefined) return resolve(cwd, flag);
  const managed = environment['STATE_DIRECTORY']?.split(':')[0];
  if (managed !== undefined && managed !== '') return managed;
  const stateHome = environment['XDG_STATE_HOME'];
  if (stateHome !== undefined && isAbsolute(stateHome)) return join(stateHome, 'stateseal');
  const home = environment['HOME'];
  if (home === undefined || home === '') {
    throw new ConfigError('no-data-dir', 'expected a place for the data directory, got none', {
      hint: 'give --data-dir, or set XDG_STATE_HOME or HOME',
    });
  }
  return join(home, '.local', 'state', 'stateseal');
}

/**
 * Where a client leaves what it saw: --spool, else $STATESEAL_SPOOL, else the service's where there is one, else that of
 * the user's own data directory; '' where there is no such place.
 */
export function resolveSpoolDir(
  flag: string | undefined,
  cwd: string,
  place: { readonly dataDir: string },
  environment: NodeJS.ProcessEnv = process.env,
): string {
  const given = flag ?? environment['STATESEAL_SPOOL'];
  if (given !== undefined && given !== '') return resolve(cwd, given);
  if (existsSync(SERVICE_SPOOL)) return SERVICE_SPOOL;
  try {
    return join(place.dataDir, 'spool');
  } catch (error) {
    if (error instanceof ConfigError) return '';
    throw error;
  }
}

/** NO_COLOR and TERM=dumb, as terminals agree on. */
export function wantsColor(environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment['NO_COLOR'] ?? '') === '' && environment['TERM'] !== 'dumb';
}

/** What a child process of ours inherits, with additions. */
export function toChildEnvironment(
  additions: Readonly<Record<string, string>>,
  without: RegExp | undefined = undefined,
): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => without?.test(name) !== true);
  return { ...Object.fromEntries(inherited), ...additions };
}

/** The user asked to hear of what a quiet wrapper or hook could not do. */
export function wantsTalk(environment: NodeJS.ProcessEnv = process.env): boolean {
  return (environment['STATESEAL_VERBOSE'] ?? '') !== '';
}

/**
 * Every variable that is ever looked at on behalf of a run. None of them is meant to hold a secret; names that do, such
 * as CI_JOB_TOKEN, CI_REPOSITORY_URL, TF_VAR_* and TF_HTTP_*, must never come onto this list.
 */
const RUN_VARIABLES = [
  // Terraform's own, to find the working directory's backend, workspace and plan.
  ...['TF_DATA_DIR', 'TF_WORKSPACE', 'TF_CLOUD_HOSTNAME', 'TF_CLOUD_ORGANIZATION', 'KUBE_NAMESPACE', 'PG_SCHEMA_NAME'],
  // The person on a terminal.
  ...['USER', 'LOGNAME', 'SUDO_USER', 'SSH_CONNECTION'],
  // GitHub Actions.
  ...['GITHUB_ACTIONS', 'GITHUB_ACTOR', 'GITHUB_TRIGGERING_ACTOR', 'GITHUB_SHA', 'GITHUB_REF', 'GITHUB_HEAD_REF'],
  ...['GITHUB_REPOSITORY', 'GITHUB_RUN_ID', 'GITHUB_RUN_ATTEMPT', 'GITHUB_SERVER_URL', 'GITHUB_EVENT_NAME'],
  ...['GITHUB_EVENT_PATH', 'GITHUB_WORKFLOW', 'GITHUB_JOB'],
  // GitLab CI.
  ...['GITLAB_CI', 'GITLAB_USER_LOGIN', 'CI_COMMIT_SHA', 'CI_COMMIT_REF_NAME', 'CI_MERGE_REQUEST_IID', 'CI_JOB_URL'],
  ...['CI_MERGE_REQUEST_PROJECT_PATH', 'CI_PROJECT_URL', 'CI_PIPELINE_SOURCE', 'CI_JOB_NAME', 'CI_JOB_STATUS'],
  // Atlantis.
  ...['ATLANTIS_TERRAFORM_VERSION', 'BASE_REPO_OWNER', 'BASE_REPO_NAME', 'HEAD_BRANCH_NAME', 'HEAD_COMMIT', 'PULL_NUM'],
  ...['PULL_URL', 'PULL_AUTHOR', 'USER_NAME', 'PROJECT_NAME', 'COMMAND_NAME', 'COMMAND_HAS_ERRORS'],
  // Terragrunt.
  ...['TG_CTX_TF_PATH', 'TG_CTX_COMMAND', 'TG_CTX_HOOK_NAME'],
] as const;

/** Of an http backend. It may hold a password or a token: for parsing alone, never to be kept or shown as it is. */
export function readHttpAddress(environment: NodeJS.ProcessEnv = process.env): string {
  return environment['TF_HTTP_ADDRESS'] ?? '';
}

export type RunVariable = (typeof RUN_VARIABLES)[number];

/** The allow-listed part of an environment; values are as hostile as any text. */
export type RunEnvironment = Readonly<Partial<Record<RunVariable, string>>>;

export function readRunEnvironment(environment: NodeJS.ProcessEnv = process.env): RunEnvironment {
  const picked = RUN_VARIABLES.map((name) => [name, environment[name] ?? ''] as const);
  return Object.fromEntries(picked.filter(([, value]) => value !== ''));
}

// What the platforms say of a run: one pure function each, from the variables they set to the same fields. Facts about
// the variables: docs/TERRAFORM.md §5. None of it is proof: everything is `claimed`.
import type { RunEnvironment } from '../config-environment.ts';
import type { Claim } from '../record/observation.ts';
import { toActor, toClaims, toPullRequest, type ClaimField } from './claim-values.ts';
import type { GithubEvent } from './github-event.ts';

export type Platform = 'github' | 'gitlab' | 'atlantis' | 'terragrunt' | 'ssh';

/** Platforms the environment speaks of, outermost first: Terragrunt may run in a job of GitHub. */
export function detectPlatforms(environment: RunEnvironment): readonly Platform[] {
  const found: Platform[] = [];
  if (environment.GITHUB_ACTIONS === 'true') found.push('github');
  if (environment.GITLAB_CI === 'true') found.push('gitlab');
  if (environment.PULL_NUM !== undefined && environment.BASE_REPO_NAME !== undefined) found.push('atlantis');
  if (environment.TG_CTX_HOOK_NAME !== undefined) found.push('terragrunt');
  if (environment.SSH_CONNECTION !== undefined) found.push('ssh');
  return found;
}

/** Claims of every platform that is there; without one of them, of the person on this host. */
export function claimsOfEnvironment(environment: RunEnvironment, event: GithubEvent): readonly Claim[] {
  const platforms = detectPlatforms(environment);
  const claims = platforms.flatMap((platform) => {
    switch (platform) {
      case 'github':
        return claimsOfGithub(environment, event);
      case 'gitlab':
        return claimsOfGitlab(environment);
      case 'atlantis':
        return claimsOfAtlantis(environment);
      case 'terragrunt':
        return claimsOfTerragrunt(environment);
      case 'ssh':
        // The other end's address is personal data and is not read.
        return say('session', 'ssh');
    }
  });
  const isJob = platforms.some((platform) => platform !== 'ssh' && platform !== 'terragrunt');
  return isJob ? claims : [...claimsOfHost(environment), ...claims];
}

export function claimsOfGithub(environment: RunEnvironment, event: GithubEvent): readonly Claim[] {
  const { GITHUB_REPOSITORY: repository, GITHUB_SERVER_URL: server = '' } = environment;
  const actor = toActor('github', environment.GITHUB_TRIGGERING_ACTOR ?? environment.GITHUB_ACTOR);
  const requester = toActor('github', environment.GITHUB_ACTOR);
  // In a pull request GITHUB_SHA is a merge that exists on the server only; the head is what people know.
  const isMerge = event.headCommit !== '' && event.headCommit !== environment.GITHUB_SHA;
  return [
    ...say('platform', 'github'),
    ...say('actor', actor),
    // Who began the first attempt, where another person ran it again.
    ...(requester === actor ? [] : say('requester', requester)),
    ...(isMerge ? toClaims('commit', event.headCommit, 'event-file') : []),
    ...say(isMerge ? 'merge-commit' : 'commit', environment.GITHUB_SHA),
    ...say('ref', environment.GITHUB_HEAD_REF ?? environment.GITHUB_REF),
    ...say('repository', repository === undefined ? '' : `${server}/${repository}`),
    ...toClaims('pull-request', toPullRequest(repository, event.pullRequest), 'event-file'),
    ...say('job-url', githubJobUrl(environment)),
    ...say('run-attempt', environment.GITHUB_RUN_ATTEMPT),
    ...say('workflow', environment.GITHUB_WORKFLOW),
    ...say('job', environment.GITHUB_JOB),
    ...say('event', environment.GITHUB_EVENT_NAME),
  ];
}

function githubJobUrl(environment: RunEnvironment): string {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = environment;
  if (server === undefined || repository === undefined || run === undefined) return '';
  return `${server}/${repository}/actions/runs/${run}/attempts/${environment.GITHUB_RUN_ATTEMPT ?? '1'}`;
}

export function claimsOfGitlab(environment: RunEnvironment): readonly Claim[] {
  const { CI_MERGE_REQUEST_PROJECT_PATH: project, CI_MERGE_REQUEST_IID: number } = environment;
  return [
    ...say('platform', 'gitlab'),
    ...say('actor', toActor('gitlab', environment.GITLAB_USER_LOGIN)),
    ...say('commit', environment.CI_COMMIT_SHA),
    ...say('ref', environment.CI_COMMIT_REF_NAME),
    ...say('repository', environment.CI_PROJECT_URL),
    ...say('pull-request', toPullRequest(project, number)),
    ...say('job-url', environment.CI_JOB_URL),
    ...say('job', environment.CI_JOB_NAME),
    ...say('event', environment.CI_PIPELINE_SOURCE),
  ];
}

export function claimsOfAtlantis(environment: RunEnvironment): readonly Claim[] {
  const { BASE_REPO_OWNER: owner, BASE_REPO_NAME: name, PULL_URL: url = '' } = environment;
  const project = owner === undefined || name === undefined ? undefined : `${owner}/${name}`;
  // Who wrote "atlantis apply" acts; who opened the pull request asked for it.
  const actor = toActor('atlantis', environment.USER_NAME);
  const requester = toActor('atlantis', environment.PULL_AUTHOR);
  return [
    ...say('platform', 'atlantis'),
    ...say('actor', actor),
    ...(requester === actor ? [] : say('requester', requester)),
    ...say('commit', environment.HEAD_COMMIT),
    ...say('ref', environment.HEAD_BRANCH_NAME),
    ...say('repository', url.replace(/\/(?:pull|-\/merge_requests|pull-requests|pullrequest)\/\d+.*$/, '')),
    ...say('pull-request', toPullRequest(project, environment.PULL_NUM)),
    // No job-url: Atlantis has a page per pull request, and that is no job.
    ...say('project', environment.PROJECT_NAME),
    ...say('step', environment.COMMAND_NAME),
  ];
}

export function claimsOfTerragrunt(environment: RunEnvironment): readonly Claim[] {
  return [
    ...say('platform', 'terragrunt'),
    ...say('step', environment.TG_CTX_COMMAND),
    ...say('job', environment.TG_CTX_HOOK_NAME),
  ];
}

/** Behind sudo the person is who called it. The recorder sees the uid by itself; this is the name alone. */
export function claimsOfHost(environment: RunEnvironment): readonly Claim[] {
  return say('actor', toActor('user', environment.SUDO_USER ?? environment.USER ?? environment.LOGNAME));
}

/** How the step ended, where the platform says so in a variable; most do not. */
export function outcomeOf(environment: RunEnvironment): 'succeeded' | 'failed' | 'unknown' {
  const { CI_JOB_STATUS: status = '', COMMAND_HAS_ERRORS: hasErrors = '' } = environment;
  if (status === 'success' || hasErrors === 'false') return 'succeeded';
  if (status === 'failed' || hasErrors === 'true') return 'failed';
  return 'unknown';
}

function say(field: ClaimField, value: string | undefined): readonly Claim[] {
  return toClaims(field, value, 'environment');
}

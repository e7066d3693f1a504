// From the variables of each platform to the same fields; nothing that is not on the allow-list is ever read, and what
// does not look like its field is left out.
import { expect } from 'chai';
import fc from 'fast-check';
import { readRunEnvironment } from '../../daemon/config-environment.ts';
import { NO_EVENT, parseGithubEvent } from '../../daemon/run/github-event.ts';
import { claimsOfEnvironment, detectPlatforms, outcomeOf } from '../../daemon/run/platforms.ts';

const COMMIT = 'a'.repeat(40);
const CANARY = 'canary-7Hq9zT2mXw';

describe('claims of platforms', () => {
  const facts = (environment: NodeJS.ProcessEnv, event = NO_EVENT): Record<string, string> =>
    Object.fromEntries(
      claimsOfEnvironment(readRunEnvironment(environment), event).map(({ field, value }) => [field, value]),
    );

  it('GitHub', () => {
    const environment = {
      ...{ GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'octocat', GITHUB_SHA: COMMIT, GITHUB_REF: 'refs/heads/main' },
      ...{ GITHUB_REPOSITORY: 'acme/infra', GITHUB_SERVER_URL: 'https://github.com', GITHUB_RUN_ID: '8123' },
      ...{ GITHUB_RUN_ATTEMPT: '2', GITHUB_WORKFLOW: 'Deploy prod', GITHUB_JOB: 'apply', GITHUB_EVENT_NAME: 'push' },
    };
    expect(facts(environment)).to.deep.equal({
      platform: 'github',
      actor: 'github:octocat',
      commit: COMMIT,
      ref: 'refs/heads/main',
      repository: 'github.com/acme/infra',
      'job-url': 'https://github.com/acme/infra/actions/runs/8123/attempts/2',
      'run-attempt': '2',
      workflow: 'Deploy prod',
      job: 'apply',
      event: 'push',
    });
    expect(facts({ ...environment, GITHUB_ACTOR: 'dependabot[bot]' })).to.include({ actor: 'github:dependabot[bot]' });
  });

  it('GitHub, a pull request: the head from the event file, not the merge', () => {
    const head = 'b'.repeat(40);
    const text = JSON.stringify({ pull_request: { number: 12, head: { sha: head }, title: CANARY } });
    const event = parseGithubEvent(Buffer.from(text));
    const environment = { GITHUB_ACTIONS: 'true', GITHUB_SHA: COMMIT, GITHUB_REPOSITORY: 'acme/infra' };
    expect(facts(environment, event)).to.include({
      commit: head,
      'merge-commit': COMMIT,
      'pull-request': 'acme/infra#12',
    });
    for (const broken of [
      '',
      '{',
      '[]',
      '{"pull_request":{"number":"12","head":{"sha":7}}}',
      '{"pull_request":null}',
    ]) {
      expect(parseGithubEvent(Buffer.from(broken)), broken).to.deep.equal(NO_EVENT);
    }
  });

  it('GitLab, Atlantis, Terragrunt', () => {
    expect(
      facts({
        ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, CI_COMMIT_REF_NAME: 'main' },
        ...{ CI_PROJECT_URL: 'https://gitlab.example/acme/infra', CI_MERGE_REQUEST_PROJECT_PATH: 'acme/infra' },
        ...{ CI_MERGE_REQUEST_IID: '7', CI_JOB_URL: 'https://gitlab.example/acme/infra/-/jobs/9' },
      }),
    ).to.deep.equal({
      platform: 'gitlab',
      actor: 'gitlab:carol',
      commit: COMMIT,
      ref: 'main',
      repository: 'gitlab.example/acme/infra',
      'pull-request': 'acme/infra#7',
      'job-url': 'https://gitlab.example/acme/infra/-/jobs/9',
    });
    expect(
      facts({
        ...{
          PULL_NUM: '12',
          BASE_REPO_OWNER: 'acme',
          BASE_REPO_NAME: 'infra',
          USER_NAME: 'carol',
          PULL_AUTHOR: 'dave',
        },
        ...{ PULL_URL: 'https://github.com/acme/infra/pull/12', HEAD_COMMIT: COMMIT, TG_CTX_HOOK_NAME: 'before' },
        ...{ TG_CTX_COMMAND: 'apply' },
      }),
    ).to.include({
      actor: 'atlantis:carol',
      requester: 'atlantis:dave',
      repository: 'github.com/acme/infra',
      'pull-request': 'acme/infra#12',
      step: 'apply',
    });
  });

  it('a person on a terminal: who called sudo, and that it is ssh without the address', () => {
    expect(facts({ USER: 'root', SUDO_USER: 'erin', SSH_CONNECTION: '203.0.113.9 1 10.0.0.1 22' })).to.deep.equal({
      actor: 'user:erin',
      session: 'ssh',
    });
    expect(facts({})).to.deep.equal({});
    expect(detectPlatforms({ GITHUB_ACTIONS: 'false', SSH_CONNECTION: 'x' })).to.deep.equal(['ssh']);
  });

  it('says how a step ended only where the platform does', () => {
    expect(outcomeOf({ CI_JOB_STATUS: 'running' })).to.equal('unknown');
    expect(outcomeOf({ CI_JOB_STATUS: 'success' })).to.equal('succeeded');
    expect(outcomeOf({ COMMAND_HAS_ERRORS: 'true' })).to.equal('failed');
  });

  it('reads no variable that is not meant for it', () => {
    const secret = {
      ...{ CI_JOB_TOKEN: CANARY, GITHUB_TOKEN: CANARY, TF_VAR_password: CANARY, TF_HTTP_ADDRESS: CANARY },
      ...{ TF_HTTP_PASSWORD: CANARY, AWS_SECRET_ACCESS_KEY: CANARY, CI_REPOSITORY_URL: CANARY, TF_CLI_ARGS: CANARY },
      ...{ COMMENT_ARGS: CANARY, SSH_ORIGINAL_COMMAND: CANARY, ACTIONS_ID_TOKEN_REQUEST_TOKEN: CANARY },
    };
    expect(readRunEnvironment({ ...secret, GITLAB_CI: 'true' })).to.deep.equal({ GITLAB_CI: 'true' });
  });

  it('leaves out values that hold more than their field', () => {
    const environment = {
      ...{
        GITLAB_CI: 'true',
        GITLAB_USER_LOGIN: 'carol@example.com',
        CI_COMMIT_SHA: 'HEAD',
        CI_JOB_NAME: 'a\u001b[2J',
      },
      ...{ CI_PROJECT_URL: `https://t:${CANARY}@gitlab.example/acme/infra`, CI_COMMIT_REF_NAME: `a\nb` },
      ...{ CI_JOB_URL: `https://gitlab.example/jobs/9?token=${CANARY}#${CANARY}` },
    };
    expect(facts(environment)).to.deep.equal({
      platform: 'gitlab',
      repository: 'gitlab.example/acme/infra',
      'job-url': 'https://gitlab.example/jobs/9',
    });
  });

  it('never says a control character or more than 1 KiB, whatever the values', () => {
    const names = Object.keys(readRunEnvironment(new Proxy({}, { get: () => 'x' })));
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom(...names), fc.string({ unit: 'binary', maxLength: 2000 })),
        (values) => {
          const environment = {
            ...values,
            GITHUB_ACTIONS: 'true',
            GITLAB_CI: 'true',
            PULL_NUM: '1',
            BASE_REPO_NAME: 'x',
          };
          for (const { value } of claimsOfEnvironment(environment, NO_EVENT)) {
            expect(value).to.match(/^[^\p{Cc}\p{Cs}]{1,1024}$/u);
          }
        },
      ),
      { numRuns: 60 },
    );
  });
});

// The variables of every platform that is known, told by its hook to a real recorder, and the fields that then stand in
// the log: one table. What a platform does not say is named as missing. Secrets in the variables are hunted.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ClaimField } from '../../daemon/run/claim-values.ts';
import { describeHits, findCanaries, readFolder, toPlace } from '../support/canary-hunt.ts';
import { HOOKS, openHookScene, SILENT, type HookScene, type Variables } from '../support/hook-scene.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { readLog } from '../support/state-bucket.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';

const CANARIES = [
  { name: 'a token of the platform', secret: 'TOKEN-canary-4be1907c' },
  { name: 'userinfo of a URL', secret: 'USERINFO-canary-90cd11' },
  { name: 'query of a URL', secret: 'QUERY-canary-7d20ef43' },
  { name: 'fragment of a URL', secret: 'FRAGMENT-canary-5512a' },
  { name: 'text of a person', secret: 'TITLE-canary-e8f013b7' },
];
const [TOKEN = '', USERINFO = '', QUERY = '', FRAGMENT = '', TITLE = ''] = CANARIES.map(({ secret }) => secret);
const url = (place: string): string => `https://x:${USERINFO}@${place}?t=${QUERY}#${FRAGMENT}`;
const hash = (digit: string): string => digit.repeat(40);

type Fields = Readonly<Partial<Record<ClaimField, string>>>;

interface Row {
  readonly variables: Variables;
  /** As its platform calls it, with `started` in the name of what it tells. */
  readonly hook: readonly [program: string, ...args: string[]];
  readonly fields: Fields;
  /** What the platform has no variable for, or ours does not read. */
  readonly missing: readonly ClaimField[];
}

const TABLE: Readonly<Record<string, Row>> = {
  github: {
    variables: {
      ...{ GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'gh-first', GITHUB_TRIGGERING_ACTOR: 'gh-again' },
      ...{ GITHUB_SHA: hash('a'), GITHUB_REF: 'refs/pull/11/merge', GITHUB_HEAD_REF: 'gh-branch' },
      ...{ GITHUB_REPOSITORY: 'gh-org/gh-repo', GITHUB_SERVER_URL: `https://x:${USERINFO}@github.com` },
      ...{ GITHUB_RUN_ID: '811', GITHUB_RUN_ATTEMPT: '3', GITHUB_WORKFLOW: 'Gh deploy', GITHUB_JOB: 'gh-apply' },
      ...{ GITHUB_EVENT_NAME: 'pull_request', GITHUB_TOKEN: TOKEN, ACTIONS_RUNTIME_TOKEN: TOKEN },
    },
    hook: ['bash', '--noprofile', '--norc', '-e', '-o', 'pipefail', `${HOOKS}/github-job-started.sh`],
    fields: {
      ...{ platform: 'github', actor: 'github:gh-again', requester: 'github:gh-first' },
      ...{ commit: hash('b'), 'merge-commit': hash('a'), ref: 'gh-branch', repository: 'github.com/gh-org/gh-repo' },
      ...{ 'pull-request': 'gh-org/gh-repo#11', 'run-attempt': '3', workflow: 'Gh deploy', job: 'gh-apply' },
      ...{ 'job-url': 'https://github.com/gh-org/gh-repo/actions/runs/811/attempts/3', event: 'pull_request' },
    },
    missing: ['project', 'session', 'step'],
  },
  gitlab: {
    variables: {
      ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'gl-user', CI_COMMIT_SHA: hash('c'), CI_COMMIT_REF_NAME: 'gl-branch' },
      ...{ CI_PROJECT_URL: url('gitlab.example/gl-group/gl-repo'), CI_MERGE_REQUEST_IID: '22' },
      ...{ CI_MERGE_REQUEST_PROJECT_PATH: 'gl-group/gl-repo', CI_JOB_NAME: 'gl-apply', CI_PIPELINE_SOURCE: 'schedule' },
      ...{ CI_JOB_URL: url('gitlab.example/gl-group/gl-repo/-/jobs/220'), CI_JOB_TOKEN: TOKEN },
      ...{ CI_REPOSITORY_URL: url('gitlab.example/gl-group/gl-repo.git'), CI_MERGE_REQUEST_TITLE: TITLE },
    },
    hook: ['sh', '-ec', `. ${HOOKS}/gitlab-pre-build.sh; trap - EXIT`],
    fields: {
      ...{ platform: 'gitlab', actor: 'gitlab:gl-user', commit: hash('c'), ref: 'gl-branch', job: 'gl-apply' },
      ...{ repository: 'gitlab.example/gl-group/gl-repo', 'pull-request': 'gl-group/gl-repo#22', event: 'schedule' },
      'job-url': 'https://gitlab.example/gl-group/gl-repo/-/jobs/220',
    },
    missing: ['merge-commit', 'project', 'requester', 'run-attempt', 'session', 'step', 'workflow'],
  },
  atlantis: {
    variables: {
      ...{
        PULL_NUM: '33',
        PULL_URL: url('bitbucket.example/at-org/at-repo/pull-requests/33'),
        PULL_AUTHOR: 'at-author',
      },
      ...{
        BASE_REPO_OWNER: 'at-org',
        BASE_REPO_NAME: 'at-repo',
        HEAD_COMMIT: hash('d'),
        HEAD_BRANCH_NAME: 'at-branch',
      },
      ...{ USER_NAME: 'at-user', PROJECT_NAME: 'at-project', COMMAND_NAME: 'apply', COMMENT_ARGS: `-var,x=${TOKEN}` },
      ...{ ATLANTIS_GH_TOKEN: TOKEN },
    },
    hook: ['sh', '-c', `${HOOKS}/atlantis.sh apply-started`],
    fields: {
      ...{ platform: 'atlantis', actor: 'atlantis:at-user', requester: 'atlantis:at-author', commit: hash('d') },
      ...{ ref: 'at-branch', repository: 'bitbucket.example/at-org/at-repo', 'pull-request': 'at-org/at-repo#33' },
      ...{ project: 'at-project', step: 'apply' },
    },
    missing: ['event', 'job', 'job-url', 'merge-commit', 'run-attempt', 'session', 'workflow'],
  },
  terragrunt: {
    variables: {
      ...{ TG_CTX_TF_PATH: '/opt/tg/terraform', TG_CTX_COMMAND: 'destroy', TG_CTX_HOOK_NAME: 'tg_before' },
      ...{ USER: 'tg-user', TF_VAR_password: TOKEN, TF_HTTP_ADDRESS: url('states.example/tg') },
    },
    hook: [`${HOOKS}/terragrunt.sh`, 'before'],
    fields: { platform: 'terragrunt', actor: 'user:tg-user', step: 'destroy', job: 'tg_before' },
    missing: [
      ...(['commit', 'event', 'job-url', 'merge-commit', 'project', 'pull-request', 'ref', 'repository'] as const),
      ...(['requester', 'run-attempt', 'session', 'workflow'] as const),
    ],
  },
  ci: {
    variables: { BUILD_URL: url('ci.example/never-read'), GIT_URL: url('git.example/never-read'), API_TOKEN: TOKEN },
    hook: [
      ...([`${HOOKS}/ci.sh`, 'started', '--actor', 'ci-user', '--commit', hash('e')] as const),
      ...['--pull-request', 'ci-org/ci-repo#55', '--job-url', url('ci.example/jobs/550')],
    ],
    fields: {
      ...{ actor: 'ci:ci-user', commit: hash('e'), 'pull-request': 'ci-org/ci-repo#55' },
      'job-url': 'https://ci.example/jobs/550',
    },
    missing: [
      ...(['event', 'job', 'merge-commit', 'platform', 'project', 'ref', 'repository', 'requester'] as const),
      ...(['run-attempt', 'session', 'step', 'workflow'] as const),
    ],
  },
  ssh: {
    variables: { SSH_CONNECTION: '203.0.113.9 50 10.0.0.1 22', USER: 'ssh-user', SSH_ORIGINAL_COMMAND: TOKEN },
    hook: ['bash', '-c', `. ${HOOKS}/ssh-profile.sh`],
    fields: { actor: 'user:ssh-user', session: 'ssh' },
    missing: [
      ...(['commit', 'event', 'job', 'job-url', 'merge-commit', 'platform', 'project', 'pull-request'] as const),
      ...(['ref', 'repository', 'requester', 'run-attempt', 'step', 'workflow'] as const),
    ],
  },
};

const FIELDS: Readonly<Record<ClaimField, true>> = {
  ...{ actor: true, commit: true, event: true, job: true, 'job-url': true, 'merge-commit': true, platform: true },
  ...{ project: true, 'pull-request': true, ref: true, repository: true, requester: true, 'run-attempt': true },
  ...{ session: true, step: true, workflow: true },
};

describe('fields of platforms in the log of a recorder', function () {
  this.timeout(180_000);
  let scene: HookScene;
  let packed: PackedProgram;
  let daemon: StatesealProcess | undefined;

  before(async () => {
    packed = packProgram();
    scene = await openHookScene(packed.bin);
  });
  after(async () => {
    await daemon?.stop('SIGKILL');
    scene.remove();
    packed.remove();
  });

  it('each platform says the same fields; told to a recorder that runs and to one that is down; no secret anywhere', async () => {
    const [dataDir, root] = [join(scene.folder, 'data'), join(scene.folder, 'root')];
    const event = join(scene.folder, 'event.json');
    mkdirSync(root);
    const pull = {
      number: 11,
      title: TITLE,
      body: TOKEN,
      head: { sha: hash('b'), repo: { url: url('github.com/x') } },
    };
    writeFileSync(event, JSON.stringify({ pull_request: pull }));
    const more = { STATESEAL_SPOOL: join(dataDir, 'spool'), GITHUB_EVENT_PATH: event };
    const tellAll = async (): Promise<void> => {
      for (const [name, { variables, hook }] of Object.entries(TABLE)) {
        const [program, ...args] = hook;
        expect(await scene.run(program, args, scene.world({ ...variables, ...more })), name).to.deep.equal(SILENT);
      }
    };
    const watch = async (): Promise<StatesealProcess> => {
      daemon = spawnStateseal(['watch', root, '--data-dir', dataDir, '--http', 'off']);
      await daemon.until(/ready/u);
      return daemon;
    };
    const count = Object.keys(TABLE).length;
    const first = await watch();
    await tellAll();
    expectTable(await reported(dataDir, count));
    const ended = await first.stop();
    await tellAll();
    const second = await watch();
    const all = await reported(dataDir, 2 * count);
    expectTable(all.slice(count));
    const { stdout, stderr } = await second.stop();
    const texts = [ended.stdout, ended.stderr, stdout, stderr].map((text, index) => toPlace(`output ${index}`, text));
    const hits = findCanaries([...(await readFolder(dataDir)), ...texts], CANARIES);
    expect(hits, describeHits(hits)).to.deep.equal([]);
    expect(JSON.stringify(all)).not.to.contain('203.0.113.9').and.not.contain('never-read');
  });

  it('the table names every field, as said or as missing', () => {
    for (const [name, { fields, missing }] of Object.entries(TABLE)) {
      expect([...Object.keys(fields), ...missing].sort(), name).to.deep.equal(Object.keys(FIELDS).sort());
    }
  });
});

interface Reported {
  readonly platform: string;
  readonly outcome: string;
  readonly claims: readonly { readonly field: string; readonly value: string; readonly known: string }[];
}

/** The claims as they stand in the log; what the recorder itself observed of the account is no word of a platform. */
function expectTable(found: readonly Reported[]): void {
  const told = found.map(({ platform, outcome, claims }): [string, object] => {
    const claimed = claims.filter(({ known }) => known === 'claimed').map(({ field, value }) => `${field} ${value}`);
    return [platform, { outcome, claimed: claimed.sort() }];
  });
  const wanted = Object.entries(TABLE).map(([platform, { fields }]): [string, object] => [
    platform,
    {
      outcome: 'unknown',
      claimed: Object.entries(fields)
        .map(([field, value]) => `${field} ${value}`)
        .sort(),
    },
  ]);
  expect(Object.fromEntries(told)).to.deep.equal(Object.fromEntries(wanted));
}

async function reported(dataDir: string, count: number): Promise<readonly Reported[]> {
  let found: readonly Reported[] = [];
  for (const deadlineMs = Date.now() + 60_000; Date.now() < deadlineMs;) {
    const records = readLog(dataDir).filter(({ record }) => record.type === 'platform.reported');
    found = records.map(({ record }) => record.data as unknown as Reported);
    if (found.length >= count) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(found.length).to.equal(count);
  return found;
}

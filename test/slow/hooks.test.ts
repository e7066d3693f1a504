// Each hook as its platform runs it, by drivers that imitate the platform's own way to call: on success, on failure, when
// the job is killed, and without a recorder. Atlantis and Terragrunt themselves are not here: their calls are imitated.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { PlatformObservation } from '../../daemon/record/run.ts';
import { packProgram } from '../support/packed-program.ts';
import { makeClientSpool, type ClientSpool } from '../support/client-spool.ts';

const HOOKS = fileURLToPath(new URL('../../hooks', import.meta.url));
const COMMIT = 'c0ffee'.padEnd(40, '0');
const CANARY = 'canary-7Hq9zT2mXw';

interface Told {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const GITHUB = {
  ...{ GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'carol', GITHUB_TRIGGERING_ACTOR: 'dave', GITHUB_SHA: 'f'.repeat(40) },
  ...{ GITHUB_REPOSITORY: 'acme/infra', GITHUB_SERVER_URL: `https://x:${CANARY}@github.com`, GITHUB_RUN_ID: '8123' },
  ...{ GITHUB_RUN_ATTEMPT: '2', GITHUB_EVENT_NAME: 'pull_request', GITHUB_TOKEN: CANARY },
};
const GITLAB = {
  ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, CI_JOB_TOKEN: CANARY },
  ...{
    CI_PROJECT_URL: 'https://gitlab.example/acme/infra',
    CI_JOB_URL: `https://gitlab.example/acme/infra/-/jobs/7?t=${CANARY}`,
  },
  ...{
    CI_MERGE_REQUEST_PROJECT_PATH: 'acme/infra',
    CI_MERGE_REQUEST_IID: '12',
    CI_REPOSITORY_URL: `https://t:${CANARY}@gitlab.example/acme/infra`,
  },
};
const ATLANTIS = {
  ...{ PULL_NUM: '12', BASE_REPO_OWNER: 'acme', BASE_REPO_NAME: 'infra', HEAD_COMMIT: COMMIT, USER_NAME: 'carol' },
  ...{ PULL_URL: 'https://github.com/acme/infra/pull/12', PULL_AUTHOR: 'dave', COMMENT_ARGS: `-var,x=${CANARY}` },
};

describe('hooks, as their platforms run them', function () {
  this.timeout(180_000);
  let folder: string;
  let spool: ClientSpool;
  let packed: { readonly bin: string; remove(): void };

  before(() => {
    packed = packProgram();
  });
  after(() => packed.remove());

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-hooks-'));
    spool = await makeClientSpool(join(folder, 'spool'));
    for (const name of ['bin', 'shim', 'work']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'bin', 'stateseal'), `#!/bin/sh\nexec '${process.execPath}' '${packed.bin}' "$@"\n`);
    writeFileSync(join(folder, 'shim', 'terraform'), '#!/bin/sh\n');
    for (const path of ['bin/stateseal', 'shim/terraform']) chmodSync(join(folder, path), 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));

  const world = (env: Readonly<Record<string, string>>): NodeJS.ProcessEnv => ({
    PATH: `${join(folder, 'bin')}:/usr/bin:/bin`,
    HOME: folder,
    STATESEAL_SPOOL: spool.dir,
    STATESEAL_HOOKS_DIR: HOOKS,
    // Of the last test alone; the others must not depend on how busy the machine is.
    STATESEAL_HOOK_SECONDS: '30',
    STATESEAL_SHIM_DIR: join(folder, 'shim'),
    ...env,
  });
  const run = (program: string, args: readonly string[], env: NodeJS.ProcessEnv, killOn?: string): Promise<Told> =>
    new Promise((resolve, reject) => {
      const cwd = join(folder, 'work');
      const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => {
        stdout += chunk.toString();
        // A shell that is just starting its next command may leave that one alone: it is given a moment.
        if (stdout.includes(killOn ?? '\0')) setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGTERM'), 300);
      });
      child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
      child.on('error', reject);
      child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
    });
  const steps = async (count: number): Promise<readonly PlatformObservation[]> =>
    (await spool.until(count)).map(({ observation }) => observation as PlatformObservation);
  const value = ({ claims }: PlatformObservation, field: string): string =>
    claims.find((claim) => claim.field === field)?.value ?? '';
  const silent = { code: 0, signal: null, stdout: '', stderr: '' };

  it('GitHub: job started and completed, the head commit of the pull request, the shim on PATH', async () => {
    const event = join(folder, 'event.json');
    writeFileSync(event, JSON.stringify({ pull_request: { number: 12, head: { sha: COMMIT }, body: CANARY } }));
    const path = join(folder, 'github-path');
    writeFileSync(path, '');
    const env = world({ ...GITHUB, GITHUB_EVENT_PATH: event, GITHUB_PATH: path });
    for (const name of ['started', 'completed']) {
      const told = await run('bash', ['-e', join(HOOKS, `github-job-${name}.sh`)], env);
      expect(told).to.deep.equal(silent);
    }
    const [started, finished] = await steps(2);
    expect([started?.event, finished?.event]).to.deep.equal(['job-started', 'job-finished']);
    expect(value(started as PlatformObservation, 'actor')).to.equal('github:dave');
    expect(value(started as PlatformObservation, 'requester')).to.equal('github:carol');
    expect(value(started as PlatformObservation, 'commit')).to.equal(COMMIT);
    expect(value(started as PlatformObservation, 'merge-commit')).to.equal('f'.repeat(40));
    expect(value(started as PlatformObservation, 'pull-request')).to.equal('acme/infra#12');
    expect(JSON.stringify([started, finished])).not.to.contain(CANARY);
    expect(readFileSync(path, 'utf8')).to.equal(`${join(folder, 'shim')}\n`);
  });

  /** The runner puts both scripts into one that bash reads as `: | eval`. */
  const gitlab = (script: string, env: NodeJS.ProcessEnv, killOn?: string): Promise<Told> =>
    gitlabJob(`. ${join(HOOKS, 'gitlab-pre-build.sh')}\n${script}\n`, env, killOn);
  const gitlabJob = (text: string, env: NodeJS.ProcessEnv, killOn?: string): Promise<Told> => {
    const quoted = `$'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
    return run('bash', ['-c', `set -eo pipefail\nset +o noclobber\n: | eval ${quoted}\nexit 0`], env, killOn);
  };

  it('GitLab: success, failure with its own code, a trap that was there', async () => {
    const env = world(GITLAB);
    expect(await gitlab('command -v terraform', env)).to.deep.equal({
      ...silent,
      stdout: `${join(folder, 'shim')}/terraform\n`,
    });
    for (const failing of ['exit 7', '(exit 7)\necho never', 'false | cat\necho never']) {
      // What bash makes of a failure in there is its own business; the hook must not change it.
      const bare = await gitlabJob(failing, env);
      expect(bare.code).not.to.equal(0);
      expect(await gitlab(failing, env), failing).to.deep.equal(bare);
    }
    const prior = `trap 'echo "prior $?"' EXIT\n. ${join(HOOKS, 'gitlab-pre-build.sh')}\nexit 5`;
    for (const shell of ['bash', 'sh']) {
      const told = await run(shell, ['-ec', prior], env);
      expect(told.code, shell).to.equal(5);
      if (shell === 'bash') expect(told.stdout).to.equal('prior 5\n');
    }
    const seen = (await steps(12)).map(({ event, outcome }) => `${event} ${outcome}`);
    expect(seen.filter((each) => each === 'job-started unknown')).to.have.length(6);
    expect(seen.filter((each) => each === 'job-finished failed')).to.have.length(5);
    expect(seen.filter((each) => each === 'job-finished succeeded')).to.have.length(1);
    expect(JSON.stringify(await spool.read())).not.to.contain(CANARY);
  });

  it('GitLab: a job that is cancelled', async () => {
    const told = await gitlab('echo begun\nsleep 30', world(GITLAB), 'begun');
    expect(told.signal ?? told.code).to.be.oneOf(['SIGTERM', 143]);
    expect((await steps(1))[0]?.event).to.equal('job-started');
  });

  it('Atlantis: a run step and the hook after a failed apply', async () => {
    expect(await run('sh', ['-c', `${HOOKS}/atlantis.sh apply-started`], world(ATLANTIS))).to.deep.equal(silent);
    const after = world({ ...ATLANTIS, COMMAND_NAME: 'apply', COMMAND_HAS_ERRORS: 'true' });
    expect(await run('sh', ['-c', `${HOOKS}/atlantis.sh finished`], after)).to.deep.equal(silent);
    const [started, finished] = await steps(2);
    expect(started).to.include({ platform: 'atlantis', event: 'apply-started', outcome: 'unknown' });
    expect(finished).to.include({ event: 'finished', outcome: 'failed' });
    expect(value(started as PlatformObservation, 'actor')).to.equal('atlantis:carol');
    expect(value(started as PlatformObservation, 'repository')).to.equal('github.com/acme/infra');
    expect(value(started as PlatformObservation, 'job-url')).to.equal('');
    expect(JSON.stringify([started, finished])).not.to.contain(CANARY);
  });

  it('Terragrunt: before, after and error, with its context', async () => {
    const env = world({
      TG_CTX_TF_PATH: '/usr/bin/terraform',
      TG_CTX_COMMAND: 'apply',
      TG_CTX_HOOK_NAME: 'stateseal_before',
    });
    for (const event of ['before', 'after', 'error']) {
      expect(await run(join(HOOKS, 'terragrunt.sh'), [event], env)).to.deep.equal(silent);
    }
    expect((await steps(3)).map(({ event, outcome }) => `${event} ${outcome}`)).to.deep.equal([
      'before unknown',
      'after unknown',
      'error failed',
    ]);
  });

  it('other CI, and a login by ssh', async () => {
    const flags = ['--actor', 'carol', '--commit', COMMIT, '--pull-request', 'acme/infra#12'];
    const url = `https://x:${CANARY}@ci.example/jobs/7?token=${CANARY}`;
    const ci = ['finished', 'succeeded', ...flags, '--job-url', url];
    expect(await run(join(HOOKS, 'ci.sh'), ci, world({}))).to.deep.equal(silent);
    const [step] = await steps(1);
    expect(
      step?.claims.filter(({ by }) => by === 'flag').map((claim) => `${claim.field} ${claim.value}`),
    ).to.deep.equal([
      'actor ci:carol',
      `commit ${COMMIT}`,
      'pull-request acme/infra#12',
      'job-url https://ci.example/jobs/7',
    ]);
    const login = world({ SSH_CONNECTION: '203.0.113.9 5022 10.0.0.1 22', USER: 'erin' });
    const told = await run('sh', ['-c', `. ${join(HOOKS, 'ssh-profile.sh')}; command -v terraform`], login);
    expect(told).to.deep.equal({ ...silent, stdout: `${join(folder, 'shim')}/terraform\n` });
    const seen = await steps(2);
    expect(seen.map(({ platform, outcome }) => `${platform} ${outcome}`)).to.have.members([
      'ci succeeded',
      'ssh unknown',
    ]);
    expect(JSON.stringify(seen)).to.contain('user:erin').and.not.contain('203.0.113.9').and.not.contain(CANARY);
  });

  it('every hook, without a spool and without stateseal: exit 0, one line at most, the job goes on', async () => {
    const sourced = (name: string): readonly string[] => ['-ec', `. ${join(HOOKS, name)}; echo on`];
    const calls: readonly (readonly [program: string, args: readonly string[], env: Record<string, string>])[] = [
      ['bash', ['-e', join(HOOKS, 'github-job-started.sh')], GITHUB],
      ['bash', ['-e', join(HOOKS, 'github-job-completed.sh')], GITHUB],
      ['sh', sourced('gitlab-pre-build.sh'), GITLAB],
      ['sh', ['-c', `${HOOKS}/atlantis.sh apply-started`], ATLANTIS],
      [join(HOOKS, 'terragrunt.sh'), ['error'], {}],
      [join(HOOKS, 'ci.sh'), ['finished', 'failed'], {}],
      ['sh', sourced('ssh-profile.sh'), { SSH_CONNECTION: '203.0.113.9 5022 10.0.0.1 22', USER: 'erin' }],
    ];
    for (const [program, args, env] of calls) {
      const down = { STATESEAL_SPOOL: join(folder, 'nowhere') };
      const without = { PATH: '/usr/bin:/bin' };
      for (const missing of [down, without]) {
        const told = await run(program, args, world({ ...env, ...missing }));
        expect(told.code, args.join(' ')).to.equal(0);
        expect(told.stdout).to.equal(args[0] === '-ec' ? 'on\n' : '');
        // GitLab's hook tells twice: at the start and at the end.
        for (const line of told.stderr.trimEnd().split('\n')) expect(line).to.match(/^(?:$|stateseal: )/u);
        expect(told.stderr.split('\n').length).to.be.at.most(3);
        expect(told.stderr).not.to.contain(CANARY);
      }
    }
    expect(await spool.read()).to.deep.equal([]);
  });

  it('without a spool, without stateseal, and with one that hangs: exit 0 and one line', async () => {
    const hook = join(HOOKS, 'github-job-completed.sh');
    const none = await run('bash', ['-e', hook], world({ ...GITHUB, STATESEAL_SPOOL: join(folder, 'nowhere') }));
    expect(none).to.include({ code: 0, stdout: '' });
    expect(none.stderr).to.match(/^(?:stateseal: this step is not recorded \(no-spool\): .*\n)?$/u);
    const missing = await run('bash', ['-e', hook], { ...world(GITHUB), PATH: '/usr/bin:/bin' });
    expect(missing).to.include({ code: 0, stdout: '' });
    expect(missing.stderr).to.match(/^stateseal: stateseal is not on PATH; .*\n$/u);
    writeFileSync(join(folder, 'bin', 'stateseal'), '#!/bin/sh\nexec sleep 30\n');
    const startedMs = performance.now();
    const hanging = await run('bash', ['-e', hook], world({ ...GITHUB, STATESEAL_HOOK_SECONDS: '2' }));
    expect(hanging.stderr).to.match(/^stateseal: no answer within 2 seconds; .*\n$/u);
    expect(hanging.code).to.equal(0);
    // 2 s of its own; the rest is the machine's.
    expect(performance.now() - startedMs).to.be.below(10_000);
    expect(existsSync(join(folder, 'nowhere'))).to.equal(false);
  });

  it('with its own settings, a program or a spool that hangs costs a job 2 seconds at most', async () => {
    const hook = join(HOOKS, 'github-job-completed.sh');
    const env = Object.fromEntries(Object.entries(world(GITHUB)).filter(([name]) => name !== 'STATESEAL_HOOK_SECONDS'));
    const timed = async (args: readonly string[]): Promise<number> => {
      const startedMs = performance.now();
      expect(await run('bash', args, env)).to.include({ code: 0, stdout: '' });
      return performance.now() - startedMs;
    };
    const bareMs = await timed(['-c', ':']);
    // Nobody ever writes into this FIFO: who opens it to read waits for ever.
    rmSync(join(spool.dir, 'ingest.pub'));
    execFileSync('mkfifo', [join(spool.dir, 'ingest.pub')]);
    expect((await timed(['-e', hook])) - bareMs).to.be.below(5_000);
    writeFileSync(join(folder, 'bin', 'stateseal'), '#!/bin/sh\nexec sleep 30\n');
    expect((await timed(['-e', hook])) - bareMs).to.be.below(5_000);
  });
});

// Each hook as its platform runs it, by drivers that imitate the platform's own way to call: on success, on failure, when
// the job is killed, and without a recorder. Atlantis and Terragrunt themselves are not here: their calls are imitated.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { PlatformObservation } from '../../daemon/record/run.ts';
import {
  ATLANTIS,
  CANARY,
  COMMIT,
  GITHUB,
  GITLAB,
  HOOKS,
  useHookScene,
  SILENT,
  SSH,
  TERRAGRUNT,
} from '../support/hook-scene.ts';
import type { Told } from '../support/wrapped-terraform.ts';

describe('hooks, as their platforms run them', function () {
  this.timeout(180_000);
  const scene = useHookScene();

  const value = ({ claims }: PlatformObservation, field: string): string =>
    claims.find((claim) => claim.field === field)?.value ?? '';

  it('GitHub: job started and completed, the head commit of the pull request, the shim on PATH', async () => {
    const event = join(scene.folder, 'event.json');
    writeFileSync(event, JSON.stringify({ pull_request: { number: 12, head: { sha: COMMIT }, body: CANARY } }));
    const path = join(scene.folder, 'github-path');
    writeFileSync(path, '');
    const env = scene.world({ ...GITHUB, GITHUB_EVENT_PATH: event, GITHUB_PATH: path });
    for (const name of ['started', 'completed']) {
      const told = await scene.run('bash', ['-e', join(HOOKS, `github-job-${name}.sh`)], env);
      expect(told).to.deep.equal(SILENT);
    }
    const [started, finished] = await scene.steps(2);
    expect([started?.event, finished?.event]).to.deep.equal(['job-started', 'job-finished']);
    expect(value(started as PlatformObservation, 'actor')).to.equal('github:dave');
    expect(value(started as PlatformObservation, 'requester')).to.equal('github:carol');
    expect(value(started as PlatformObservation, 'commit')).to.equal(COMMIT);
    expect(value(started as PlatformObservation, 'merge-commit')).to.equal('f'.repeat(40));
    expect(value(started as PlatformObservation, 'pull-request')).to.equal('acme/infra#12');
    expect(JSON.stringify([started, finished])).not.to.contain(CANARY);
    expect(readFileSync(path, 'utf8')).to.equal(`${join(scene.folder, 'shim')}\n`);
  });

  /** The runner puts both scripts into one that bash reads as `: | eval`. */
  const gitlab = (script: string, env: NodeJS.ProcessEnv, killOn?: string): Promise<Told> =>
    gitlabJob(`. ${join(HOOKS, 'gitlab-pre-build.sh')}\n${script}\n`, env, killOn);
  const gitlabJob = (text: string, env: NodeJS.ProcessEnv, killOn?: string): Promise<Told> => {
    const quoted = `$'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
    return scene.run('bash', ['-c', `set -eo pipefail\nset +o noclobber\n: | eval ${quoted}\nexit 0`], env, killOn);
  };

  it('GitLab: success, failure with its own code, a trap that was there', async () => {
    const env = scene.world(GITLAB);
    expect(await gitlab('command -v terraform', env)).to.deep.equal({
      ...SILENT,
      stdout: `${join(scene.folder, 'shim')}/terraform\n`,
    });
    for (const failing of ['exit 7', '(exit 7)\necho never', 'false | cat\necho never']) {
      // What bash makes of a failure in there is its own business; the hook must not change it.
      const bare = await gitlabJob(failing, env);
      expect(bare.code).not.to.equal(0);
      expect(await gitlab(failing, env), failing).to.deep.equal(bare);
    }
    const prior = `trap 'echo "prior $?"' EXIT\n. ${join(HOOKS, 'gitlab-pre-build.sh')}\nexit 5`;
    for (const shell of ['bash', 'sh']) {
      const told = await scene.run(shell, ['-ec', prior], env);
      expect(told.code, shell).to.equal(5);
      if (shell === 'bash') expect(told.stdout).to.equal('prior 5\n');
    }
    const seen = (await scene.steps(12)).map(({ event, outcome }) => `${event} ${outcome}`);
    expect(seen.filter((each) => each === 'job-started unknown')).to.have.length(6);
    expect(seen.filter((each) => each === 'job-finished failed')).to.have.length(5);
    expect(seen.filter((each) => each === 'job-finished succeeded')).to.have.length(1);
    expect(JSON.stringify(await scene.spool.read())).not.to.contain(CANARY);
  });

  it('GitLab: a job that is cancelled', async () => {
    const told = await gitlab('echo begun\nsleep 30', scene.world(GITLAB), 'begun');
    expect(told.signal ?? told.code).to.be.oneOf(['SIGTERM', 143]);
    expect((await scene.steps(2))[0]?.event).to.equal('job-started');
  });

  it('Atlantis: a run step and the hook after a failed apply', async () => {
    expect(await scene.run('sh', ['-c', `${HOOKS}/atlantis.sh apply-started`], scene.world(ATLANTIS))).to.deep.equal(
      SILENT,
    );
    const after = scene.world({ ...ATLANTIS, COMMAND_NAME: 'apply', COMMAND_HAS_ERRORS: 'true' });
    expect(await scene.run('sh', ['-c', `${HOOKS}/atlantis.sh finished`], after)).to.deep.equal(SILENT);
    const [started, finished] = await scene.steps(2);
    expect(started).to.include({ platform: 'atlantis', event: 'apply-started', outcome: 'unknown' });
    expect(finished).to.include({ event: 'finished', outcome: 'failed' });
    expect(value(started as PlatformObservation, 'actor')).to.equal('atlantis:carol');
    expect(value(started as PlatformObservation, 'repository')).to.equal('github.com/acme/infra');
    expect(value(started as PlatformObservation, 'job-url')).to.equal('');
    expect(JSON.stringify([started, finished])).not.to.contain(CANARY);
  });

  it('Terragrunt: before, after and error, with its context', async () => {
    const env = scene.world(TERRAGRUNT);
    for (const event of ['before', 'after', 'error']) {
      expect(await scene.run(join(HOOKS, 'terragrunt.sh'), [event], env)).to.deep.equal(SILENT);
    }
    expect((await scene.steps(3)).map(({ event, outcome }) => `${event} ${outcome}`)).to.deep.equal([
      'before unknown',
      'after unknown',
      'error failed',
    ]);
  });

  it('other CI, and a login by ssh', async () => {
    const flags = ['--actor', 'carol', '--commit', COMMIT, '--pull-request', 'acme/infra#12'];
    const url = `https://x:${CANARY}@ci.example/jobs/7?token=${CANARY}`;
    const ci = ['finished', 'succeeded', ...flags, '--job-url', url];
    expect(await scene.run(join(HOOKS, 'ci.sh'), ci, scene.world({}))).to.deep.equal(SILENT);
    const [step] = await scene.steps(1);
    expect(
      step?.claims.filter(({ by }) => by === 'flag').map((claim) => `${claim.field} ${claim.value}`),
    ).to.deep.equal([
      'actor ci:carol',
      `commit ${COMMIT}`,
      'pull-request acme/infra#12',
      'job-url https://ci.example/jobs/7',
    ]);
    const login = scene.world(SSH);
    const told = await scene.run('sh', ['-c', `. ${join(HOOKS, 'ssh-profile.sh')}; command -v terraform`], login);
    expect(told).to.deep.equal({ ...SILENT, stdout: `${join(scene.folder, 'shim')}/terraform\n` });
    const seen = await scene.steps(2);
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
      ['sh', sourced('ssh-profile.sh'), SSH],
    ];
    for (const [program, args, env] of calls) {
      const down = { STATESEAL_SPOOL: join(scene.folder, 'nowhere') };
      const without = { PATH: '/usr/bin:/bin' };
      for (const missing of [down, without]) {
        const told = await scene.run(program, args, scene.world({ ...env, ...missing }));
        expect(told.code, args.join(' ')).to.equal(0);
        expect(told.stdout).to.equal(args[0] === '-ec' ? 'on\n' : '');
        // GitLab's hook tells twice: at the start and at the end.
        for (const line of told.stderr.trimEnd().split('\n')) expect(line).to.match(/^(?:$|stateseal: )/u);
        expect(told.stderr.split('\n').length).to.be.at.most(3);
        expect(told.stderr).not.to.contain(CANARY);
      }
    }
    expect(await scene.spool.read()).to.deep.equal([]);
  });

  it('without a spool, without stateseal, and with one that hangs: exit 0 and one line', async () => {
    const hook = join(HOOKS, 'github-job-completed.sh');
    const none = await scene.run(
      'bash',
      ['-e', hook],
      scene.world({ ...GITHUB, STATESEAL_SPOOL: join(scene.folder, 'nowhere') }),
    );
    expect(none).to.include({ code: 0, stdout: '' });
    expect(none.stderr).to.match(/^(?:stateseal: this step is not recorded \(no-spool\): .*\n)?$/u);
    const missing = await scene.run('bash', ['-e', hook], { ...scene.world(GITHUB), PATH: '/usr/bin:/bin' });
    expect(missing).to.include({ code: 0, stdout: '' });
    expect(missing.stderr).to.match(/^stateseal: stateseal is not on PATH; .*\n$/u);
    writeFileSync(join(scene.folder, 'bin', 'stateseal'), '#!/bin/sh\nexec sleep 30\n');
    const startedMs = performance.now();
    const hanging = await scene.run('bash', ['-e', hook], scene.world({ ...GITHUB, STATESEAL_HOOK_SECONDS: '2' }));
    expect(hanging.stderr).to.match(/^stateseal: no answer within 2 seconds; .*\n$/u);
    expect(hanging.code).to.equal(0);
    // 2 s of its own; the rest is the machine's.
    expect(performance.now() - startedMs).to.be.below(10_000);
    expect(existsSync(join(scene.folder, 'nowhere'))).to.equal(false);
  });

  it('with its own settings, a program or a spool that hangs costs a job 2 seconds at most', async () => {
    const hook = join(HOOKS, 'github-job-completed.sh');
    const env = Object.fromEntries(
      Object.entries(scene.world(GITHUB)).filter(([name]) => name !== 'STATESEAL_HOOK_SECONDS'),
    );
    const timed = async (args: readonly string[]): Promise<number> => {
      const startedMs = performance.now();
      expect(await scene.run('bash', args, env)).to.include({ code: 0, stdout: '' });
      return performance.now() - startedMs;
    };
    const bareMs = await timed(['-c', ':']);
    // Nobody ever writes into this FIFO: who opens it to read waits for ever.
    rmSync(join(scene.spool.dir, 'ingest.pub'));
    execFileSync('mkfifo', [join(scene.spool.dir, 'ingest.pub')]);
    expect((await timed(['-e', hook])) - bareMs).to.be.below(5_000);
    writeFileSync(join(scene.folder, 'bin', 'stateseal'), '#!/bin/sh\nexec sleep 30\n');
    expect((await timed(['-e', hook])) - bareMs).to.be.below(5_000);
  });
});

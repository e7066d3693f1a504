// A whole job of each platform with our hooks and without: what the job shows and how it ends is the same whether it is
// good, fails, is cancelled, killed or lost with its platform, and what stands in the spool is what the platform knew.
// No recorder runs here: the spool keeps. GitLab's job is in hooks-gitlab.test.ts.
import { writeFileSync, readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { CANARY, HOOKS, useHookScene, SILENT, SSH, type HookScene, type Variables } from '../support/hook-scene.ts';
import { PLATFORM_JOBS, runJob, type Ending, type JobTold } from '../support/platform-jobs.ts';
import { callProgram, type ProgramCall } from '../support/program-call.ts';
import type { Told } from '../support/wrapped-terraform.ts';

type Name = keyof typeof PLATFORM_JOBS;

/** What the recorder gets to know, by platform and by how the job ended. */
const TOLD: Readonly<Record<Name, Readonly<Record<Ending, readonly string[]>>>> = {
  github: table(['job-started unknown'], ['job-finished unknown'], ['job-finished unknown']),
  ci: table(['job-started unknown'], ['job-finished succeeded'], ['job-finished failed']),
  atlantis: table(['apply-started unknown'], ['finished succeeded'], ['finished failed']),
  terragrunt: table(['before unknown'], ['after unknown'], ['after unknown', 'error failed']),
};
const NAMES = Object.keys(TOLD) as readonly Name[];
const ENDINGS: readonly Ending[] = ['success', 'failure', 'cancelled', 'killed', 'lost'];

describe('whole jobs of platforms, with and without hooks', function () {
  this.timeout(180_000);
  const scene = useHookScene();

  for (const name of NAMES) {
    for (const ending of ENDINGS) {
      it(`${name}: ${ending}: the job is what it was, and ${TOLD[name][ending].join(', ')} stands in the spool`, async () => {
        const job = (isHooked: boolean): Promise<JobTold> => runJob(scene, PLATFORM_JOBS[name], ending, isHooked);
        const [bare, hooked] = await Promise.all([job(false), job(true)]);
        expect({ ...hooked, hooks: [] }).to.deep.equal(bare);
        expectEnding(bare, ending);
        for (const told of hooked.hooks) expect(told).to.deep.equal(SILENT);
        const steps = await scene.steps(TOLD[name][ending].length);
        expect(steps.map(({ event, outcome }) => `${event} ${outcome}`)).to.deep.equal(TOLD[name][ending]);
        expect(steps.every(({ platform }) => platform === name)).to.equal(true);
        expect(JSON.stringify(await scene.spool.read())).not.to.contain(CANARY);
      });
    }
  }

  it('GitHub: the shim is on PATH of the steps that follow, as the runner reads GITHUB_PATH', async () => {
    const platform = {
      ...PLATFORM_JOBS.github,
      step: () => ['bash', ['-e', '-c', 'command -v terraform || :']] as const,
    };
    const { steps } = await runJob(scene, platform, 'success', true);
    expect(steps.map(({ stdout }) => stdout)).to.deep.equal(Array(2).fill(`${scene.folder}/shim/terraform\n`));
  });

  it('ci: both calls in one script with set -e: the end is told when it is reached, and the code is that of the job', async () => {
    const script = (body: string): string => `${HOOKS}/ci.sh started\n${body}\n${HOOKS}/ci.sh finished succeeded`;
    const run = (body: string): Promise<Told> => scene.run('sh', ['-ec', script(body)], scene.world({}));
    expect(await run('echo done')).to.deep.equal({ ...SILENT, stdout: 'done\n' });
    expect(await run('(exit 7)\necho never')).to.deep.equal({ ...SILENT, code: 7 });
    const told = (await scene.steps(3)).map(({ event, outcome }) => `${event} ${outcome}`);
    expect(told).to.deep.equal(['job-started unknown', 'job-finished succeeded', 'job-started unknown']);
  });

  for (const name of NAMES) {
    it(`${name}: without a spool, without stateseal, and with one that hangs: the same job, a line per hook at most`, async () => {
      for (const [lack, env] of Object.entries(lacks(scene))) {
        if (lack === 'hangs') scene.replaceProgram('exec sleep 600');
        const platform = { ...PLATFORM_JOBS[name], env: { ...PLATFORM_JOBS[name].env, ...env } };
        const world = { ...scene, path: env['PATH'] ?? scene.path };
        const compare = async (ending: Ending): Promise<void> => {
          const bare = await timed(() => runJob(world, platform, ending, false));
          const hooked = await timed(() => runJob(world, platform, ending, true));
          expect({ ...hooked.told, hooks: [] }, `${lack}, ${ending}`).to.deep.equal(bare.told);
          const { hooks } = hooked.told;
          expect(hooks.length).to.be.greaterThanOrEqual(2);
          for (const { stdout, stderr } of hooks) {
            expect(stdout).to.equal('');
            expect(stderr)
              .to.match(/^(?:stateseal: .*\n)?$/u)
              .and.not.contain(CANARY);
          }
          // A second for each hook of its own limit; the rest is the machine's.
          expect(hooked.ms - bare.ms, lack).to.be.below(hooks.length * 1_000 + 15_000);
        };
        await Promise.all([compare('success'), compare('failure')]);
      }
      expect(await scene.spool.read()).to.deep.equal([]);
    });
  }

  /** sshd without a terminal: a login shell that reads what comes in. `/etc/profile` is the account's own here. */
  const login = (
    isHooked: boolean,
    input: string,
    more: Partial<ProgramCall> = {},
    env: Variables = {},
  ): Promise<Told> => {
    // Debian's own /etc/profile sets another PATH than that of the scene.
    const profile = `PATH=${env['PATH'] ?? scene.path}${isHooked ? `\n[ -r ${HOOKS}/ssh-profile.sh ] && . ${HOOKS}/ssh-profile.sh` : ''}`;
    writeFileSync(join(scene.folder, '.bash_profile'), `${profile}\n`);
    const world = scene.world({ ...SSH, PS1: '$ ', SSH_CLIENT: SSH.SSH_CONNECTION, TF_VAR_password: CANARY, ...env });
    const call = { cwd: scene.folder, program: '/bin/bash', argv0: '-bash', args: [], input, env: world };
    return callProgram({ ...call, ...more });
  };

  it('ssh: sessions that end by exit, by a failing command, by the end of input, by a signal', async () => {
    const kill = (...signals: readonly NodeJS.Signals[]) => ({ end: { on: 'begun', signals, to: 'group' } as const });
    const sessions: readonly (readonly [input: string, more?: Partial<ProgramCall>])[] = [
      ['echo done\nexit 0\necho never\n'],
      ['exit 3\n'],
      ['set -e\necho before\n(exit 7)\necho never\n'],
      ['echo done\nfalse'],
      ['echo begun\nsleep 30\n', kill('SIGHUP')],
      ["trap '' HUP\necho begun\nsleep 30\n", kill('SIGHUP', 'SIGKILL')],
    ];
    for (const [input, more] of sessions) {
      const bare = await login(false, input, more);
      expect(await login(true, input, more), input).to.deep.equal(bare);
    }
    // In the background, and not waited for: a session that is killed in its first moments may leave no word.
    const told = await scene.spool.until(sessions.length - 2);
    for (const { observation } of told) {
      expect(observation).to.include({ platform: 'ssh', event: 'session-started', outcome: 'unknown' });
    }
    expect(JSON.stringify(told)).to.contain('user:erin').and.not.contain('203.0.113.9').and.not.contain(CANARY);
  });

  it('ssh: nobody waits for a stateseal that hangs or is not there', async () => {
    for (const lack of Object.values(lacks(scene))) {
      scene.replaceProgram('exec sleep 600');
      const bare = await timed(() => login(false, 'echo done\nexit 3\n', {}, lack));
      // Longer than the test may take: who waits for the hook fails.
      const hooked = await timed(() =>
        login(true, 'echo done\nexit 3\n', {}, { ...lack, STATESEAL_HOOK_SECONDS: '60' }),
      );
      expect(hooked.told).to.deep.equal(bare.told);
      expect(hooked.ms - bare.ms).to.be.below(15_000);
    }
    expect(await scene.spool.read()).to.deep.equal([]);
  });

  it('ssh with a terminal: the connection drops, the shell gets its SIGHUP, the beginning was told', async function () {
    const ended = join(scene.folder, 'ended');
    const drop = async (isHooked: boolean): Promise<string> => {
      writeFileSync(ended, '');
      const input = `trap 'echo hangup >>${ended}' HUP; trap 'echo exit "$?" >>${ended}' EXIT; sleep 0.2; echo be''gun; sleep 1\n`;
      const script = { program: 'script', argv0: 'script', args: ['-qec', 'exec -a -bash bash', '/dev/null'] };
      const shell = { SHELL: '/bin/bash' };
      await login(isHooked, input, { ...script, end: { on: 'begun', signals: ['SIGKILL'], to: 'process' } }, shell);
      return untilText(ended, /exit \d+\n$/u);
    };
    const bare = await drop(false);
    expect(bare).to.contain('hangup');
    expect(await drop(true)).to.equal(bare);
    const [step] = await scene.steps(1);
    expect(step).to.include({ platform: 'ssh', event: 'session-started' });
  });
});

/** Settings under which nothing can be told: by the spool, by the program, by time. */
function lacks({ folder }: HookScene): Readonly<Record<string, Variables>> {
  return {
    'no spool': { STATESEAL_SPOOL: join(folder, 'nowhere') },
    'no program': { PATH: '/usr/bin:/bin' },
    hangs: { STATESEAL_HOOK_SECONDS: '1' },
  };
}

function table(
  started: readonly string[],
  succeeded: readonly string[],
  failed: readonly string[],
): Readonly<Record<Ending, readonly string[]>> {
  const bad = [...started, ...failed];
  return { success: [...started, ...succeeded], failure: bad, cancelled: bad, killed: bad, lost: started };
}

function expectEnding({ isGood, steps }: JobTold, ending: Ending): void {
  const [first] = steps;
  expect(isGood).to.equal(ending === 'success');
  expect(steps).to.have.length(ending === 'success' ? 2 : 1);
  if (ending === 'success') expect(first).to.include({ stdout: 'done\n', stderr: 'a note\n' });
  if (ending === 'failure') expect(first).to.include({ code: 7, stdout: 'before\n' });
  if (ending === 'killed' || ending === 'lost') expect(first?.signal).to.equal('SIGKILL');
  if (ending === 'cancelled') expect(first?.signal).to.be.oneOf(['SIGINT', 'SIGTERM']);
}

async function timed<T>(act: () => Promise<T>): Promise<{ readonly told: T; readonly ms: number }> {
  const startedMs = performance.now();
  const told = await act();
  return { told, ms: performance.now() - startedMs };
}

async function untilText(path: string, pattern: RegExp): Promise<string> {
  for (const deadlineMs = Date.now() + 20_000; Date.now() < deadlineMs;) {
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`expected ${pattern} in the file, got ${readFileSync(path, 'utf8')}`);
}

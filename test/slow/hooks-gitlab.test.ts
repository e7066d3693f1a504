// The GitLab hook lives in the job's own shell. What the runner makes of a job, in bash and in dash: every end with and
// without the hook is the same for the job, and no job that was killed is told to have succeeded.
import { expect } from 'chai';
import { GITLAB, GITLAB_HOOK, useHookScene, toGitlabScript } from '../support/hook-scene.ts';
import type { Told } from '../support/wrapped-terraform.ts';

/** What the runner sets on Kubernetes, where its scripts always end with 0 and say the code on standard output. */
const RUNNER_TRAP = `runner_script_trap() { code=$?; echo "{\\"command_exit_code\\": $code}"; exit 0; }
trap runner_script_trap EXIT`;
const SLEEP = 'echo begun\nsleep 30\necho never';

interface Case {
  readonly name: string;
  readonly script: string;
  /** Before `: | eval`, or, where the script runs in no subshell, before the hook. */
  readonly before?: string;
  readonly isPlain?: boolean;
  readonly isKilled?: boolean;
  readonly outcome: 'succeeded' | 'failed' | 'unknown';
}

const CASES: readonly Case[] = [
  { name: 'a good job', script: 'echo done', outcome: 'succeeded' },
  { name: 'a code of its own', script: 'exit 7', outcome: 'failed' },
  { name: 'a failing command', script: '(exit 7)\necho never', outcome: 'failed' },
  { name: 'a job that is killed', script: SLEEP, isKilled: true, outcome: 'failed' },
  { name: 'killed, in no subshell', script: SLEEP, isPlain: true, isKilled: true, outcome: 'failed' },
  {
    name: "killed, with the runner's trap",
    script: SLEEP,
    before: 'trap exit 1 TERM',
    isKilled: true,
    outcome: 'failed',
  },
  { name: 'failed on Kubernetes', script: 'echo a\nexit 7', before: RUNNER_TRAP, outcome: 'failed' },
  { name: 'good on Kubernetes', script: 'echo a', before: RUNNER_TRAP, outcome: 'succeeded' },
  {
    name: 'a trap on EXIT before',
    script: 'exit 5',
    before: `trap 'echo "prior $?"' EXIT`,
    isPlain: true,
    outcome: 'failed',
  },
  {
    name: 'killed, with a trap on TERM before that says 0',
    script: SLEEP,
    before: `trap 'echo "term $?"; exit 0' TERM`,
    ...{ isPlain: true, isKilled: true, outcome: 'unknown' },
  },
  {
    name: 'killed, with a trap on TERM before that goes on',
    script: 'echo begun\nsleep 30 || :\necho after\nexit 3',
    before: `trap 'echo "term $?"' TERM`,
    ...{ isPlain: true, isKilled: true, outcome: 'failed' },
  },
  {
    name: 'a SIGTERM that is ignored',
    script: 'echo begun\nsleep 1\nexit 3',
    before: "trap '' TERM",
    ...{ isPlain: true, isKilled: true, outcome: 'failed' },
  },
];

describe('the GitLab hook in the shell of a job', function () {
  this.timeout(180_000);
  const scene = useHookScene();

  for (const shell of ['bash', 'dash']) {
    for (const { name, script, before = '', isPlain = false, isKilled = false, outcome } of CASES) {
      it(`${shell}: ${name}: ${outcome}, and the job is what it was`, async () => {
        const job = (hook: string): Promise<Told> => {
          const text = `${hook}\n${script}`;
          const whole = isPlain ? `set -e\n${before}\n${text}` : toGitlabScript(text, before);
          return scene.run(shell, ['-c', whole], scene.world(GITLAB), isKilled ? 'begun' : undefined);
        };
        const [bare, hooked] = await Promise.all([job(':'), job(GITLAB_HOOK)]);
        expect(withoutNotes(hooked)).to.deep.equal(withoutNotes(bare));
        if (!isKilled) expect(hooked).to.deep.equal(bare);
        const told = (await scene.steps(2)).map((step) => `${step.event} ${step.outcome}`);
        expect(told).to.deep.equal(['job-started unknown', `job-finished ${outcome}`]);
      });
    }
  }

  it('a file that is not there fails no job', async () => {
    const line = GITLAB_HOOK.replaceAll('gitlab-pre-build.sh', 'no-such-file.sh');
    const told = await scene.run('bash', ['-c', toGitlabScript(`${line}\necho done`)], scene.world(GITLAB));
    expect(told).to.deep.equal({ code: 0, signal: null, stdout: 'done\n', stderr: '' });
  });
});

/** A shell with a trap waits for the command that was killed with it, and says so ("Terminated"). */
function withoutNotes(told: Told): Told {
  return { ...told, stderr: told.stderr.replaceAll(/^(?:\S+: line \d+: +\d+ )?Terminated.*\n/gmu, '') };
}

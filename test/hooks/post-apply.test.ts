// The hook against a stateseal that works, fails, hangs, refuses to die, or is not there. Every case of both ways to
// keep time (timeout(1) and a watchdog) runs at once, so that the suite waits for the budget only once.
import { spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findProgram, requireComponent } from '../support/components.ts';

const HOOK = fileURLToPath(new URL('../../hooks/post-apply.sh', import.meta.url));
const HOOKS = readdirSync(dirname(HOOK))
  .filter((name) => name.endsWith('.sh'))
  .map((name) => join(dirname(HOOK), name));
const CI_RUN = fileURLToPath(new URL('../../.ci/run', import.meta.url));

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly elapsedMs: number;
}

const FAKES: Readonly<Record<string, string | undefined>> = {
  works: 'printf "%s\\n" "$@" > "$0.arguments"; echo noise; echo noise >&2',
  fails: 'echo noise >&2; exit 2',
  hangs: 'exec sleep 30',
  'refuses to die': "trap '' TERM INT HUP; while :; do sleep 3; done",
  missing: undefined,
};

describe('hooks/post-apply.sh', () => {
  let folder: string;
  const outcomes = new Map<string, Promise<Outcome>>();

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-hook-'));
    for (const clock of ['timeout', 'watchdog']) {
      for (const [name, script] of Object.entries(FAKES)) {
        const bin = makeBin(join(folder, `${clock} ${name}`), clock === 'timeout', script);
        outcomes.set(`${clock} ${name}`, runHook(bin, ['--data-dir', '/data dir']));
      }
    }
  });
  after(async () => {
    await Promise.all(outcomes.values());
    rmSync(folder, { recursive: true, force: true });
  });

  const expected: Readonly<Record<string, RegExp>> = {
    works: /^$/u,
    fails: /^stateseal: the recorder could not be asked \(exit 2\); .*\n$/u,
    hangs: /^stateseal: no answer within 2 seconds; .*\n$/u,
    'refuses to die': /^stateseal: no answer within 2 seconds; .*\n$/u,
    missing: /^stateseal: not found on PATH; .*\n$/u,
  };

  for (const clock of ['timeout', 'watchdog']) {
    for (const [name, line] of Object.entries(expected)) {
      it(`exits 0 with one line at most when stateseal ${name} (${clock})`, async function () {
        if (clock === 'timeout') requireComponent(this, 'timeout', findProgram('timeout') !== undefined, 'coreutils');
        const outcome = await outcomes.get(`${clock} ${name}`);
        expect(outcome).to.include({ status: 0, stdout: '' });
        expect(outcome?.stderr).to.match(line);
        // 2 s of its own, the rest for a busy machine.
        expect(outcome?.elapsedMs).to.be.below(4000);
      });
    }
    it(`passes its arguments on (${clock})`, async () => {
      await outcomes.get(`${clock} works`);
      const seen = readFileSync(join(folder, `${clock} works`, 'stateseal.arguments'), 'utf8');
      expect(seen.split('\n')).to.deep.equal(['seal', '--quiet', '--timeout', '2', '--data-dir', '/data dir', '']);
    });
  }

  it('is clean for shellcheck, as are all hooks and .ci/run', async function () {
    const shellcheck = findProgram('shellcheck');
    requireComponent(this, 'shellcheck', shellcheck !== undefined, 'apt-get install shellcheck');
    const outcome = await run(shellcheck ?? '', [...HOOKS, CI_RUN], process.env);
    expect(outcome).to.include({ status: 0, stdout: '' });
  });
});

/** A folder for PATH that holds only what the hook may need. */
function makeBin(bin: string, withTimeout: boolean, script: string | undefined): string {
  mkdirSync(bin);
  const timeout = findProgram('timeout');
  for (const name of ['sleep', 'sh']) symlinkSync(findProgram(name) ?? '', join(bin, name));
  if (withTimeout && timeout !== undefined) symlinkSync(timeout, join(bin, 'timeout'));
  if (script === undefined) return bin;
  writeFileSync(join(bin, 'stateseal'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'stateseal'), 0o755);
  return bin;
}

function runHook(bin: string, parameters: readonly string[]): Promise<Outcome> {
  return run('/bin/sh', [HOOK, ...parameters], { PATH: bin });
}

function run(command: string, parameters: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> {
  const startedMs = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    // 'close' comes only when nothing holds the pipes any more: a runner waits for that too.
    child.on('close', (status) => resolve({ status, stdout, stderr, elapsedMs: performance.now() - startedMs }));
  });
}

// One command three ways: bare, through `stateseal exec`, through the shim on PATH; what each shows its caller. Folders
// are made anew for each way, so that Terraform finds the same world.
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findProgram } from './components.ts';

const SHIM = fileURLToPath(new URL('../../hooks/shim.sh', import.meta.url));

export const WAYS = ['bare', 'exec', 'shim'] as const;
export type Way = (typeof WAYS)[number];

export interface Told {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Ways {
  /** PATH of a way; `terraform` on it is the program or the shim. */
  path(way: Way): string;
  /** Words that run `terraform` in a shell. */
  call(way: Way): string;
  /** Runs a script of sh with nothing but the way's PATH and these variables. */
  sh(way: Way, cwd: string, script: string, env?: Readonly<Record<string, string>>): Promise<Told>;
  environment(way: Way, env?: Readonly<Record<string, string>>): NodeJS.ProcessEnv;
}

/** `program`: the entry of stateseal; `spoolDir`: where exec and shim deliver. */
export function makeWays(folder: string, program: string, spoolDir: string): Ways {
  const bin = join(folder, 'bin');
  const shim = join(folder, 'shim');
  for (const dir of [bin, shim]) mkdirSync(dir, { recursive: true });
  writeFileSync(join(bin, 'stateseal'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  chmodSync(join(bin, 'stateseal'), 0o755);
  for (const name of ['terraform', 'tofu']) copyFileSync(SHIM, join(shim, name));
  for (const name of ['terraform', 'tofu']) chmodSync(join(shim, name), 0o755);
  writeFileSync(join(folder, 'terraformrc'), '');
  const system = `${bin}:${dirname(findProgram('terraform') ?? '/usr/bin/terraform')}:/usr/bin:/bin`;
  const path = (way: Way): string => (way === 'shim' ? `${shim}:${system}` : system);
  const environment = (way: Way, env: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv => ({
    PATH: path(way),
    HOME: folder,
    LANG: 'C.UTF-8',
    TERM: 'xterm',
    TF_CLI_CONFIG_FILE: join(folder, 'terraformrc'),
    CHECKPOINT_DISABLE: '1',
    STATESEAL_SPOOL: spoolDir,
    ...env,
  });
  return {
    path,
    environment,
    call: (way) => (way === 'exec' ? 'stateseal exec --quiet -- terraform' : 'terraform'),
    sh: (way, cwd, script, env) => runShell(cwd, script, environment(way, env)),
  };
}

/** Ids, durations and pids differ between any two runs of the bare command. */
export function maskVarying(text: string): string {
  return text
    .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gu, '<id>')
    .replaceAll(/after \d+m?s|\[\d+m\d+s elapsed\]|\d+s elapsed/gu, '<time>')
    .replaceAll(/^\[\d+\] \d+$/gmu, '<job>');
}

function runShell(cwd: string, script: string, env: NodeJS.ProcessEnv): Promise<Told> {
  return new Promise((resolve, reject) => {
    const child = spawn('/bin/bash', ['-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ stdout, stderr, code, signal });
    });
  });
}

// Runs programs as other users of the host, where the test has the right to: real processes with pids, uids and logins
// of their own. Knows nothing of what is watched.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findProgram } from './components.ts';

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const HOLDER = fileURLToPath(new URL('hold-lock.pl', import.meta.url));
const LIMIT_MS = 60_000;

/** True where processes of other uids can be started and their kernel locks seen. */
export function canActAsOthers(): boolean {
  const programs = ['perl', 'setpriv', 'setsid', 'bash'];
  return process.getuid?.() === 0 && programs.every((name) => findProgram(name) !== undefined);
}

/** Puts what starts a program as another uid before its words; 0 stays root. */
export function asUser(uid: number, words: readonly string[]): readonly string[] {
  if (uid === 0) return words;
  return ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...words];
}

export interface HoldOptions {
  readonly directory: string;
  readonly id: string;
  readonly who?: string;
  readonly holdMs: number;
  readonly state?: string;
  /** Default: everything a run does. */
  readonly steps?: string;
}

/** The words that start the lock holder. */
export function holdWords({ directory, id, who, holdMs, state, steps }: HoldOptions): readonly string[] {
  const what = steps ?? 'lock info write unlock';
  return ['perl', HOLDER, directory, id, who ?? 'ci@runner-7', String(holdMs), state ?? '', what];
}

/** Waits for the end; rejects when it takes longer than a minute. */
export function runWords(
  words: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Ran> {
  const [program = '', ...args] = words;
  return new Promise((resolve, reject) => {
    const env = options.env ?? { PATH: process.env['PATH'] };
    const child = spawn(program, args, { cwd: options.cwd, env, timeout: LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
    const printed = { stdout: '', stderr: '' };
    child.stdout.on('data', (bytes: Buffer) => (printed.stdout += bytes.toString()));
    child.stderr.on('data', (bytes: Buffer) => (printed.stderr += bytes.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...printed }));
  });
}

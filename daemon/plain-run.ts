// For a Node that is too old for everything else: `stateseal exec` still runs the command, unrecorded. A version manager
// that changes Node under an installed shim must not take Terraform away. Syntax and calls of any Node.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** The words behind the bare "--" of an exec, or none: with --fail-closed nothing may run. */
export function commandOfExec(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  const own = argv.slice(0, Math.max(0, end));
  return own.includes('exec') && !own.includes('--fail-closed') ? argv.slice(end + 1) : [];
}

/** Runs it with our terminal and sets our exit code to its own; signals of the terminal reach it by themselves. */
export function runPlainly([program = '', ...args]: readonly string[]): void {
  const child = spawn(program, args, { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) process.on(signal, () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('error', () => (process.exitCode = 127));
  child.on('exit', (code, signal) => (process.exitCode = code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
}

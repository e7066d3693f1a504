// One program as a platform calls it: in a group of its own, ended by its platform's own signals once it has begun, and
// what it showed. A call that never ends is killed and says so.
import { spawn } from 'node:child_process';
import type { Told } from './wrapped-terraform.ts';

export interface ProgramCall {
  readonly cwd: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** Default: the program. */
  readonly argv0?: string;
  /** What stands on its standard input; default: nothing. */
  readonly input?: string;
  readonly end?: ProgramEnd;
}

export interface ProgramEnd {
  /** A text on standard output: from then on the signals are sent. */
  readonly on: string;
  /** One after the other, until it has ended. */
  readonly signals: readonly NodeJS.Signals[];
  readonly to: 'group' | 'process';
}

/** A shell that is just starting its next command may leave that one alone: it is given a moment. */
const MOMENT_MS = 300;
const LIMIT_MS = 90_000;

export function callProgram({ cwd, program, args, env, argv0, input, end }: ProgramCall): Promise<Told> {
  return new Promise((resolve, reject) => {
    const named = argv0 === undefined ? {} : { argv0 };
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'pipe', 'pipe'], ...named });
    const { pid } = child;
    const signal = (name: NodeJS.Signals, to: ProgramEnd['to']): void => {
      if (pid === undefined) return;
      try {
        process.kill(to === 'group' ? -pid : pid, name);
      } catch (error) {
        // All of it is gone.
        if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
      }
    };
    let [stdout, stderr] = ['', ''];
    let [isEnding, isOver] = [false, false];
    const deadline = setTimeout(() => signal('SIGKILL', 'group'), LIMIT_MS);
    const sendAll = ([next, ...more]: readonly NodeJS.Signals[], to: ProgramEnd['to']): void => {
      if (next === undefined) return;
      setTimeout(() => {
        if (isOver) return;
        signal(next, to);
        sendAll(more, to);
      }, MOMENT_MS);
    };
    child.stdin.on('error', () => undefined).end(input);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
      if (isEnding || end === undefined || !stdout.includes(end.on)) return;
      isEnding = true;
      sendAll(end.signals, end.to);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('exit', () => {
      isOver = true;
      // What a shell that was killed alone leaves behind would hold its output open: platforms clean up after a job.
      if (isEnding && end?.to === 'process') signal('SIGKILL', 'group');
    });
    child.on('close', (code, signalName) => {
      clearTimeout(deadline);
      resolve({ code, signal: signalName, stdout, stderr });
    });
  });
}

// `terraform state pull` after a run on a remote backend: with the user's own environment, bounded in time and size.
// The bytes are raw state: they stay in memory.
import { spawn } from 'node:child_process';
import { toChildEnvironment } from '../config-environment.ts';

export interface PullOptions {
  /** As the run itself was called. */
  readonly program: string;
  /** As typed; '' for none. */
  readonly chdir: string;
  readonly cwd: string;
  readonly withinMs: number;
  readonly maxBytes: number;
}

/** The state, or undefined when the backend did not give one in time. Never throws. */
export function pullState(options: PullOptions): Promise<Uint8Array | undefined> {
  const chdir = options.chdir === '' ? [] : [`-chdir=${options.chdir}`];
  return new Promise((resolve) => {
    const child = spawn(options.program, [...chdir, 'state', 'pull'], {
      cwd: options.cwd,
      // Flags meant for the run would be unknown to this subcommand.
      env: toChildEnvironment({ TF_INPUT: '0', CHECKPOINT_DISABLE: '1' }, /^TF_CLI_ARGS/u),
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: options.withinMs,
      killSignal: 'SIGKILL',
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length;
      if (sizeBytes <= options.maxBytes) chunks.push(chunk);
      else child.kill('SIGKILL');
    });
    child.on('error', () => resolve(undefined));
    child.on('close', (code) => {
      const isWhole = code === 0 && sizeBytes > 0 && sizeBytes <= options.maxBytes;
      resolve(isWhole ? Buffer.concat(chunks) : undefined);
    });
  });
}

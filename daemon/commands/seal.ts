// stateseal seal: asks the running daemon to look at everything and seal what is open.
import { join } from 'node:path';
import { callDaemon } from '../control.ts';
import { ConfigError } from '../errors.ts';
import { parseArguments, parseCount } from './arguments.ts';
import type { ServiceCommand } from './service.ts';

export const sealCommand: ServiceCommand = {
  name: 'seal',
  summary: 'seal what is open, now',
  usage: `Usage: stateseal seal [--timeout SECONDS] [--if-running]

Asks the running daemon to look at every state it watches and to seal what is open.

  --timeout SECONDS   how long to wait for it (default 60)
  --if-running        do nothing, and exit 0, where no daemon runs on this data directory
  --json              print {"size": <tree size>} instead of a line
Exit codes: 0 sealed (or no daemon, with --if-running) · 2 could not
`,
  async run(args, context) {
    const given = parseArguments('seal', args, { timeout: { type: 'string' }, 'if-running': { type: 'boolean' } });
    const timeoutMs = parseCount('seal', '--timeout', given.text('timeout') ?? '60', 1) * 1000;
    const path = join(context.dataDir, 'control.sock');
    try {
      await callDaemon(path, 'look', timeoutMs);
      const { size } = (await callDaemon(path, 'seal', timeoutMs)) as { size: number };
      if (!context.quiet) context.stdout(context.json ? `{"size":${size}}\n` : `sealed    size ${size}\n`);
      return 0;
    } catch (error) {
      if (error instanceof ConfigError && error.code === 'daemon-not-running' && given.has('if-running')) return 0;
      throw error;
    }
  },
};

// The light entry: verbs that stand in front of somebody's command (exec, hook) start in milliseconds and touch no
// stream of the terminal. The heavy entry is main.ts, which knows these verbs, too, for its help.
import { writeSync } from 'node:fs';
import type { Command, CommandContext } from './commands/command.ts';
import { resolveDataDir } from './config-environment.ts';
import { splitGlobalFlags, type GlobalFlags } from './global-flags.ts';
import { formatError } from './process-edge.ts';

const CLIENT_COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  exec: async () => (await import('./commands/exec.ts')).execCommand,
  hook: async () => (await import('./commands/hook.ts')).hookCommand,
};

/** Whether a command line (without node and script) is for this entry. */
export function isClientCall(argv: readonly string[]): boolean {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  return words.some((word) => Object.hasOwn(CLIENT_COMMANDS, word)) && verbOf(argv) !== undefined;
}

/** Runs one of its verbs and returns its exit code. */
export async function runClient(argv: readonly string[]): Promise<number> {
  try {
    const { flags, rest } = splitGlobalFlags(argv);
    const [verb = '', ...args] = rest;
    const command = await CLIENT_COMMANDS[verb]?.();
    if (command === undefined) return 2;
    const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
    if (own.includes('--help') || own.includes('-h')) {
      writeSync(1, command.usage);
      return 0;
    }
    return await command.run(args, createClientContext(flags));
  } catch (error) {
    tellError(formatError(error));
    return 2;
  }
}

function verbOf(argv: readonly string[]): string | undefined {
  try {
    const [verb = ''] = splitGlobalFlags(argv).rest;
    return Object.hasOwn(CLIENT_COMMANDS, verb) ? verb : undefined;
  } catch {
    return undefined; // main.ts says what is wrong.
  }
}

function createClientContext(flags: GlobalFlags): CommandContext {
  const unused = (): never => {
    throw new TypeError('expected a verb that reads nothing');
  };
  return {
    stdout: (text) => void writeSync(1, text),
    stderr: tellError,
    isTerminal: false,
    columns: 0,
    color: false,
    json: flags.json,
    quiet: flags.quiet,
    now: () => Date.now(),
    get dataDir() {
      return resolveDataDir(flags.dataDir, process.cwd());
    },
    readFile: unused,
    readStdin: unused,
    pause: unused,
  };
}

/** Written at once and without a stream: opening one would change the descriptor for everybody who shares it. */
function tellError(text: string): void {
  try {
    writeSync(2, text);
  } catch (error) {
    // Closed, or full: nobody would hear it.
    if (!(error instanceof Error)) throw error;
  }
}

// The command line: finds the verb, gives it its world, turns errors into messages and exit codes.
import { GLOBAL_HELP } from './commands/help.ts';
import type { Command } from './commands/command.ts';
import { archiveCommand } from './commands/archive.ts';
import { backendCommand } from './commands/backend.ts';
import { openCommand } from './commands/open.ts';
import { tokenCommand } from './commands/token.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { execCommand } from './commands/exec.ts';
import { hookCommand } from './commands/hook.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { logCommand } from './commands/log.ts';
import { monitorCommand } from './commands/monitor.ts';
import { noteCommand } from './commands/note.ts';
import { proveCommand } from './commands/prove.ts';
import { restoreCommand } from './commands/restore.ts';
import { sealCommand } from './commands/seal.ts';
import { secretCommand } from './commands/secret.ts';
import type { ServiceCommand } from './commands/service.ts';
import { shimCommand } from './commands/shim.ts';
import { showCommand } from './commands/show.ts';
import { sourceCommand } from './commands/source.ts';
import { startCommand } from './commands/start.ts';
import { stateCommand } from './commands/state.ts';
import { statusCommand } from './commands/status.ts';
import { verifyCommand } from './commands/verify.ts';
import { watchCommand } from './commands/watch.ts';
import { createContext } from './context.ts';
import { ConfigError } from './errors.ts';
import { splitGlobalFlags } from './global-flags.ts';
import { readVersion } from './program.ts';
import { formatError, hardenProcess } from './process-edge.ts';

const COMMANDS: readonly (Command | ServiceCommand)[] = [
  diffCommand,
  showCommand,
  logCommand,
  stateCommand,
  sourceCommand,
  statusCommand,
  watchCommand,
  execCommand,
  hookCommand,
  shimCommand,
  importCommand,
  noteCommand,
  sealCommand,
  verifyCommand,
  monitorCommand,
  proveCommand,
  restoreCommand,
  secretCommand,
  archiveCommand,
  backendCommand,
  openCommand,
  tokenCommand,
  doctorCommand,
  initCommand,
  startCommand,
];

/** Runs one command line (without node and script) and returns its exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  hardenProcess();
  process.stdout.on('error', endQuietly);
  try {
    const { flags, rest } = splitGlobalFlags(argv);
    const [verb, ...args] = rest;
    if (flags.version) return print(`stateseal ${readVersion()}\n`);
    if (verb === undefined || ['help', '--help', '-h'].includes(verb)) return print(GLOBAL_HELP);
    const command = COMMANDS.find(({ name }) => name === verb);
    if (command === undefined) throw unknownVerb(verb);
    const own = args.includes('--') ? args.slice(0, args.indexOf('--')) : args;
    if (own.includes('--help') || own.includes('-h')) return print(command.usage);
    return await command.run(args, await createContext(flags));
  } catch (error) {
    process.stderr.write(formatError(error));
    return 2;
  }
}

/** A reader that went away (`stateseal log | head`) is no failure. */
function endQuietly(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exitCode = 0;
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function unknownVerb(verb: string): ConfigError {
  const near = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(verb.slice(0, 2)));
  const hint = near.length > 0 ? `did you mean: ${near.join(', ')}` : 'see: stateseal --help';
  return new ConfigError('usage', 'expected a verb, got something else', { hint });
}

// The command line: finds the verb, gives it its world, turns errors into messages and exit codes.
import { writeFileSync } from 'node:fs';
import { GLOBAL_HELP } from './commands/help.ts';
import type { Command } from './commands/command.ts';
import { archiveCommand } from './commands/archive.ts';
import { diffCommand } from './commands/diff.ts';
import { doctorCommand } from './commands/doctor.ts';
import { initCommand } from './commands/init.ts';
import { logCommand } from './commands/log.ts';
import { monitorCommand } from './commands/monitor.ts';
import { noteCommand } from './commands/note.ts';
import { proveCommand } from './commands/prove.ts';
import { restoreCommand } from './commands/restore.ts';
import { sealCommand } from './commands/seal.ts';
import { secretCommand } from './commands/secret.ts';
import type { ServiceCommand } from './commands/service.ts';
import { showCommand } from './commands/show.ts';
import { sourceCommand } from './commands/source.ts';
import { startCommand } from './commands/start.ts';
import { stateCommand } from './commands/state.ts';
import { statusCommand } from './commands/status.ts';
import { verifyCommand } from './commands/verify.ts';
import { watchCommand } from './commands/watch.ts';
import { createContext, splitGlobalFlags } from './context.ts';
import { ConfigError, StatesealError, describeForeign } from './errors.ts';
import { readVersion } from './program.ts';
import { escapeText } from './terminal.ts';

const COMMANDS: readonly (Command | ServiceCommand)[] = [
  diffCommand,
  showCommand,
  logCommand,
  stateCommand,
  sourceCommand,
  statusCommand,
  watchCommand,
  noteCommand,
  sealCommand,
  verifyCommand,
  monitorCommand,
  proveCommand,
  restoreCommand,
  secretCommand,
  archiveCommand,
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
    if (verb === undefined || verb === 'help') return print(GLOBAL_HELP);
    const command = COMMANDS.find(({ name }) => name === verb);
    if (command === undefined) throw unknownVerb(verb);
    if (args.includes('--help') || args.includes('-h')) return print(command.usage);
    return await command.run(args, await createContext(flags));
  } catch (error) {
    return reportError(error);
  }
}

/** Secrets pass through this process's memory: no core file holds them. */
function hardenProcess(): void {
  try {
    // A core file leaves out every mapping; the limit itself is the service unit's (LimitCORE=0).
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    // Not Linux, or /proc is hidden: nothing to set.
    if (!(error instanceof Error)) throw error;
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

function reportError(error: unknown): number {
  if (error instanceof StatesealError) {
    process.stderr.write(`stateseal: ${escapeText(error.message)} [${error.code}]\nhint: ${escapeText(error.hint)}\n`);
  } else {
    process.stderr.write(`stateseal: unexpected failure: ${describeForeign(error)} [unexpected]\n${placesOf(error)}`);
  }
  return 2;
}

/** Where an unexpected failure came from, without its message, which may quote input. */
function placesOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return places.length === 0 ? '' : `${places.slice(0, 6).join('\n')}\n`;
}

// Verbs that run or reach the daemon: they need the configuration and hear when the user wants to stop.
import type { Config, Flags } from '../config.ts';
import type { Command, CommandContext } from './command.ts';

export interface ServiceContext extends CommandContext {
  loadConfig(flags: Flags): Promise<Config>;
  /** Resolves with the name of the signal that asks to stop. */
  untilStopped(): Promise<string>;
}

export interface ServiceCommand extends Omit<Command, 'run'> {
  run(args: readonly string[], context: ServiceContext): Promise<number>;
}

// What a verb of the command line is, and all it may know of the world around it. A verb prints, returns an exit code,
// and throws errors of the family; it never ends the process and never reads the environment.

export interface CommandContext {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly isTerminal: boolean;
  /** Width of the terminal; 0 when there is none: then nothing is cut. */
  readonly columns: number;
  readonly color: boolean;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Resolved data directory of the recorder; it need not exist. */
  readonly dataDir: string;
  /** A file read in one settled piece, within the limits for hostile files. Throws ConfigError or ParseError. */
  readFile(path: string): Promise<Uint8Array>;
  /** Standard input to its end, bounded. */
  readStdin(): Promise<Uint8Array>;
  /** Waits; false when the user asked to stop meanwhile. */
  pause(milliseconds: number): Promise<boolean>;
}

export interface Command {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** The help of the verb: fits a screen, ends with a newline. */
  readonly usage: string;
  /** `args` begin after the verb. Returns the exit code: 0 ok, 1 failed or different, 2 could not run, 3 incomplete. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

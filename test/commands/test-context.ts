// The world of a verb in a test: a fixed clock, captured output, files and standard input by argument.
import type { Command, CommandContext } from '../../daemon/commands/command.ts';

export interface Answer {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface World {
  readonly dataDir?: string;
  readonly files?: Readonly<Record<string, Uint8Array>>;
  readonly stdin?: string;
  readonly columns?: number;
  readonly color?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
  readonly now?: string;
  /** Runs at each pause; false ends the verb. */
  readonly onPause?: () => boolean;
}

export async function runCommand(command: Command, args: readonly string[], world: World = {}): Promise<Answer> {
  const out: string[] = [];
  const err: string[] = [];
  const context: CommandContext = {
    stdout: (text) => void out.push(text),
    stderr: (text) => void err.push(text),
    isTerminal: false,
    columns: world.columns ?? 0,
    color: world.color ?? false,
    json: world.json ?? false,
    quiet: world.quiet ?? false,
    now: () => Date.parse(world.now ?? '2026-06-23T15:00:00Z'),
    dataDir: world.dataDir ?? '/nonexistent',
    readFile: (path) => {
      const bytes = world.files?.[path];
      return bytes === undefined ? Promise.reject(new Error('no such file in this test')) : Promise.resolve(bytes);
    },
    readStdin: () => Promise.resolve(Buffer.from(world.stdin ?? '')),
    pause: () => Promise.resolve(world.onPause?.() ?? false),
  };
  const code = await command.run(args, context);
  return { code, out: out.join(''), err: err.join('') };
}

/** What a verb throws; fails when it does not. */
export async function failureOf(command: Command, args: readonly string[], world: World = {}): Promise<unknown> {
  try {
    await runCommand(command, args, world);
  } catch (error) {
    return error;
  }
  throw new Error('expected a failure, got none');
}

/** The lines of a text, without the empty one after the last newline. */
export function linesOf(text: string): string[] {
  return text.replace(/\n$/, '').split('\n');
}

/** What could move a cursor, reorder or hide text on a terminal. */

export const DANGEROUS = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/;

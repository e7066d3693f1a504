// The flags that every verb shares. What follows a bare "--" is another program's command line and is left as it is.
import { ConfigError } from './errors.ts';

export interface GlobalFlags {
  readonly dataDir: string | undefined;
  readonly config: string | undefined;
  readonly json: boolean;
  readonly noColor: boolean;
  readonly quiet: boolean;
  readonly version: boolean;
}

/** Takes the flags every verb shares out of a command line, wherever they stand before a bare "--". */
export function splitGlobalFlags(argv: readonly string[]): { flags: GlobalFlags; rest: readonly string[] } {
  const rest: string[] = [];
  const found = new Map<string, string>();
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') {
      rest.push(...argv.slice(index));
      break;
    }
    const [name = '', inline] = splitAtEquals(word);
    if (name === '--data-dir' || name === '--config') {
      found.set(name, inline ?? argv[(index += 1)] ?? missing(name));
    } else if (FLAGS.has(word)) found.set(FLAGS.get(word) ?? word, '');
    else rest.push(word);
  }
  return {
    flags: {
      dataDir: found.get('--data-dir'),
      config: found.get('--config'),
      json: found.has('--json'),
      noColor: found.has('--no-color'),
      quiet: found.has('--quiet'),
      version: found.has('--version'),
    },
    rest,
  };
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--json', '--json'],
  ['--no-color', '--no-color'],
  ['--quiet', '--quiet'],
  ['-q', '--quiet'],
  ['--version', '--version'],
  ['-v', '--version'],
]);

function splitAtEquals(word: string): [string, string | undefined] {
  const at = word.indexOf('=');
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function missing(flag: string): never {
  throw new ConfigError('usage', `expected a value after ${flag}, got none`, { hint: 'see: stateseal --help' });
}

// Flags and positionals of a verb, parsed strictly: what is not known is an error that names the nearest known flag.
// Pure. Values are never repeated in errors: somebody may have typed a secret.
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { ConfigError } from '../errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/** Flags that every verb takes, also after its name. */
const GLOBAL_OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
} as const satisfies Options;

export interface Arguments {
  /** The last value of a flag, undefined when it was not given. */
  text(flag: string): string | undefined;
  /** Every value of a flag, split at commas. */
  list(flag: string): readonly string[] | undefined;
  has(flag: string): boolean;
  readonly positionals: readonly string[];
}

/** Parses what follows a verb. Throws ConfigError `usage` or, for a flag that is planned, `not-recorded-yet`. */
export function parseArguments(
  verb: string,
  args: readonly string[],
  options: Options,
  planned: readonly string[] = [],
): Arguments {
  const known: Options = { ...GLOBAL_OPTIONS, ...options };
  assertKnown(verb, args, known, planned);
  const { values, positionals } = parseOrThrow(verb, args, known);
  const all = (flag: string): readonly string[] => {
    const value = values[flag];
    return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
  };
  return {
    text: (flag) => all(flag).at(-1),
    has: (flag) => values[flag] !== undefined && values[flag] !== false,
    positionals,
    list(flag) {
      const items = all(flag)
        .flatMap((value) => value.split(','))
        .map((item) => item.trim());
      return items.length === 0 ? undefined : items.filter((item) => item !== '');
    },
  };
}

/** The error for arguments that make no sense: exit code 2. */
export function usageError(verb: string, message: string, hint = `see: stateseal ${verb} --help`): ConfigError {
  return new ConfigError('usage', message, { hint });
}

/** How a verb refuses what a flag was given. */
export function refuseFlag(verb: string): (flag: string, expected: string) => ConfigError {
  return (flag, expected) => usageError(verb, `expected ${expected} after --${flag}, got something else`);
}

/** A whole number from `min` on. Throws ConfigError `usage`. */
export function parseCount(verb: string, flag: string, text: string, min = 0): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min) return value;
  throw usageError(verb, `expected a whole number from ${min} on after ${flag}, got something else`);
}

export function assertOneName(verb: string, names: readonly string[]): string {
  const [name, ...more] = names;
  if (name !== undefined && more.length === 0) return name;
  throw usageError(verb, 'expected one state name, got another count');
}

/** Refuses words outside a list. Throws ConfigError `usage`. */
export function assertOneOf<T extends string>(
  verb: string,
  flag: string,
  words: readonly string[],
  allowed: readonly T[],
): asserts words is readonly T[] {
  if (words.length > 0 && words.every((word) => allowed.some((known) => known === word))) return;
  throw usageError(verb, `expected one of ${allowed.join(', ')} after ${flag}, got something else`);
}

function parseOrThrow(verb: string, args: readonly string[], options: Options) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch {
    // Its message quotes the arguments: only the rule is said.
    throw usageError(
      verb,
      'expected every flag with a value to have one, and none where there is none, got other arguments',
    );
  }
}

function assertKnown(verb: string, args: readonly string[], options: Options, planned: readonly string[]): void {
  const { tokens } = parseArgs({ args: [...args], options, allowPositionals: true, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(options, token.name)) continue;
    if (planned.includes(token.name)) throw plannedError(token.name);
    const nearest = nearestFlag(token.name, Object.keys(options));
    const shown = isFlagLike(token.rawName) ? token.rawName : 'it';
    throw usageError(
      verb,
      `expected a known flag, got ${isFlagLike(token.rawName) ? token.rawName : 'another'}`,
      nearest === undefined
        ? `see: stateseal ${verb} --help`
        : `instead of ${shown}, did you mean --${nearest}? see: stateseal ${verb} --help`,
    );
  }
}

function plannedError(flag: string): ConfigError {
  return new ConfigError('not-recorded-yet', `expected a filter the log can answer, got --${flag}`, {
    hint: `what --${flag} asks for is not recorded yet by this version`,
  });
}

/** A flag's name may be repeated to the user when it looks like one. */
function isFlagLike(rawName: string): boolean {
  return /^--?[A-Za-z][A-Za-z-]{0,30}$/.test(rawName);
}

function nearestFlag(name: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((flag) => ({ flag, distance: editDistance(name, flag) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  const isNear = best !== undefined && (best.distance <= 3 || best.flag.startsWith(name));
  return isNear ? best.flag : undefined;
}

/** Levenshtein distance; both texts are short. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= Math.min(a.length, 40); i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitute = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitute, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

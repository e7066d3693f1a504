// A command line of terraform or tofu by its harmless parts. The line itself holds secrets (-var, -backend-config, keys
// in -target, ids given to import): what is not on a list of known words is left out, never shortened or masked.
import { isRandomLooking } from '../redaction/shapes.ts';
import { hasSecretShape } from '../redaction/value-rules.ts';
import type { TerraformCommand } from '../record/run.ts';
import { FLAG_WORDS, FLAGS, SUBCOMMANDS, type FlagKind } from './command-words.ts';

/** A command line with more words is read so far. */
const MAX_WORDS = 4096;
const MAX_SHOWN = 64;
const MAX_NAME_UNITS = 64;

/** "terraform", "tofu", "terraform.exe", "terraform_1.11.4", "terraform-v1.5", "tofu_1.9.0_linux_amd64". */
const PROGRAM =
  /^(terraform|tofu|opentofu)(?:[_-]?v?\d{1,3}(?:\.\d{1,3}){0,2}(?:-(?:alpha|beta|rc)\d{0,8})?)?(?:_(?:linux|darwin|windows|freebsd|openbsd|solaris)_(?:amd64|arm64|386|arm))?(?:\.exe)?$/i;
/** Of HCL: what `variable "…"` accepts. */
const VARIABLE_NAME = /^[\p{L}_][\p{L}\p{N}_-]*$/u;
const SWITCH_VALUE = /^(?:true|false|t|f|1|0)$/i;
const NUMBER = /^\d{1,6}$/;
const DURATION = /^(?:\d{1,6}(?:ms|s|m|h)){1,4}$/;

/** argv[0] is the program. Undefined when it is neither terraform nor tofu. Never throws. */
export function parseCommandLine(argv: readonly string[]): TerraformCommand | undefined {
  const tool = toolOf(argv[0] ?? '');
  if (tool === undefined) return undefined;
  const reader = new CommandReader(argv.slice(1, MAX_WORDS));
  return { tool, ...reader.read() };
}

/** The tool that a program's path names by its last part; a path that only has the word in it is none. */
export function toolOf(program: string): 'terraform' | 'tofu' | undefined {
  const name = program.slice(Math.max(program.lastIndexOf('/'), program.lastIndexOf('\\')) + 1);
  const word = PROGRAM.exec(name)?.[1]?.toLowerCase();
  if (word === undefined) return undefined;
  return word === 'terraform' ? 'terraform' : 'tofu';
}

interface Flag {
  readonly name: string;
  readonly kind: FlagKind;
  readonly value: string | undefined;
}

/** Reads the words once, from left to right, as the tools' own flag parser does (Go's package flag). */
class CommandReader {
  readonly #words: readonly string[];
  readonly #flags = new Set<string>();
  readonly #variables = new Set<string>();
  #at = 0;
  #planFile = '';
  #chdir = '';
  /** After a flag that is not known, the next word may be its value. */
  #isDoubtful = false;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  read(): Omit<TerraformCommand, 'tool'> {
    const subcommand = this.#readSubcommand();
    if (subcommand !== '') this.#readArguments(subcommand);
    return {
      subcommand,
      flags: [...this.#flags],
      variables: [...this.#variables].sort(),
      planFile: this.#planFile,
      chdir: this.#chdir,
    };
  }

  /** Ends behind the subcommand; '' where the first word is not known, and nothing behind it is read then. */
  #readSubcommand(): string {
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      if (word.startsWith('-')) {
        this.#readGlobalFlag(word);
        continue;
      }
      const seconds = SUBCOMMANDS.get(word);
      if (seconds === undefined) return '';
      const second = this.#words[this.#at];
      if (second === undefined || !seconds.has(second)) return word;
      this.#at += 1;
      return `${word} ${second}`;
    }
    return '';
  }

  #readGlobalFlag(word: string): void {
    if (word.startsWith('-chdir=')) this.#chdir = word.slice('-chdir='.length);
    else if (/^(?:-h|-help|--help)$/.test(word)) this.#show('-help');
    else if (/^(?:-v|-version|--version)$/.test(word)) this.#show('-version');
  }

  #readArguments(subcommand: string): void {
    let isFlags = true;
    let positionals = 0;
    for (let word = this.#next(); word !== undefined; word = this.#next()) {
      if (isFlags && word === '--') {
        isFlags = false;
      } else if (isFlags && word.length > 1 && word.startsWith('-')) {
        this.#readFlag(word, subcommand);
      } else if (this.#isDoubtful) {
        this.#isDoubtful = false;
        positionals += 1;
      } else {
        // Addresses of state rm, ids of import and names of outputs are nobody's business: only a saved plan is named.
        if (subcommand === 'apply' && positionals === 0) this.#planFile = word;
        positionals += 1;
      }
    }
  }

  #readFlag(word: string, subcommand: string): void {
    const flag = this.#toFlag(word);
    if (flag === undefined) {
      this.#isDoubtful = !word.includes('=');
      return;
    }
    this.#isDoubtful = false;
    const { name, kind, value } = flag;
    if (name === 'var') {
      this.#noteVariable(value ?? '');
      return;
    }
    if (name === 'out' && subcommand === 'plan') this.#planFile = value ?? '';
    this.#show(`-${name}${isShown(kind, value) ? `=${value}` : ''}`);
  }

  /** Takes the next word where the flag must have a value and brought none; undefined for a flag that is not known. */
  #toFlag(word: string): Flag | undefined {
    const text = word.slice(word.startsWith('--') ? 2 : 1);
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    const kind = FLAGS.get(name);
    if (kind === undefined) return undefined;
    const value = equals >= 0 ? text.slice(equals + 1) : kind === 'switch' ? undefined : this.#next();
    return { name, kind, value };
  }

  /** "name=value": the name, where it can be one. */
  #noteVariable(assignment: string): void {
    const equals = assignment.indexOf('=');
    const name = equals < 0 ? '' : assignment.slice(0, equals).trim();
    const isName = name.length <= MAX_NAME_UNITS && VARIABLE_NAME.test(name);
    if (isName && !hasSecretShape(name) && !isRandomLooking(name) && this.#variables.size < MAX_SHOWN) {
      this.#variables.add(name);
    }
  }

  #show(flag: string): void {
    if (this.#flags.size < MAX_SHOWN) this.#flags.add(flag);
  }

  #next(): string | undefined {
    const word = this.#words[this.#at];
    this.#at += 1;
    return word;
  }
}

function isShown(kind: FlagKind, value: string | undefined): value is string {
  if (value === undefined) return false;
  switch (kind) {
    case 'switch':
      return SWITCH_VALUE.test(value);
    case 'number':
      return NUMBER.test(value);
    case 'duration':
      return DURATION.test(value);
    case 'word':
      return FLAG_WORDS.has(value);
    case 'hidden':
      return false;
  }
}

// Quoted strings as Terraform prints them inside addresses: HCL escapes, and template marks doubled.
import { ParseError } from '../errors.ts';

/** What Go's unicode.IsPrint takes as printable: letters, marks, numbers, punctuation, symbols, the ASCII space. */
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/u;
const NEEDS_QUOTING = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]|[$%]\{/u;
const QUOTED = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]|["\\]|[$%](?=\{)/gu;

/** `"…"` with \n \r \t \" \\, `${` and `%{` doubled to `$${` and `%%{`, unprintable ones as \uXXXX or \UXXXXXXXX. */
export function formatHclString(text: string): string {
  return NEEDS_QUOTING.test(text) ? '"' + text.replace(QUOTED, quote) + '"' : '"' + text + '"';
}

/** Text with every unprintable character as \uXXXX or \UXXXXXXXX: safe for a terminal and for a log line. */
export function escapeUnprintable(text: string): string {
  return UNPRINTABLE.test(text) ? text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, escape) : text;
}

export interface HclString {
  readonly value: string;
  /** Index behind the closing quote. */
  readonly end: number;
}

/** Reads the quoted string that opens at `start`. Throws ParseError `address-malformed`. */
export function parseHclString(text: string, start: number): HclString {
  if (text[start] !== '"') throw addressMalformed('a quoted key', start);
  const parts: string[] = [];
  let from = start + 1;
  for (;;) {
    const special = nextSpecial(text, from);
    const mark = text[special];
    parts.push(text.slice(from, special));
    if (mark === '"') return { value: parts.join(''), end: special + 1 };
    const { value, end } = mark === '\\' ? parseEscape(text, special) : parseTemplateMark(text, special);
    parts.push(value);
    from = end;
  }
}

function quote(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    case '"':
    case '\\':
      return '\\' + character;
    case '$':
    case '%':
      return character + character;
    default:
      return escape(character);
  }
}

function escape(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const digits = point.toString(16);
  return point < 0x10000 ? '\\u' + digits.padStart(4, '0') : '\\U' + digits.padStart(8, '0');
}

/** Index of the next quote, backslash, template mark or control character. */
function nextSpecial(text: string, from: number): number {
  const special = /["\\]|[$%]{1,2}\{|\p{Cc}/gu;
  special.lastIndex = from;
  const match = special.exec(text);
  if (match === null) throw addressMalformed('a closing quote', text.length);
  return match.index;
}

const SIMPLE_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['"', '"'],
  ['\\', '\\'],
]);

function parseEscape(text: string, at: number): HclString {
  const letter = text[at + 1] ?? '';
  const simple = SIMPLE_ESCAPES.get(letter);
  if (simple !== undefined) return { value: simple, end: at + 2 };
  const length = letter === 'u' ? 4 : 8;
  const digits = text.slice(at + 2, at + 2 + length);
  const point = Number.parseInt(digits, 16);
  const isPoint = /^[0-9a-fA-F]+$/.test(digits) && digits.length === length && point <= 0x10ffff;
  if ((letter !== 'u' && letter !== 'U') || !isPoint) throw addressMalformed('an escape', at);
  return { value: String.fromCodePoint(point), end: at + 2 + length };
}

/** A lone `${` would be a template, and a raw control character is never printed. */
function parseTemplateMark(text: string, at: number): HclString {
  const mark = text[at] ?? '';
  if (text.slice(at, at + 3) !== mark + mark + '{') throw addressMalformed('printable literal text', at);
  return { value: mark + '{', end: at + 3 };
}

/** `address-malformed`: an address, or a module path, that Terraform would not print. */
export function addressMalformed(expected: string, index: number): ParseError {
  return new ParseError('address-malformed', `expected ${expected} in an address, got something else at ${index}`, {
    hint: 'An address reads module.m["k"].aws_x.y[0], as Terraform prints it.',
  });
}

// Shapes of values that are safe to show under a key of the matching class. A shape never makes a string a secret;
// what fits none stays hidden. Every test is linear on hostile text.
import { isArn, isRegion } from './public-words.ts';

/** Class of a key on the allow-list, and so the shape its strings must have to be shown. */
export type ShapeClass =
  'id' | 'name' | 'word' | 'number' | 'host' | 'url' | 'address' | 'text' | 'time' | 'schedule' | 'path';

const MAX_UNITS = 256;
const MAX_ID_UNITS = 1024;

/** True when the text has the shape of the class. The empty string has every shape. */
export function hasShape(shape: ShapeClass, text: string): boolean {
  if (text === '') return true;
  if (text.length > (shape === 'id' || shape === 'url' || shape === 'path' ? MAX_ID_UNITS : MAX_UNITS)) return false;
  return TESTS[shape](text) || isShownByShape(text);
}

/** Shapes shown under any key: CIDR blocks, ARNs, RFC 3339 dates, regions and zones. Never UUIDs or hex. */
export function isShownByShape(text: string): boolean {
  if (text.length < 4 || text.length > 640) return false;
  if (isRegion(text)) return true;
  const first = text.charCodeAt(0);
  if (first === 0x61 && text.startsWith('arn:')) return isArn(text) && !isRandomLooking(text);
  return DATE_TIME.test(text) || CIDR.test(text);
}

const DATE_TIME =
  /^\d{4}-(?:0\d|1[0-2])-[0-3]\d(?:[Tt ][0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d{1,9})?)?(?: ?(?:Z|z|UTC|[+-][0-2]\d:?[0-5]\d))?)?$/;
const IPV4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;
const IPV6 = /^(?=[^:]*:[^:]*:)[0-9a-fA-F:.]{2,45}$/;
const CIDR = /^(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[^:]*:[^:]*:)[0-9a-fA-F:.]{2,45})\/\d{1,3}$/;

/** One shape over ASCII and, several times slower, over all letters and digits, punctuation and symbols. */
interface TextShape {
  readonly source: string;
  readonly test: (text: string) => boolean;
}

const NON_ASCII = /[^\0-\x7f]/;

/** `L` in the pattern is any letter or digit, `P` any printable character but the space. */
function shapeOf(pattern: string): TextShape {
  const ascii = new RegExp(pattern.replaceAll('L', 'A-Za-z0-9').replaceAll('P', '!-~'));
  const wide = new RegExp(pattern.replaceAll('L', '\\p{L}\\p{N}').replaceAll('P', '\\p{L}\\p{N}\\p{P}\\p{S}'), 'u');
  return { source: wide.source, test: (text) => (NON_ASCII.test(text) ? wide.test(text) : ascii.test(text)) };
}

const HOST = shapeOf('^\\*?[L_-]{0,63}(?:\\.[L_-]{1,63}){0,12}\\.?(?::\\d{1,5})?$');
const ID = shapeOf('^[L._:/@#|,~$*()[\\]{}<>-]+$');
const NAME = shapeOf('^[P]+(?: [P]+)*$');
const WORD = shapeOf('^[L_$*-][L._:/@$*,()+ -]{0,127}$');
const NUMBER = shapeOf('^[<>=~^ ]{0,4}[L$*-][L._+:%/ -]{0,63}$');
const TIME = shapeOf('^[L][L:.,+ /-]{0,63}$');
const SCHEDULE = shapeOf('^(?:(?:rate|cron|at)\\([L *?,/#:.-]{1,96}\\)|[\\d*?,/A-Z -]{1,96}|@[a-z]{4,10})$');
const PATH = shapeOf('^[L._~/\\\\:@$*{}()+ -]+$');
const URL_TEXT = shapeOf('^[a-z][a-z0-9+.-]{1,15}://[L._~/:*{}$()[\\]-]+$');
const TEXT = shapeOf('^[P]+(?: {1,2}[P]+)*$');
/** Prose that talks about a secret may well state it. */
const TELLS_SECRET = /pass(?:word|wd|phrase|code)?\b|secret|token|credential|\bpw\b|\bpin\b|api.?key|=/i;

/** Ids tell things apart: long hexadecimal runs and UUIDs are theirs. Names are words with a short suffix. */
const MAX_ID_RUN = 40;
const MAX_NAME_RUN = 21;

const TESTS: Readonly<Record<ShapeClass, (text: string) => boolean>> = {
  id: (text) => ID.test(text) && !isRandomLooking(text, MAX_ID_RUN),
  name: (text) => NAME.test(text) && !isRandomLooking(text),
  word: (text) => WORD.test(text) && !isRandomLooking(text),
  number: (text) => NUMBER.test(text) && !isRandomLooking(text),
  host: (text) => isHost(text) || IPV4.test(text),
  url: (text) => (isUrl(text) || isHost(text) || PATH.test(text)) && !isRandomLooking(pathOf(text)),
  address: (text) => IPV4.test(text) || IPV6.test(text) || (WORD.test(text) && !isRandomLooking(text)),
  text: (text) => TEXT.test(text) && !TELLS_SECRET.test(text) && !isRandomLooking(text),
  time: (text) => TIME.test(text) && !isRandomLooking(text),
  schedule: (text) => SCHEDULE.test(text) || (TIME.test(text) && !isRandomLooking(text)),
  path: (text) => PATH.test(text) && !isRandomLooking(text),
};

/** Host names hold ids: the account, the cluster, the distribution. */
function isHost(text: string): boolean {
  return (HOST.test(text) || IPV6.test(text)) && !isRandomLooking(text, MAX_ID_RUN);
}

function isUrl(text: string): boolean {
  return URL_TEXT.test(text) && !isRandomLooking(text.slice(0, text.length - pathOf(text).length), MAX_ID_RUN);
}

/** What follows scheme and host; all of a text that has none. */
function pathOf(text: string): string {
  const host = text.indexOf('://');
  if (host === -1) return HOST.test(text) ? '' : text;
  const path = text.indexOf('/', host + 3);
  return path === -1 ? '' : text.slice(path);
}

const MIN_RUN_UNITS = 14;
const MIN_TOKEN_UNITS = 20;
const MAX_PLAIN_RUN = 64;
/** 128 bits in hex: a key or a digest, however its digits fall. */
const KEY_RUN = 32;
/** Random base62 turns at 0.45 of its steps, names written in camel case at 0.17. */
const MIN_TURNS = 0.3;
/** Random base62 has a quarter of its units in word-like runs, names two thirds. */
const MAX_WORDS = 0.45;
/** Paths have UUIDs and short names in them; base64 has a slash now and then. */
const MAX_PATH_WORDS = 0.35;
const WORD_RUN = /[A-Z]?[a-z]{3,}|[A-Z]{4,}|[0-9]{4,}/g;
const TOKEN = /[A-Za-z0-9+_=-]{20,}/g;
const PATH_TOKEN = /[A-Za-z0-9+_=/-]{20,}/g;

const DIGIT = 1;
const UPPER = 2;
const LOWER = 4;
const ALL_KINDS = DIGIT | UPPER | LOWER;
const KINDS = new Uint8Array(128).map((_, unit) =>
  isBetween(unit, '0', '9') ? DIGIT : isBetween(unit, 'A', 'Z') ? UPPER : isBetween(unit, 'a', 'z') ? LOWER : 0,
);

function isBetween(unit: number, first: string, last: string): boolean {
  return unit >= first.charCodeAt(0) && unit <= last.charCodeAt(0);
}

/**
 * True when the text holds a run no name or id has: letters of both cases and digits without words in them (base64,
 * base62), or one case with digits over more than `maxRun` units (hex, base36).
 */
export function isRandomLooking(text: string, maxRun = MAX_NAME_RUN): boolean {
  if (text.length < MIN_RUN_UNITS) return false;
  let start = 0;
  let turns = 0;
  let kinds = 0;
  let allKinds = 0;
  let before = 0;
  for (let at = 0; at <= text.length; at += 1) {
    const unit = at < text.length ? text.charCodeAt(at) : 0;
    const kind = unit < 128 ? (KINDS[unit] ?? 0) : 0;
    if (kind === 0) {
      if (at - start >= MIN_RUN_UNITS && isRandomRun(at - start, kinds, turns, maxRun)) return true;
      start = at + 1;
      turns = 0;
      kinds = 0;
    } else {
      // The small letter after a capital, as in a word, is no turn.
      if (kinds !== 0 && kind !== before && !(before === UPPER && kind === LOWER)) turns += 1;
      kinds |= kind;
      allKinds |= kind;
    }
    before = kind;
  }
  return allKinds === ALL_KINDS && text.length >= MIN_TOKEN_UNITS && holdsRandomToken(text);
}

/** `turns`: how often one kind of character follows another in the run. */
function isRandomRun(length: number, kinds: number, turns: number, maxRun: number): boolean {
  const hasBothCases = (kinds & UPPER) !== 0 && (kinds & LOWER) !== 0;
  if (hasBothCases) return turns / length >= (kinds === ALL_KINDS ? MIN_TURNS : MIN_TURNS + 0.1);
  if ((kinds & DIGIT) !== 0 && kinds !== DIGIT) {
    return length > maxRun && (length >= KEY_RUN || turns / length >= MIN_TURNS / 2);
  }
  return length > MAX_PLAIN_RUN;
}

function holdsRandomToken(text: string): boolean {
  for (const token of text.match(TOKEN) ?? []) if (isRandomToken(token, MAX_WORDS)) return true;
  return (text.match(PATH_TOKEN) ?? []).some((token) => isRandomToken(token, MAX_PATH_WORDS));
}

function isRandomToken(token: string, maxWords: number): boolean {
  if (!/[A-Z]/.test(token) || !/[a-z]/.test(token) || !/[0-9]/.test(token)) return false;
  const letters = token.replace(/[^A-Za-z0-9]/g, '');
  const words = letters.match(WORD_RUN) ?? [];
  const inWords = words.reduce((sum, word) => sum + word.length, 0);
  return letters.length >= MIN_TOKEN_UNITS - 2 && inWords / letters.length < maxWords;
}

/** What the shapes rest on, for the policy digest. */
export function describeShapes(): readonly string[] {
  const shapes = [DATE_TIME, IPV4, IPV6, CIDR, HOST, ID, NAME, WORD, NUMBER, TIME, SCHEDULE, PATH, URL_TEXT, TEXT];
  return [
    ...shapes.map((shape) => shape.source),
    TELLS_SECRET.source,
    WORD_RUN.source,
    String([MIN_TURNS, MAX_WORDS, MAX_PATH_WORDS, MAX_ID_RUN, MAX_NAME_RUN]),
  ];
}

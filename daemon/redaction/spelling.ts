// What a text means whatever its spelling: the JSON in it, the number it writes, its words without their spacing. Pure.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { NumberText, type Json } from '../json/value.ts';
import type { HiddenValue } from '../record/observation.ts';

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?$/;

const NUMBER = 'number:';
const TEXT = 'text:';

/**
 * What stands for a text's meaning where it has other spellings: a kind and a tag. A number is of its own kind, for "1.10"
 * is "1.1" to whoever reads numbers and another version to everybody else.
 */
export function meaningOf(text: string, tagOf: (value: Json) => string): string | undefined {
  if (DECIMAL.test(text)) return NUMBER + tagOf(new NumberText(text));
  const container = readContainer(text);
  if (container !== undefined) return TEXT + tagOf(container);
  const words = text.replaceAll(/\s+/gu, ' ').trim();
  return words === text ? undefined : TEXT + tagOf(words);
}

type Tagged = Pick<HiddenValue, 'tag' | 'meaning'>;

/** A text that writes the number that the other value is. */
export function isNumberMeaning(text: Tagged, number: Tagged): boolean {
  return text.meaning === NUMBER + number.tag;
}

/** Two texts that say the same. */
export function isTextMeaning(left: Tagged, right: Tagged): boolean {
  return left.meaning?.startsWith(TEXT) === true && left.meaning === (right.meaning ?? TEXT + right.tag);
}

export function isDecimal(text: string): boolean {
  return DECIMAL.test(text);
}

/** A list or an object written as JSON; undefined for other text. */
export function readContainer(text: string): Json | undefined {
  if (!/^\s*[[{]/u.test(text)) return undefined;
  try {
    return parseJson(Buffer.from(text));
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

// What a text means whatever its spelling: the JSON in it, the number it writes, its words without their spacing. Pure.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { NumberText, type Json } from '../json/value.ts';

const DECIMAL = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,9})?$/;

/** Undefined for a text with one spelling. */
export function meaningOf(text: string): Json | undefined {
  if (DECIMAL.test(text)) return new NumberText(text);
  const container = readContainer(text);
  if (container !== undefined) return container;
  const words = text.replaceAll(/\s+/gu, ' ').trim();
  return words === text ? undefined : words;
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

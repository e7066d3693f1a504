// Numbers by value, whatever their spelling: 1.0, 1 and 10e-1 are one number, and no digit is ever lost.
// Commitments are made of this form, so it is frozen with the first leaf. Works on text, in linear time.
import { ParseError } from '../errors.ts';
import { NumberText } from './value.ts';

/** significand × 10^exponent, both decimal text. The significand has no outer zeros; zero is 0 and 0. */
export interface CanonicalNumber {
  readonly significand: string;
  readonly exponent: string;
}

const NUMBER = /^(-?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?)([0-9]+))?$/;
const ZERO: CanonicalNumber = { significand: '0', exponent: '0' };
/** Exponents up to here are added exactly as doubles; the digits of one text never reach 2^53. */
const MAX_EXPONENT_DIGITS = 15;

/**
 * The canonical form of a JSON number (RFC 8259 §6); -0 is 0.
 * A written exponent of more than 15 digits is kept as written, unreduced (10e<16 digits> and 1e<the same + 1> are
 * then two numbers): nothing real has one, and hostile ones must not cost more than their length.
 * Throws ParseError `json-number` for any other text, and for NaN and infinities.
 */
export function canonicalNumber(number: string | number | NumberText): CanonicalNumber {
  const text = number instanceof NumberText ? number.text : String(number);
  const match = NUMBER.exec(text);
  if (match === null) throw notNumber();
  const [, sign = '', whole = '', fraction = '', exponentSign = '', exponentDigits = ''] = match;
  const digits = whole + fraction;
  const first = skipZeros(digits);
  if (first === digits.length) return ZERO;
  const last = skipZerosBack(digits);
  const shift = digits.length - last - fraction.length;
  const exponent = exponentDigits.slice(skipZeros(exponentDigits));
  return {
    significand: sign + digits.slice(first, last),
    exponent: addExponent(exponentSign === '-' ? '-' : '', exponent, shift),
  };
}

/** True when both are the same number, exactly. */
export function equalNumbers(a: string | number | NumberText, b: string | number | NumberText): boolean {
  const left = canonicalNumber(a);
  const right = canonicalNumber(b);
  return left.significand === right.significand && left.exponent === right.exponent;
}

function addExponent(sign: string, digits: string, shift: number): string {
  if (digits.length > MAX_EXPONENT_DIGITS) return sign + digits;
  return String(Number(sign + (digits === '' ? '0' : digits)) + shift);
}

function skipZeros(digits: string): number {
  let at = 0;
  while (digits[at] === '0') at += 1;
  return at;
}

function skipZerosBack(digits: string): number {
  let at = digits.length;
  while (digits[at - 1] === '0') at -= 1;
  return at;
}

function notNumber(): ParseError {
  return new ParseError('json-number', 'expected a decimal number, got something else', {
    hint: 'Numbers are written as JSON writes them: 12, -0.5, 1e9.',
  });
}

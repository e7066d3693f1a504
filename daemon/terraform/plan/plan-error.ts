// What is said of a plan that cannot be read: where and how, never what stands there.
import { ParseError } from '../../errors.ts';

export function planMalformed(expected: string, where: string): ParseError {
  return new ParseError('plan-malformed', `expected ${expected} in ${where} of a plan, got something else`, {
    hint: 'The file is not a plan as Terraform or OpenTofu writes it, or it is damaged: make the plan again.',
  });
}

/** Runs a decoder of foreign code: whatever it throws may quote the input. */
export function decoding<T>(expected: string, where: string, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ParseError) throw error;
    throw planMalformed(expected, where);
  }
}

const MAX_LINE_UNITS = 16_384;

/** Text that goes into records: no control characters, no more than an address can have. */
export function assertedLine(text: string, where: string): string {
  if (text.length > MAX_LINE_UNITS || /\p{Cc}/u.test(text)) throw planMalformed('one line of text', where);
  return text;
}

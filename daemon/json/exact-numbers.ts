// Carries numbers through JSON.parse that a double cannot hold: each is replaced by a marker number before the
// parse and put back, as text, after it. Six times faster than a reviver, which is called for every value.
import { Buffer } from 'node:buffer';
import { NumberText } from './value.ts';

/*
 * The marker of the i-th kept token is the i-th subnormal double, (i + 1) × 2^-1074. No other number of the parsed
 * tree is subnormal, because the scan keeps every subnormal token too: a marker cannot be forged by the input.
 */
const SMALLEST_NORMAL = 2 ** -1022;
const MAX_MARKER_BYTES = 24;

/** A copy of the text with a marker in place of each number of `numberSpans` (start, end, start, end…). */
export function markNumbers(bytes: Uint8Array, numberSpans: readonly number[]): Buffer {
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const target = Buffer.allocUnsafe(source.length + (numberSpans.length / 2) * MAX_MARKER_BYTES);
  let from = 0;
  let to = 0;
  for (let at = 0; at < numberSpans.length; at += 2) {
    const start = numberSpans[at] ?? 0;
    to += source.copy(target, to, from, start);
    to += target.write(String((at / 2 + 1) * Number.MIN_VALUE), to, 'latin1');
    from = numberSpans[at + 1] ?? 0;
  }
  to += source.copy(target, to, from);
  return target.subarray(0, to);
}

export function isMarker(value: number): boolean {
  return value < SMALLEST_NORMAL && value > 0;
}

/** The token a marker stands for: a number when its text is the double's own, else NumberText. */
export function readMarker(marker: number, bytes: Uint8Array, numberSpans: readonly number[]): number | NumberText {
  const at = (marker / Number.MIN_VALUE - 1) * 2;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = source.toString('latin1', numberSpans[at], numberSpans[at + 1]);
  return String(Number(text)) === text ? Number(text) : new NumberText(text);
}

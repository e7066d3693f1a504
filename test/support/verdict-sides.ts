// Sides of a comparison, written by hand, and what the comparison finds in them as lines.
import type { Json } from '../../daemon/json/value.ts';
import type { HiddenValue } from '../../daemon/record/observation.ts';
import { HiddenSealer } from '../../daemon/redaction/seal-hidden.ts';
import { compareValues, createEffort, type Effort, type Side } from '../../daemon/verdict/same-value.ts';
import { testKeys } from './log-harness.ts';

export const NONE: Side = { value: undefined, hidden: [] };
const sealer = new HiddenSealer(testKeys, 'state');

export const hide = (path: string, value: Json): HiddenValue => sealer.seal('a.b', { path, by: 'mark', value });
export const shown = (value: Json | undefined, ...hidden: HiddenValue[]): Side => ({ value, hidden });
/** `{v: null}` with a secret in its place. */
export const secret = (value: Json): Side => shown({ v: null }, hide('/v', value));

export interface How {
  readonly unknown?: readonly string[];
  readonly before?: Side;
  readonly strict?: boolean;
  readonly untouched?: boolean;
  readonly effort?: Effort;
}

export function compare(planned: Side, actual: Side, how: How = {}): string[] {
  const { unknown = [], before = NONE, strict = false, untouched = false, effort = createEffort() } = how;
  const findings = compareValues({
    planned: { ...planned, unknown },
    ...{ actual, before, isLenient: !strict, isTouched: !untouched, effort },
  });
  return findings.map(({ path, code }) => `${path} ${code}`);
}

export const values = (planned: Json, actual: Json, how?: How): string[] =>
  compare(shown({ v: planned }), shown({ v: actual }), how);
export const secrets = (planned: Json, actual: Json, how?: How): string[] =>
  compare(secret(planned), secret(actual), how);
export const OTHER = ['/v other-value'];

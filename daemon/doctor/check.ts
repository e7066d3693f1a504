// One thing looked at by `stateseal doctor`: what was seen, what it means, and the exact fix. Pure.
import { ArchiveError } from '../errors.ts';

/** `unknown`: it could not be looked at, which is neither good nor bad; the text says who could. */
export type CheckResult = 'ok' | 'warn' | 'fail' | 'unknown';

export interface Check {
  /** Stable, kebab-case, for machines. */
  readonly name: string;
  readonly result: CheckResult;
  /** What was seen: one sentence. */
  readonly text: string;
  /** What to do, a command where there is one; '' when there is nothing to do. */
  readonly fix: string;
}

export function ok(name: string, text: string): Check {
  return { name, result: 'ok', text, fix: '' };
}

export function warn(name: string, text: string, fix: string): Check {
  return { name, result: 'warn', text, fix };
}

export function fail(name: string, text: string, fix: string): Check {
  return { name, result: 'fail', text, fix };
}

export function unknown(name: string, text: string, fix: string): Check {
  return { name, result: 'unknown', text, fix };
}

/** The check that ends in an error of the store, or the error itself when it is none. */
export function failedBy(name: string, error: unknown): Check {
  if (!(error instanceof ArchiveError)) throw error;
  return fail(name, `${error.message} [${error.code}]`, error.hint);
}

/** 1 when something has to be mended. */
export function exitCodeOf(checks: readonly Check[]): 0 | 1 {
  return checks.some(({ result }) => result === 'fail') ? 1 : 0;
}

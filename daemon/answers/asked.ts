// What was asked, by flags of a verb or by a query string: one reading of both, so that both get the same answer. Pure.

/** The parameters of a question, by their names without dashes. */
export interface Asked {
  /** The last value; undefined when it was not given. */
  text(name: string): string | undefined;
  /** Every value, split at commas. */
  list(name: string): readonly string[] | undefined;
  has(name: string): boolean;
}

/** Makes the error for a parameter that cannot be used: the name, and what was expected. It quotes no value. */
export type Refuse = (name: string, expected: string) => Error;

/** A whole number from `min` to `max`. */
export function parseWhole(
  asked: Asked,
  refuse: Refuse,
  name: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: { readonly min?: number; readonly max?: number } = {},
): number | undefined {
  const text = asked.text(name);
  if (text === undefined) return undefined;
  const value = /^[0-9]{1,15}$/u.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw refuse(name, `a whole number from ${min} ${max === Number.MAX_SAFE_INTEGER ? 'on' : `to ${max}`}`);
}

/** Words of a list, each one of `allowed`. */
export function parseWords<T extends string>(
  asked: Asked,
  refuse: Refuse,
  name: string,
  allowed: readonly T[],
): readonly T[] | undefined {
  const words = asked.list(name);
  if (words === undefined) return undefined;
  const known = allowed.filter((word) => words.includes(word));
  if (words.length > 0 && words.every((word) => (allowed as readonly string[]).includes(word))) return known;
  throw refuse(name, `one of ${allowed.join(', ')}`);
}

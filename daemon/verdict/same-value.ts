// Whether a value is the one that was planned. Pure. Redacted trees on all sides: hidden values are compared by their
// local tags. What a provider may make of a planned value is told apart from another value (docs/VERDICTS.md).
import { equalNumbers } from '../json/number.ts';
import { childPath } from '../redaction/keys.ts';
import { isDecimal, readContainer } from '../redaction/spelling.ts';
import { isJsonArray, isJsonObject, member, NumberText, type Json, type JsonObject } from '../json/value.ts';
import type { ReasonCode } from '../record/verdict-data.ts';
import { equalTrees, isSameHidden, isText, type Place } from './equal-trees.ts';
import type { HiddenValue } from '../record/observation.ts';

/** A redacted tree; undefined: not there. */
export interface Side {
  readonly value: Json | undefined;
  readonly hidden: readonly HiddenValue[];
}

export interface PlannedSide extends Side {
  /** Pointers to what may become anything. */
  readonly unknown: readonly string[];
}

export interface ValueFinding {
  readonly path: string;
  readonly code: ReasonCode;
}

export interface Comparison {
  readonly planned: PlannedSide;
  readonly actual: Side;
  readonly before: Side;
  /** Providers of the legacy type system may answer with another spelling; those built into Terraform may not. */
  readonly isLenient: boolean;
  /** The change wrote the object. */
  readonly isTouched: boolean;
}

/** Longer lists are compared in their order only: every element may have to be held against every other. */
const MAX_UNORDERED = 256;

/** Nothing for a value as planned. */
export function compareValues(comparison: Comparison): readonly ValueFinding[] {
  const walk = new Walk(comparison);
  walk.node(comparison.planned.value, comparison.actual.value, { planned: '', actual: '' });
  return walk.findings;
}

interface HiddenPair {
  readonly planned: HiddenValue | undefined;
  readonly actual: HiddenValue | undefined;
}

interface Paths {
  readonly planned: string;
  readonly actual: string;
}

type Hidden = ReadonlyMap<string, HiddenValue>;

class Walk {
  findings: ValueFinding[] = [];
  readonly #planned: Hidden;
  readonly #actual: Hidden;
  readonly #before: Hidden;
  readonly #unknown: ReadonlySet<string>;
  readonly #comparison: Comparison;

  constructor(comparison: Comparison) {
    const { planned, actual, before } = comparison;
    this.#comparison = comparison;
    this.#planned = byPath(planned.hidden);
    this.#actual = byPath(actual.hidden);
    this.#before = byPath(before.hidden);
    this.#unknown = new Set(planned.unknown);
  }

  node(planned: Json | undefined, actual: Json | undefined, paths: Paths): void {
    if (this.#unknown.has(paths.planned)) return;
    const hiddenPlanned = this.#planned.get(paths.planned);
    const hiddenActual = this.#actual.get(paths.actual);
    if (hiddenPlanned !== undefined || hiddenActual !== undefined) {
      return this.#hidden({ planned, actual }, { planned: hiddenPlanned, actual: hiddenActual }, paths);
    }
    if (isJsonObject(planned) && isJsonObject(actual)) return this.#members(planned, actual, paths);
    if (isJsonArray(planned) && isJsonArray(actual)) return this.#elements(planned, actual, paths);
    if (isSameScalar(planned ?? null, actual ?? null)) return;
    const code = this.#comparison.isLenient ? this.#spelling(planned ?? null, actual ?? null, paths.actual) : undefined;
    this.#differ(paths.actual, code);
  }

  #hidden(
    value: { readonly planned: Json | undefined; readonly actual: Json | undefined },
    hidden: HiddenPair,
    paths: Paths,
  ): void {
    if (hidden.planned !== undefined && hidden.actual !== undefined) {
      const same = isSameHidden(hidden.planned, hidden.actual, paths.planned === paths.actual);
      // A saved plan does not tell which of its texts are numbers.
      if (same === true || hidden.planned.meaning === hidden.actual.tag) return;
      return this.#differ(paths.actual, same === undefined ? 'not-comparable' : this.#hiddenSpelling(hidden));
    }
    const shown = hidden.planned === undefined ? value.planned : value.actual;
    if (shown !== undefined && shown !== null) return this.#differ(paths.actual, 'not-comparable');
    this.#differ(
      paths.actual,
      hidden.planned === undefined && this.#isDefault(paths.actual) ? 'default-set' : undefined,
    );
  }

  #hiddenSpelling({ planned, actual }: HiddenPair): ReasonCode | undefined {
    const isSpelling = planned?.meaning !== undefined && planned.meaning === (actual?.meaning ?? actual?.tag);
    return isSpelling && this.#comparison.isLenient ? 'other-spelling' : undefined;
  }

  #members(planned: JsonObject, actual: JsonObject, paths: Paths): void {
    for (const key of new Set([...Object.keys(planned), ...Object.keys(actual)])) {
      this.node(member(planned, key), member(actual, key), {
        planned: childPath(paths.planned, key),
        actual: childPath(paths.actual, key),
      });
    }
  }

  #elements(planned: readonly Json[], actual: readonly Json[], paths: Paths): void {
    const inOrder = this.#attempt(() => {
      for (let index = 0; index < Math.max(planned.length, actual.length); index += 1) {
        this.node(planned[index], actual[index], below(paths, index, index));
      }
    });
    if (inOrder.every(isSpelling)) return void this.findings.push(...inOrder);
    if (this.#isAsBefore(paths.actual)) return this.#differ(paths.actual, 'not-done');
    const unordered = this.#comparison.isLenient ? this.#unordered(planned, actual, paths) : undefined;
    this.findings.push(...(unordered ?? inOrder));
  }

  /** Every planned element with one of its own; where unknown ones became equal, they share it. */
  #unordered(planned: readonly Json[], actual: readonly Json[], paths: Paths): readonly ValueFinding[] | undefined {
    const isMerged = actual.length < planned.length && this.#hasUnknownBelow(paths.planned);
    if (planned.length > MAX_UNORDERED || (actual.length !== planned.length && !isMerged)) return undefined;
    const free = new Set(actual.keys());
    const used = new Set<number>();
    const found: ValueFinding[] = [{ path: paths.actual, code: 'other-order' }];
    // What is known whole first: an unknown element fits anything.
    const order = [...planned.keys()].sort((a, b) => this.#unknownsAt(paths, a) - this.#unknownsAt(paths, b));
    for (const index of order) {
      const fit = [...(isMerged && free.size === 0 ? used : free)].find((at) =>
        this.#attempt(() => this.node(planned[index], actual[at], below(paths, index, at))).every(isSpelling),
      );
      if (fit === undefined) return undefined;
      free.delete(fit);
      used.add(fit);
    }
    return free.size === 0 ? found : undefined;
  }

  #unknownsAt({ planned }: Paths, index: number): number {
    const path = `${planned}/${index}`;
    return [...this.#unknown].filter((pointer) => pointer === path || pointer.startsWith(`${path}/`)).length;
  }

  #hasUnknownBelow(path: string): boolean {
    return [...this.#unknown].some((pointer) => pointer.startsWith(`${path}/`));
  }

  #attempt(work: () => void): ValueFinding[] {
    const outer = this.findings;
    const inner: ValueFinding[] = [];
    this.findings = inner;
    work();
    this.findings = outer;
    return inner;
  }

  #differ(path: string, code: ReasonCode | undefined): void {
    if (code !== undefined && isSpelling({ code })) return void this.findings.push({ path, code });
    this.findings.push({ path, code: this.#isAsBefore(path) ? 'not-done' : (code ?? 'other-value') });
  }

  /** What stands there stood there before the change. */
  #isAsBefore(path: string): boolean {
    const { actual, before } = this.#comparison;
    const now: Place = { root: actual.value, hidden: this.#actual, path };
    return before.value !== undefined && equalTrees(now, { root: before.value, hidden: this.#before, path });
  }

  /** What was planned as null may come with a default when the object is made, and keep it when it is written. */
  #isDefault(path: string): boolean {
    const { isLenient, isTouched, before } = this.#comparison;
    return isLenient && isTouched && (before.value === undefined || this.#isAsBefore(path));
  }

  #spelling(planned: Json, actual: Json, path: string): ReasonCode | undefined {
    if (isEmpty(planned) && isEmpty(actual)) return 'null-or-empty';
    if (planned === null) return this.#isDefault(path) ? 'default-set' : undefined;
    if (typeof planned !== 'string' || typeof actual !== 'string') return undefined;
    if (withoutSpace(planned) === withoutSpace(actual)) return 'other-space';
    return isSameJson(planned, actual) ? 'other-json' : undefined;
  }
}

const SPELLINGS: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'null-or-empty',
  'default-set',
  'other-space',
  'other-json',
  'other-spelling',
  'other-order',
]);

/** A difference that a provider may make. */
export function isSpelling({ code }: { readonly code: ReasonCode }): boolean {
  return SPELLINGS.has(code);
}

function byPath(hidden: readonly HiddenValue[]): Hidden {
  return new Map(hidden.map((value) => [value.path, value]));
}

function below({ planned, actual }: Paths, plannedIndex: number, actualIndex: number): Paths {
  return { planned: `${planned}/${plannedIndex}`, actual: `${actual}/${actualIndex}` };
}

function isSameScalar(planned: Json, actual: Json): boolean {
  if (planned === actual) return true;
  if (!isNumber(actual)) return false;
  // No integer and no exact double: text in a saved plan.
  if (isText(planned)) return isDecimal(planned) && equalNumbers(planned, actual);
  return isNumber(planned) && equalNumbers(planned, actual);
}

function isNumber(value: Json): value is number | NumberText {
  return typeof value === 'number' || value instanceof NumberText;
}

/** null, and what providers of the legacy type system write for it. */
function isEmpty(value: Json): boolean {
  if (value === null || value === '' || value === false || value === 0) return true;
  if (isJsonArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function withoutSpace(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').trim();
}

function isSameJson(planned: string, actual: string): boolean {
  const [left, right] = [readContainer(planned), readContainer(actual)];
  if (left === undefined || right === undefined) return false;
  const nothing: Hidden = new Map();
  return equalTrees({ root: left, hidden: nothing, path: '' }, { root: right, hidden: nothing, path: '' });
}

// Whether a value is the one that was planned. Pure. Redacted trees on all sides: hidden values are compared by their
// local tags. What a provider may make of a planned value is told apart from another value (docs/VERDICTS.md).
import { equalNumbers } from '../json/number.ts';
import { childPath } from '../redaction/keys.ts';
import { isDecimal, isNumberMeaning, isTextMeaning, readContainer } from '../redaction/spelling.ts';
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import type { ReasonCode } from '../record/verdict-data.ts';
import { equalTrees, isNumber, isSameHidden, isText, type Place } from './equal-trees.ts';
import { canMatch } from './match-elements.ts';
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
  /** Shared by all values that are compared for one verdict. */
  readonly effort: Effort;
}

/** What may be spent on lists in another order: each element may have to be held against every other, at every depth. */
export interface Effort {
  left: number;
}

/** Values; some seconds. What would need more is not comparable. */
export function createEffort(): Effort {
  return { left: 4_000_000 };
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
  /** How many unknown values lie at or below a place. */
  readonly #unknowns: ReadonlyMap<string, number>;
  readonly #comparison: Comparison;
  readonly #asBefore = new Map<string, boolean>();
  /** Elements are tried against each other: the first difference is enough. */
  #isTrial = false;
  #hasFailed = false;

  constructor(comparison: Comparison) {
    const { planned, actual, before } = comparison;
    this.#comparison = comparison;
    this.#planned = byPath(planned.hidden);
    this.#actual = byPath(actual.hidden);
    this.#before = byPath(before.hidden);
    this.#unknown = new Set(planned.unknown);
    this.#unknowns = countUnknowns(this.#unknown);
  }

  node(planned: Json | undefined, actual: Json | undefined, paths: Paths): void {
    if (this.#isTrial && (this.#hasFailed || (this.#comparison.effort.left -= 1) < 0)) return this.#fail();
    if (this.#unknown.has(paths.planned)) return;
    const hiddenPlanned = this.#planned.get(paths.planned);
    const hiddenActual = this.#actual.get(paths.actual);
    if (hiddenPlanned !== undefined || hiddenActual !== undefined) {
      return this.#hidden({ planned, actual }, { planned: hiddenPlanned, actual: hiddenActual }, paths);
    }
    if (isJsonObject(planned) && isJsonObject(actual)) return this.#members(planned, actual, paths);
    if (isJsonArray(planned) && isJsonArray(actual)) return this.#elements(planned, actual, paths);
    if (isSameScalar(planned ?? null, actual ?? null)) return;
    this.#differ(paths.actual, this.#comparison.isLenient ? this.#spelling(planned, actual ?? null, paths) : undefined);
  }

  #hidden(
    value: { readonly planned: Json | undefined; readonly actual: Json | undefined },
    hidden: HiddenPair,
    paths: Paths,
  ): void {
    if (hidden.planned !== undefined && hidden.actual !== undefined) {
      const same = isSameHidden(hidden.planned, hidden.actual, paths.planned === paths.actual);
      // A saved plan does not tell which of its texts are numbers.
      if (same === true || isNumberMeaning(hidden.planned, hidden.actual)) return;
      return this.#differ(paths.actual, same === undefined ? 'not-comparable' : this.#hiddenSpelling(hidden));
    }
    const shown = hidden.planned === undefined ? value.planned : value.actual;
    if (shown !== undefined && shown !== null) return this.#differ(paths.actual, 'not-comparable');
    // What is not planned at all, as one more element, is no default of what is.
    const isDefault = hidden.planned === undefined && value.planned !== undefined && this.#isDefault(paths.actual);
    this.#differ(paths.actual, isDefault ? 'default-set' : undefined);
  }

  #hiddenSpelling({ planned, actual }: HiddenPair): ReasonCode | undefined {
    if (planned === undefined || actual === undefined || !this.#comparison.isLenient) return undefined;
    return isTextMeaning(planned, actual) ? 'other-spelling' : undefined;
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
    if (inOrder.every(isSpelling)) return this.#add(inOrder);
    if (!this.#isTrial && this.#isAsBefore(paths.actual)) return this.#differ(paths.actual, 'not-done');
    const unordered = this.#comparison.isLenient ? this.#unordered(planned, actual, paths) : undefined;
    this.#add(unordered ?? inOrder);
    this.#hasFailed ||= this.#isTrial && unordered === undefined;
  }

  /** Every planned element with one of its own; where unknown ones became equal, they share it. */
  #unordered(planned: readonly Json[], actual: readonly Json[], paths: Paths): readonly ValueFinding[] | undefined {
    const isMerged = actual.length < planned.length && this.#unknownsBelow(paths.planned) > 0;
    if (planned.length > MAX_UNORDERED || (actual.length !== planned.length && !isMerged)) return undefined;
    // One alone has no other order.
    if (planned.length < 2) return undefined;
    const unknownsAt = (index: number): number => this.#unknowns.get(`${paths.planned}/${index}`) ?? 0;
    const isMatch = canMatch({
      // What is known whole first: an unknown element fits anything.
      planned: [...planned.keys()].sort((a, b) => unknownsAt(a) - unknownsAt(b)),
      actualCount: actual.length,
      canShare: (index) => isMerged && unknownsAt(index) > 0,
      fits: (index, at) => this.#fits(() => this.node(planned[index], actual[at], below(paths, index, at))),
    });
    if (isMatch) return [{ path: paths.actual, code: 'other-order' }];
    return this.#comparison.effort.left < 0 ? [{ path: paths.actual, code: 'not-comparable' }] : undefined;
  }

  #unknownsBelow(path: string): number {
    return (this.#unknowns.get(path) ?? 0) - (this.#unknown.has(path) ? 1 : 0);
  }

  #fits(work: () => void): boolean {
    const outer = this.#isTrial;
    this.#isTrial = true;
    const found = this.#attempt(work);
    this.#isTrial = outer;
    return found.every(isSpelling);
  }

  #attempt(work: () => void): ValueFinding[] {
    const [outer, hadFailed] = [this.findings, this.#hasFailed];
    const inner: ValueFinding[] = [];
    this.findings = inner;
    this.#hasFailed = false;
    work();
    this.findings = outer;
    this.#hasFailed = hadFailed;
    return inner;
  }

  /** One by one: they may be too many for arguments. */
  #add(found: readonly ValueFinding[]): void {
    for (const finding of found) this.findings.push(finding);
  }

  #fail(): void {
    if (!this.#hasFailed) this.findings.push({ path: '', code: 'other-value' });
    this.#hasFailed = true;
  }

  #differ(path: string, code: ReasonCode | undefined): void {
    if (code !== undefined && isSpelling({ code })) return void this.findings.push({ path, code });
    if (this.#isTrial) return this.#fail();
    this.findings.push({ path, code: this.#isAsBefore(path) ? 'not-done' : (code ?? 'other-value') });
  }

  /** What stands there stood there before the change. */
  #isAsBefore(path: string): boolean {
    const { actual, before } = this.#comparison;
    if (before.value === undefined) return false;
    const known = this.#asBefore.get(path);
    if (known !== undefined) return known;
    const now: Place = { root: actual.value, hidden: this.#actual, path };
    const isEqual = equalTrees(now, { root: before.value, hidden: this.#before, path });
    this.#asBefore.set(path, isEqual);
    return isEqual;
  }

  /** What was planned as null may come with a default when the object is made, and keep it when it is written. */
  #isDefault(path: string): boolean {
    const { isLenient, isTouched, before } = this.#comparison;
    return isLenient && isTouched && (before.value === undefined || this.#isAsBefore(path));
  }

  #spelling(planned: Json | undefined, actual: Json, paths: Paths): ReasonCode | undefined {
    if (isEmpty(planned ?? null) && isEmpty(actual)) return 'null-or-empty';
    if (planned === null) return this.#isDefault(paths.actual) ? 'default-set' : undefined;
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

function countUnknowns(pointers: Iterable<string>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const pointer of pointers) {
    for (let end = pointer.length; end >= 0; end = end === 0 ? -1 : pointer.lastIndexOf('/', end - 1)) {
      const path = pointer.slice(0, end);
      counts.set(path, (counts.get(path) ?? 0) + 1);
    }
  }
  return counts;
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

// Redaction of one tree: what is hidden, where and why, with the raw values still beside it for tags and commitments.
// The output holds null wherever a value is hidden. Knows nothing of states, addresses or keys of HMACs.
import { isJsonArray, isJsonObject, NumberText, type Json, type JsonObject } from '../json/value.ts';
import type { HiddenBy } from '../record/observation.ts';
import { textHiddenBy, type RedactionPolicy } from './allow-list.ts';
import { isTypedWrapper } from './dynamic-value.ts';
import { childPath } from './keys.ts';
import { markStep, type MarkNode } from './marks.ts';
import { isOrdinaryWord } from './public-words.ts';
import type { KeyFacts } from './rules.ts';
import type { SchemaNode } from './schema-rules.ts';
import type { TaintSet } from './taint.ts';
import { plainNumber } from './typed-input.ts';

/** A hidden value, raw: lives in memory only. */
export interface RawHidden {
  /** RFC 6901 pointer into the tree. */
  readonly path: string;
  readonly by: HiddenBy;
  readonly value: Json;
}

export interface RedactedTree {
  readonly value: Json;
  readonly hidden: readonly RawHidden[];
  /** Scalars that show, without null. */
  readonly shownCount: number;
}

export interface TreeContext {
  readonly policy: RedactionPolicy;
  readonly taint: TaintSet;
  /** Paths known to be sensitive in this tree. */
  readonly marks?: MarkNode | undefined;
  readonly schema?: SchemaNode | undefined;
  /** The key the tree stands under (an output's name), or undefined for attributes: their own names are keys. */
  readonly key?: string | undefined;
}

/**
 * Redacts one tree. Null is never hidden: a marked null says only that nothing is there. A container is hidden whole
 * when it is marked, listed in the provider's schema, or has a member whose key is a covered secret; below a
 * secret-like key each scalar is hidden on its own. Names of attributes (the first level) are never taken as secrets.
 */
export function redactTree(value: Json, context: TreeContext): RedactedTree {
  const redactor = new TreeRedactor(context);
  const redacted = redactor.redact(value, context);
  return { value: redacted, hidden: redactor.hidden, shownCount: redactor.shownCount };
}

/** Where a node stands: what its ancestors say of it. */
interface Place {
  readonly path: string;
  readonly facts: KeyFacts;
  readonly marks: MarkNode | undefined;
  readonly schema: SchemaNode | undefined;
  readonly isSecret: boolean;
  readonly isOpaque: boolean;
}

class TreeRedactor {
  readonly hidden: RawHidden[] = [];
  shownCount = 0;
  readonly #policy: RedactionPolicy;
  readonly #taint: TaintSet;

  constructor({ policy, taint }: TreeContext) {
    this.#policy = policy;
    this.#taint = taint;
  }

  redact(value: Json, { key, marks, schema }: TreeContext): Json {
    const facts = this.#policy.factsOf(key ?? '');
    const place: Place = {
      path: '',
      facts,
      marks,
      schema,
      isSecret: facts.verdict === 'secret',
      isOpaque: facts.isOpaque,
    };
    if (key === undefined && isJsonObject(value) && marks?.by === undefined) return this.#members(value, place);
    return this.#node(value, place);
  }

  #node(value: Json, place: Place): Json {
    if (value === null) return null;
    if (place.marks?.by !== undefined) return this.#hide(place.path, place.marks.by, value);
    if (place.schema?.isSensitive === true) return this.#hide(place.path, 'rule', value);
    if (isScalar(value)) return this.#scalar(value, place);
    if (isJsonArray(value)) return this.#elements(value, place);
    const object = value;
    if (this.#hasCoveredKey(object)) return this.#hide(place.path, 'taint', object);
    return isTypedWrapper(object) ? this.#wrapper(object, place) : this.#members(object, place);
  }

  #members(object: JsonObject, place: Place): Json {
    let copy: Record<string, Json> | undefined;
    for (const key of Object.keys(object)) {
      const value = object[key] ?? null;
      const redacted = value === null ? null : this.#member(value, key, place);
      if (redacted !== value) setMember((copy ??= { ...object }), key, redacted);
    }
    return copy ?? object;
  }

  /** Most members are scalars that nothing marks: those need no place of their own. */
  #member(value: Json, key: string, place: Place): Json {
    const facts = this.#policy.factsOf(key);
    const marks = markStep(place.marks, key);
    const schema = place.schema?.children.get(key);
    const isSecret = facts.verdict === 'secret' || (place.isSecret && facts.verdict !== 'harmless');
    const isOpaque = place.isOpaque || facts.isOpaque;
    if (marks === undefined && schema === undefined && isScalar(value)) {
      const by = this.#hiddenBy(value, facts, isSecret, isOpaque);
      if (by !== undefined) return this.#hide(childPath(place.path, key), by, value);
      this.shownCount += 1;
      return value;
    }
    return this.#node(value, { path: childPath(place.path, key), facts, marks, schema, isSecret, isOpaque });
  }

  /** List elements stand under the key of their list. */
  #elements(elements: readonly Json[], place: Place): Json {
    let changed: Json[] | undefined;
    for (let index = 0; index < elements.length; index += 1) {
      const element = elements[index] ?? null;
      const redacted = element === null ? null : this.#element(element, index, place);
      if (redacted !== element) (changed ??= [...elements])[index] = redacted;
    }
    return changed ?? elements;
  }

  #element(element: Json, index: number, place: Place): Json {
    const marks = markStep(place.marks, index);
    if (marks === undefined && isScalar(element)) {
      const by = this.#hiddenBy(element, place.facts, place.isSecret, place.isOpaque);
      if (by !== undefined) return this.#hide(`${place.path}/${index}`, by, element);
      this.shownCount += 1;
      return element;
    }
    return this.#node(element, { ...place, path: `${place.path}/${index}`, marks });
  }

  /** A dynamically typed value stands under the key of its wrapper; its type is spelled in type words alone. */
  #wrapper(object: JsonObject, place: Place): Json {
    const value = object['value'] ?? null;
    const inner = { ...place, path: `${place.path}/value`, marks: markStep(place.marks, 'value') };
    const redacted = this.#node(value, inner);
    const type = object['type'] ?? null;
    const shownType = this.#holdsCoveredKey(type) ? this.#hide(`${place.path}/type`, 'taint', type) : type;
    return redacted === value && shownType === type ? object : { value: redacted, type: shownType };
  }

  #scalar(value: Scalar, place: Place): Json {
    const by = this.#hiddenBy(value, place.facts, place.isSecret, place.isOpaque);
    if (by !== undefined) return this.#hide(place.path, by, value);
    this.shownCount += 1;
    return value;
  }

  #hiddenBy(value: Scalar, facts: KeyFacts, isSecret: boolean, isOpaque: boolean): HiddenBy | undefined {
    if (value === '') return undefined;
    if (typeof value === 'boolean') {
      if (isSecret && !facts.isSwitch) return 'rule';
      return this.#policy.values === 'none' ? 'default' : undefined;
    }
    if (isSecret) return 'rule';
    if (typeof value === 'string') {
      return textHiddenBy(this.#policy, facts, isOpaque, value) ?? (this.#taint.covers(value) ? 'taint' : undefined);
    }
    if (this.#policy.values === 'none') return 'default';
    return isCoveredNumber(value, this.#taint) ? 'taint' : undefined;
  }

  #hide(path: string, by: HiddenBy, value: Json): null {
    this.hidden.push({ path, by, value });
    return null;
  }

  #hasCoveredKey(object: JsonObject): boolean {
    if (this.#taint.size === 0) return false;
    return Object.keys(object).some((key) => isCoveredKey(key, this.#policy, this.#taint));
  }

  /** Keys at any depth: of a type description, which is never walked otherwise. */
  #holdsCoveredKey(value: Json): boolean {
    if (this.#taint.size === 0) return false;
    if (isJsonArray(value)) return value.some((element) => this.#holdsCoveredKey(element));
    if (!isJsonObject(value)) return false;
    return this.#hasCoveredKey(value) || Object.values(value).some((part) => this.#holdsCoveredKey(part));
  }
}

/** Numbers are taint from this many characters of decimal text on; shorter ones are too common. */
export const MIN_NUMBER_UNITS = 8;
const MAX_SHORT_NUMBER = 9_999_999;

/** True for a number whose decimal text, of 8 characters or more, is a known secret. */
export function isCoveredNumber(value: number | NumberText, taint: TaintSet): boolean {
  if (typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MAX_SHORT_NUMBER) return false;
  const text = plainNumber(value);
  return text.length >= MIN_NUMBER_UNITS && taint.covers(text);
}

/**
 * True for a map key that is, or holds, a covered secret. Keys that the lists know, and ordinary words, are names of
 * attributes far more often than secrets: those are never taken for one.
 */
export function isCoveredKey(key: string, policy: RedactionPolicy, taint: TaintSet): boolean {
  if (!taint.covers(key) || isOrdinaryWord(key)) return false;
  const { verdict, shape, isShown } = policy.factsOf(key);
  return /[^a-z_]/.test(key) || (verdict === 'plain' && shape === undefined && !isShown);
}

type Scalar = string | number | boolean | NumberText;

function isScalar(value: Json): value is Scalar {
  return value !== null && (typeof value !== 'object' || value instanceof NumberText);
}

/** Assigning to `__proto__` would set a prototype, not a member. */
function setMember(object: Record<string, Json>, key: string, value: Json): void {
  if (key !== '__proto__') object[key] = value;
  else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

// The first pass over raw content: finds every string that a mark, a provider's schema or a rule calls a secret, so
// that the taint knows all of them before anything is shown. Decides nothing about what is hidden where.
import { Buffer } from 'node:buffer';
import { isJsonArray, NumberText, type Json, type JsonObject } from '../json/value.ts';
import type { RedactionPolicy } from './allow-list.ts';
import { isTypedWrapper } from './dynamic-value.ts';
import { markStep, type MarkNode } from './marks.ts';
import { isOrdinaryWord, isPublicShape } from './public-words.ts';
import { MIN_NUMBER_UNITS } from './redact.ts';
import type { KeyFacts } from './rules.ts';
import type { SchemaNode } from './schema-rules.ts';
import { parseDocument } from './secret-parts.ts';
import { isRandomLooking } from './shapes.ts';
import { plainNumber } from './typed-input.ts';
import { hasSecretShape, secretPieces } from './value-rules.ts';

export interface CollectContext {
  readonly policy: RedactionPolicy;
  readonly marks?: MarkNode | undefined;
  readonly schema?: SchemaNode | undefined;
  /** The key the tree stands under, or undefined for attributes. */
  readonly key?: string | undefined;
  readonly learn: (secret: string) => void;
}

/**
 * Why a value is a secret. 'itself': the value alone is marked, so that it counts whatever it is. 'part': it stands
 * in a marked container, or where a provider takes any value for secret (a parameter store); 'key': under a
 * secret-like key. There, values that are no secrets stand beside those that are: ordinary words and public shapes
 * ("info", "eu-west-1", an ARN) are left out, and stay hidden by their path.
 */
type Reason = 'itself' | 'part' | 'key' | undefined;

interface Place {
  readonly facts: KeyFacts;
  readonly marks: MarkNode | undefined;
  readonly schema: SchemaNode | undefined;
  readonly reason: Reason;
}

export function collectSecrets(value: Json, context: CollectContext): void {
  const facts = context.policy.factsOf(context.key ?? '');
  const reason = facts.verdict === 'secret' ? 'key' : undefined;
  new Collector(context).node(value, { facts, marks: context.marks, schema: context.schema, reason });
}

/** Secrets in a provider's private data: base64 of JSON, where it is what providers write; else nothing. */
export function collectPrivateSecrets(encoded: string, context: CollectContext): void {
  const document = parseDocument(Buffer.from(encoded, 'base64').toString());
  if (document !== undefined) collectSecrets(document, context);
}

class Collector {
  readonly #policy: RedactionPolicy;
  readonly #learn: (secret: string) => void;

  constructor({ policy, learn }: CollectContext) {
    this.#policy = policy;
    this.#learn = learn;
  }

  node(value: Json, place: Place): void {
    if (value === null || typeof value === 'boolean') return;
    const isScalar = typeof value !== 'object' || value instanceof NumberText;
    const reason = reasonAt(place, isScalar);
    if (typeof value === 'string') this.#text(value, reason);
    else if (typeof value === 'number' || value instanceof NumberText) this.#number(value, reason);
    else if (isJsonArray(value)) this.#elements(value, place, reason);
    else this.#members(value, place, reason);
  }

  #text(text: string, reason: Reason): void {
    if (reason === 'itself') this.#learn(text);
    else if (reason === undefined) this.#pieces(text);
    else this.#part(text);
  }

  #part(text: string): void {
    if (!isOrdinaryWord(text) && !isPublicShape(text)) this.#learn(text);
  }

  /** A text of a secret's shape: the secret in it; a private key with every line around it. */
  #pieces(text: string): void {
    for (const piece of secretPieces(text)) {
      if (piece.startsWith('-----BEGIN')) this.#learn(text);
      this.#part(piece);
    }
  }

  #number(value: number | NumberText, reason: Reason): void {
    if (reason === undefined) return;
    const text = plainNumber(value);
    if (text.length >= MIN_NUMBER_UNITS) this.#learn(text);
  }

  #elements(elements: readonly Json[], place: Place, reason: Reason): void {
    for (let index = 0; index < elements.length; index += 1) {
      const element = elements[index] ?? null;
      if (element !== null) this.node(element, { ...place, marks: markStep(place.marks, index), reason });
    }
  }

  #members(object: JsonObject, place: Place, reason: Reason): void {
    const isWrapper = isTypedWrapper(object);
    for (const key of Object.keys(object)) {
      const value = object[key] ?? null;
      if (reason !== undefined) this.#key(key);
      if (value !== null && !(isWrapper && key === 'type')) {
        this.node(
          value,
          isWrapper ? { ...place, marks: markStep(place.marks, key), reason } : this.#below(place, key, reason),
        );
      }
    }
  }

  /** Keys of a marked map are names of settings, unless they look like nothing but a secret. */
  #key(key: string): void {
    if (isRandomLooking(key) || hasSecretShape(key)) this.#learn(key);
  }

  #below(place: Place, key: string, reason: Reason): Place {
    const facts = this.#policy.factsOf(key);
    return {
      facts,
      marks: markStep(place.marks, key),
      schema: place.schema?.children.get(key),
      reason: reasonBelow(reason, facts),
    };
  }
}

function reasonAt({ marks, schema, reason }: Place, isScalar: boolean): Reason {
  if (schema?.isSensitive === true) return 'part';
  if (marks?.by === undefined) return reason;
  return isScalar && reason !== 'part' ? 'itself' : 'part';
}

/** A key known as harmless is no secret below a secret-like one; inside a marked container everything is. */
function reasonBelow(reason: Reason, { verdict }: KeyFacts): Reason {
  if (reason === 'key') return verdict === 'harmless' ? undefined : 'key';
  return reason ?? (verdict === 'secret' ? 'key' : undefined);
}

// The policy: what is shown of values that nothing known calls secret. By default a string is hidden unless its key
// is on the shipped list and its shape is that key's; the digest in log.configured names exactly these rules.
import { hash } from 'node:crypto';
import { formatJson } from '../json/format.ts';
import { describeKeyClasses } from './key-classes.ts';
import { describeKeyRules } from './key-rules.ts';
import { createKeyFacts, type KeyFacts } from './rules.ts';
import { describeSchemaRules, schemaOf, type SchemaNode } from './schema-rules.ts';
import { describeShapes, hasShape, isShownByShape } from './shapes.ts';
import { describeValueRules, hasSecretShape } from './value-rules.ts';

/** 'allow-list': listed keys in their shape. 'marked-only': all that nothing calls secret. 'none': no scalar at all. */
export type ValuesShown = 'allow-list' | 'marked-only' | 'none';

/**
 * The user's choices. `hide` and `show` are globs over the last key of a path: `*` is any text, `?` one unit, case
 * does not count. A key to hide is hidden as if secret-like, whatever else is said of it; a key to show is shown in
 * any shape, unless marked, in a provider's schema list, of a secret's shape, or tainted.
 */
export interface PolicyOptions {
  readonly values: ValuesShown;
  readonly hide: readonly string[];
  readonly show: readonly string[];
}

export interface RedactionPolicy {
  readonly values: ValuesShown;
  /** SHA-256, hex, over every list, shape and setting the policy rests on: equal digests redact alike. */
  readonly digest: string;
  readonly factsOf: (key: string) => KeyFacts;
  readonly schemaOf: (type: string) => SchemaNode | undefined;
}

/** The shipped policy, with the user's choices. */
export function createPolicy(options: PolicyOptions): RedactionPolicy {
  return { values: options.values, digest: policyDigest(options), factsOf: createKeyFacts(options), schemaOf };
}

/** Raise when the code that reads the lists changes what is hidden while the lists stay as they are. */
const RULES_VERSION = 1;

function policyDigest({ values, hide, show }: PolicyOptions): string {
  const description = formatJson({
    version: RULES_VERSION,
    values,
    hide,
    show,
    keys: describeKeyRules(),
    shapes: describeShapes(),
    classes: describeKeyClasses(),
    patterns: describeValueRules(),
    schemas: describeSchemaRules(),
  });
  return hash('sha256', description, 'hex');
}

/**
 * Why a string is not shown under its last key, by key and shape alone; undefined: it is. `isOpaque`: below a key
 * such as `variables`, whose inner keys are anybody's. The caller has dealt with marks, schemas and secret-like keys,
 * and still checks taint.
 */
export function textHiddenBy(
  policy: RedactionPolicy,
  facts: KeyFacts,
  isOpaque: boolean,
  text: string,
): 'default' | 'rule' | undefined {
  if (policy.values === 'none') return 'default';
  if (policy.values === 'allow-list' && !facts.isShown && !isListed(facts, isOpaque, text)) return 'default';
  return hasSecretShape(text) ? 'rule' : undefined;
}

function isListed(facts: KeyFacts, isOpaque: boolean, text: string): boolean {
  return isOpaque || facts.shape === undefined ? isShownByShape(text) : hasShape(facts.shape, text);
}

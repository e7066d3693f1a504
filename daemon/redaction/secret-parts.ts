// Secrets within a secret: a marked JSON document, connection string or script holds the password that stands alone
// elsewhere. Pure; a text that is not what it looks like yields nothing.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonArray, isJsonObject, type Json } from '../json/value.ts';
import { keyVerdict } from './key-rules.ts';
import { isRandomLooking } from './shapes.ts';
import { plainNumber } from './typed-input.ts';
import { hasSecretShape, secretPieces } from './value-rules.ts';

const MAX_DOCUMENT_UNITS = 1_048_576;
const MAX_DEPTH = 64;

/** Secrets a secret holds: found by shape, by key in a JSON document, or percent-encoded (a URL's password). */
export function innerSecrets(secret: string): string[] {
  const inner = new Set([...secretPieces(secret), ...documentSecrets(secret), decodePercent(secret)]);
  inner.delete(secret);
  return [...inner];
}

/** Scalars of a JSON tree that a rule knows: under a secret-like key, of a secret's shape; and random-looking ones. */
function documentSecrets(text: string): string[] {
  const document = parseDocument(text);
  if (document === undefined) return [];
  const found: string[] = [];
  collect(document, false, found);
  return found;
}

/** Undefined for what is not a JSON array or object: most text that starts with a brace is something else. */
export function parseDocument(text: string): Json | undefined {
  const start = text.trimStart()[0];
  if ((start !== '{' && start !== '[') || text.length > MAX_DOCUMENT_UNITS) return undefined;
  try {
    return parseJson(Buffer.from(text), { maxDepth: MAX_DEPTH });
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function collect(value: Json, isSecret: boolean, found: string[]): void {
  if (typeof value === 'string') {
    if (isSecret || hasSecretShape(value) || isRandomLooking(value)) found.push(value);
  } else if (isJsonArray(value)) {
    for (const element of value) collect(element, isSecret, found);
  } else if (isJsonObject(value)) {
    for (const [key, part] of Object.entries(value)) {
      const verdict = keyVerdict(key);
      collect(part, verdict === 'secret' || (isSecret && verdict === 'plain'), found);
    }
  } else if (isSecret && value !== null && typeof value !== 'boolean') {
    found.push(plainNumber(value));
  }
}

function decodePercent(text: string): string {
  if (!/%[0-9a-fA-F]{2}/.test(text)) return text;
  try {
    return decodeURIComponent(text);
  } catch (error) {
    if (error instanceof URIError) return text;
    throw error;
  }
}

// Bearer tokens of the API (RFC 6750): one file each, named for the token, with the SHA-256 of a secret that is printed
// once.
import { join } from 'node:path';
import {
  credentialNames,
  hashSecret,
  isSecret,
  newSecret,
  readCredential,
  removeCredential,
  writeCredential,
  type CredentialErrors,
} from './credential-files.ts';
import { ConfigError, describeForeign } from './errors.ts';

/** 'proxy': a proxy that has signed the person in, and names it in a header. */
export const TOKEN_SCOPES = ['read', 'admin', 'proxy'] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

export interface Token {
  readonly name: string;
  readonly scope: TokenScope;
  /** Globs over state names and references that it is limited to; undefined: the whole log. */
  readonly states: readonly string[] | undefined;
  /** RFC 3339. */
  readonly createdAt: string;
  /** RFC 3339; undefined: until it is revoked. */
  readonly expiresAt: string | undefined;
}

/** Why a presented text is no good token. */
export type TokenRefusal = 'unknown' | 'expired';

export const TOKEN_NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/u;
const FOLDER = 'tokens';
/** The name stands in the text, so that one file has to be read; the prefix is for scanners of leaked secrets. */
const TEXT = /^stateseal\.([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.([A-Za-z0-9_-]{43})$/u;
const MAX_FILE_UNITS = 16 * 1024;

/** Makes a token and returns its text, which nothing keeps. Throws ConfigError `token-exists` or `token-failed`. */
export async function createToken(dataDir: string, token: Token): Promise<string> {
  const secret = newSecret();
  const { name, scope, states, createdAt, expiresAt } = token;
  const text = JSON.stringify({ sha256: hashSecret(secret).toString('hex'), scope, states, createdAt, expiresAt });
  await writeCredential(join(dataDir, FOLDER, name), `${text}\n`, ERRORS);
  return `stateseal.${name}.${secret}`;
}

/** Sorted by name; files that hold no token are left out. */
export async function listTokens(dataDir: string): Promise<readonly Token[]> {
  const names = await credentialNames(join(dataDir, FOLDER), ['ENOENT'], ERRORS);
  const stored = await Promise.all(names.map((name) => readStored(dataDir, name)));
  return stored.flatMap((entry) => (entry === undefined ? [] : [entry.token]));
}

/** Holds from the next request on. False when there was none. */
export async function revokeToken(dataDir: string, name: string): Promise<boolean> {
  return TOKEN_NAME.test(name) && removeCredential(join(dataDir, FOLDER, name), ERRORS);
}

/** Whose token this is. */
export async function checkToken(dataDir: string, text: string, nowMs: number): Promise<Token | TokenRefusal> {
  const [, name = '', secret = ''] = TEXT.exec(text) ?? [];
  const stored = await readStored(dataDir, name);
  if (!isSecret(secret, stored?.hash) || stored === undefined) return 'unknown';
  const { expiresAt } = stored.token;
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs ? 'expired' : stored.token;
}

async function readStored(
  dataDir: string,
  name: string,
): Promise<{ readonly token: Token; readonly hash: Buffer } | undefined> {
  if (!TOKEN_NAME.test(name)) return undefined;
  const text = await readCredential(join(dataDir, FOLDER, name), MAX_FILE_UNITS);
  return text === undefined ? undefined : parseStored(name, text);
}

function parseStored(name: string, text: string): { readonly token: Token; readonly hash: Buffer } | undefined {
  const { sha256, scope, states, createdAt, expiresAt } = parseMembers(text);
  const known = TOKEN_SCOPES.find((word) => word === scope);
  const isLimit = states === undefined || (Array.isArray(states) && states.every((glob) => typeof glob === 'string'));
  const isExpiry = expiresAt === undefined || (typeof expiresAt === 'string' && !Number.isNaN(Date.parse(expiresAt)));
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/u.test(sha256) || known === undefined) return undefined;
  // A file that was altered by hand opens nothing, rather than more than was meant.
  if (!isLimit || !isExpiry || typeof createdAt !== 'string') return undefined;
  return { token: { name, scope: known, states, createdAt, expiresAt }, hash: Buffer.from(sha256, 'hex') };
}

function parseMembers(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

const ERRORS: CredentialErrors = {
  taken: () =>
    new ConfigError('token-exists', 'expected a new name for the token, got one that is in use', {
      hint: 'revoke it first, or choose another name: stateseal token list',
    }),
  failed: (what, error) =>
    new ConfigError('token-failed', `could not ${what} a token: ${describeForeign(error)}`, {
      hint: 'check owner and mode of the data directory',
    }),
};

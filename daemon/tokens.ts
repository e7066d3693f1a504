// Bearer tokens of the API (RFC 6750): one file each, named for the token, with the SHA-256 of a secret that is printed
// once. It holds 256 random bits, so nothing slower is needed: there is no dictionary to try.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
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
const MAX_FILE_BYTES = 16 * 1024;

/** Makes a token and returns its text, which nothing keeps. Throws ConfigError `token-exists` or `token-failed`. */
export async function createToken(dataDir: string, token: Token): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  await mkdir(join(dataDir, FOLDER), { recursive: true, mode: 0o700 });
  const { scope, states, createdAt, expiresAt } = token;
  const text = JSON.stringify({ sha256: hash(secret).toString('hex'), scope, states, createdAt, expiresAt });
  const handle = await open(join(dataDir, FOLDER, token.name), 'wx', 0o600).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? taken() : failed('write', error);
  });
  try {
    await handle.writeFile(`${text}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return `stateseal.${token.name}.${secret}`;
}

/** Sorted by name; files that hold no token are left out. */
export async function listTokens(dataDir: string): Promise<readonly Token[]> {
  const names = await readdir(join(dataDir, FOLDER)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw failed('list', error);
  });
  const stored = await Promise.all(names.sort().map((name) => readStored(dataDir, name)));
  return stored.flatMap((entry) => (entry === undefined ? [] : [entry.token]));
}

/** Holds from the next request on. False when there was none. */
export async function revokeToken(dataDir: string, name: string): Promise<boolean> {
  if (!TOKEN_NAME.test(name)) return false;
  try {
    await unlink(join(dataDir, FOLDER, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw failed('remove', error);
  }
}

/** Reads the file anew each time: what was revoked is refused at once. */
export async function checkToken(dataDir: string, text: string, nowMs: number): Promise<Token | TokenRefusal> {
  const [, name = '', secret = ''] = TEXT.exec(text) ?? [];
  const stored = name === '' ? undefined : await readStored(dataDir, name);
  // Compared in any case, so that the delay does not tell which names there are.
  const isSame = timingSafeEqual(hash(secret), stored?.hash ?? hash(''));
  if (stored === undefined || !isSame) return 'unknown';
  const { expiresAt } = stored.token;
  return expiresAt !== undefined && Date.parse(expiresAt) <= nowMs ? 'expired' : stored.token;
}

async function readStored(
  dataDir: string,
  name: string,
): Promise<{ readonly token: Token; readonly hash: Buffer } | undefined> {
  if (!TOKEN_NAME.test(name)) return undefined;
  const flag = constants.O_RDONLY | constants.O_NOFOLLOW;
  const text = await readFile(join(dataDir, FOLDER, name), { encoding: 'utf8', flag }).catch(() => undefined);
  return text === undefined || text.length > MAX_FILE_BYTES ? undefined : parseStored(name, text);
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

function hash(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function taken(): ConfigError {
  return new ConfigError('token-exists', 'expected a new name for the token, got one that is in use', {
    hint: 'revoke it first, or choose another name: stateseal token list',
  });
}

function failed(what: string, error: unknown): ConfigError {
  return new ConfigError('token-failed', `could not ${what} a token: ${describeForeign(error)}`, {
    hint: 'check owner and mode of the data directory',
  });
}

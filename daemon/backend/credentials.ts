// Credentials of the state backend: Basic authentication, each for one state, kept as one file with the SHA-256 of a
// password that is printed once. It holds 256 random bits, so nothing slower is needed: there is no dictionary to try.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeForeign } from '../errors.ts';

export interface Credential {
  readonly state: string;
  /** The user name of Basic authentication. */
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** 'unknown': 401. 'elsewhere': good for another state, 403. */
export type Verdict = 'accepted' | 'elsewhere' | 'unknown';

export interface Login {
  readonly name: string;
  readonly password: string;
}

export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u;
const FOLDER = 'backend-credentials';
const LINE = /^sha256 ([0-9a-f]{64})\ncreated (\S{10,40})\n$/u;
const MAX_FILE_BYTES = 256;

/** Makes a credential and returns its password, which nothing keeps. Throws ConfigError `credential-exists`. */
export async function addCredential(
  dataDir: string,
  { state, name }: Pick<Credential, 'state' | 'name'>,
  nowMs: number,
): Promise<string> {
  const password = randomBytes(32).toString('base64url');
  const folder = join(dataDir, FOLDER, state);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const text = `sha256 ${hash(password).toString('hex')}\ncreated ${new Date(nowMs).toISOString()}\n`;
  const handle = await open(join(folder, name), 'wx', 0o600).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? taken() : failed('write', error);
  });
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return password;
}

/** Sorted by state and name; what is no credential is left out. */
export async function listCredentials(dataDir: string): Promise<readonly Credential[]> {
  const found: Credential[] = [];
  for (const state of await namesIn(join(dataDir, FOLDER))) {
    for (const name of await namesIn(join(dataDir, FOLDER, state))) {
      const stored = await readStored(dataDir, state, name);
      if (stored !== undefined) found.push({ state, name, createdAt: stored.createdAt });
    }
  }
  return found;
}

/** Holds from the next request on. False when there was none. */
export async function revokeCredential(
  dataDir: string,
  { state, name }: Pick<Credential, 'state' | 'name'>,
): Promise<boolean> {
  try {
    await unlink(join(dataDir, FOLDER, state, name));
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw failed('remove', error);
  }
}

/** Reads the files anew each time: what was revoked is refused at once. */
export async function checkLogin(dataDir: string, state: string, login: Login): Promise<Verdict> {
  const presented = hash(login.password);
  const isGood = async (of: string): Promise<boolean> => {
    const stored = NAME.test(login.name) ? await readStored(dataDir, of, login.name) : undefined;
    // Compared in any case, so that the delay does not tell which names there are.
    const isSame = timingSafeEqual(presented, stored?.hash ?? hash(''));
    return stored !== undefined && isSame;
  };
  if (NAME.test(state) && (await isGood(state))) return 'accepted';
  for (const other of await namesIn(join(dataDir, FOLDER))) {
    if (other !== state && (await isGood(other))) return 'elsewhere';
  }
  return 'unknown';
}

/** Name and password of an Authorization header (RFC 7617); undefined for another scheme or a malformed one. */
export function parseBasic(header: string | undefined): Login | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]{1,1024}={0,2})$/iu.exec(header ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

async function readStored(
  dataDir: string,
  state: string,
  name: string,
): Promise<{ readonly hash: Buffer; readonly createdAt: string } | undefined> {
  const path = join(dataDir, FOLDER, state, name);
  const text = await readFile(path, { encoding: 'utf8', flag: constants.O_RDONLY | constants.O_NOFOLLOW }).catch(
    () => undefined,
  );
  if (text === undefined || text.length > MAX_FILE_BYTES) return undefined;
  const [, hex, createdAt = ''] = LINE.exec(text) ?? [];
  return hex === undefined ? undefined : { hash: Buffer.from(hex, 'hex'), createdAt };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error))) return [];
    throw failed('list', error);
  });
  return names.filter((name) => NAME.test(name)).sort();
}

function hash(password: string): Buffer {
  return createHash('sha256').update(password, 'utf8').digest();
}

function errnoOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function taken(): ConfigError {
  return new ConfigError('credential-exists', 'expected a new name for the credential, got one that is in use', {
    hint: 'revoke it first, or choose another name: stateseal backend credential list',
  });
}

function failed(what: string, error: unknown): ConfigError {
  return new ConfigError('credential-failed', `could not ${what} a credential: ${describeForeign(error)}`, {
    hint: 'check owner and mode of the data directory',
  });
}

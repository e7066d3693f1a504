// Credentials of the state backend: Basic authentication, each for one state, kept as one file with the SHA-256 of a
// password that is printed once.
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
} from '../credential-files.ts';
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
const MAX_FILE_UNITS = 256;

/** Makes a credential and returns its password, which nothing keeps. Throws ConfigError `credential-exists`. */
export async function addCredential(
  dataDir: string,
  { state, name }: Pick<Credential, 'state' | 'name'>,
  nowMs: number,
): Promise<string> {
  const password = newSecret();
  const text = `sha256 ${hashSecret(password).toString('hex')}\ncreated ${new Date(nowMs).toISOString()}\n`;
  await writeCredential(join(dataDir, FOLDER, state, name), text, ERRORS);
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
  return removeCredential(join(dataDir, FOLDER, state, name), ERRORS);
}

/** Whether a login is good for a state. */
export async function checkLogin(dataDir: string, state: string, login: Login): Promise<Verdict> {
  const isGood = async (of: string): Promise<boolean> => {
    const stored = NAME.test(login.name) ? await readStored(dataDir, of, login.name) : undefined;
    return isSecret(login.password, stored?.hash);
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
  const text = await readCredential(join(dataDir, FOLDER, state, name), MAX_FILE_UNITS);
  if (text === undefined) return undefined;
  const [, hex, createdAt = ''] = LINE.exec(text) ?? [];
  return hex === undefined ? undefined : { hash: Buffer.from(hex, 'hex'), createdAt };
}

async function namesIn(folder: string): Promise<readonly string[]> {
  const names = await credentialNames(folder, ['ENOENT', 'ENOTDIR'], ERRORS);
  return names.filter((name) => NAME.test(name));
}

const ERRORS: CredentialErrors = {
  taken: () =>
    new ConfigError('credential-exists', 'expected a new name for the credential, got one that is in use', {
      hint: 'revoke it first, or choose another name: stateseal backend credential list',
    }),
  failed: (what, error) =>
    new ConfigError('credential-failed', `could not ${what} a credential: ${describeForeign(error)}`, {
      hint: 'check owner and mode of the data directory',
    }),
};

// Credentials that a program shows and the recorder keeps only as a digest: one file each, in folders of the data
// directory. The secret holds 256 random bits, so nothing slower than SHA-256 is needed: there is no dictionary to try.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf } from './errors.ts';

/** Makes the errors of one kind of credential. */
export interface CredentialErrors {
  readonly taken: () => Error;
  /** `what`: write, list or remove. */
  readonly failed: (what: string, error: unknown) => Error;
}

/** 43 characters of base64url. */
export function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}

/** Compared in any case, so that the delay does not tell which names there are. */
export function isSecret(presented: string, stored: Uint8Array | undefined): boolean {
  const isSame = timingSafeEqual(hashSecret(presented), stored ?? hashSecret(''));
  return stored !== undefined && isSame;
}

/** Never replaces one. */
export async function writeCredential(path: string, text: string, { taken, failed }: CredentialErrors): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const handle = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? taken() : failed('write', error);
  });
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Read anew for each request: what was revoked is refused at once. Undefined for what is no such file. */
export async function readCredential(path: string, maxUnits: number): Promise<string | undefined> {
  const flag = constants.O_RDONLY | constants.O_NOFOLLOW;
  const text = await readFile(path, { encoding: 'utf8', flag }).catch(() => undefined);
  return text === undefined || text.length > maxUnits ? undefined : text;
}

/** False when there was none. */
export async function removeCredential(path: string, { failed }: CredentialErrors): Promise<boolean> {
  try {
    await unlink(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw failed('remove', error);
  }
}

/** Sorted names; none where the reading fails with one of `absent`. */
export async function credentialNames(
  folder: string,
  absent: readonly string[],
  { failed }: CredentialErrors,
): Promise<readonly string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (absent.includes(errnoOf(error))) return [];
    throw failed('list', error);
  });
  return names.sort();
}

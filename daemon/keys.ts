// The recorder's keys on disk: <data>/keys, 0700, each file 0600, never overwritten. Losing the signing key ends the
// log (a successor names it); losing the equality key loses what is known as secret; an epoch's key opens commitments.
import { randomBytes } from 'node:crypto';
import { access, chmod, link, mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeForeign } from './errors.ts';
import { createEd25519Signer, type Signer } from './merkle/note.ts';
import { createEd25519Key } from './merkle/ed25519.ts';
import { createVkey, formatVkey } from './merkle/vkey.ts';
import type { RedactionKeys } from './redaction/keys.ts';

export interface LogKey {
  readonly signer: Signer;
  readonly vkey: string;
  readonly isNew: boolean;
  readonly seed: Uint8Array;
}

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567';

/**
 * Opens the log's key, or makes one for a new log named `logName`: origin = name/13 characters of base32. Throws
 * ConfigError `key-missing` where `databaseFile`, the log's database, stands and one of its keys does not.
 */
export async function openLogKey(dataDir: string, logName: string, databaseFile?: string): Promise<LogKey> {
  const folder = await keyFolder(dataDir);
  if (databaseFile !== undefined) await assertKept(folder, join(dataDir, databaseFile));
  const origin = `${logName}/${toBase32(randomBytes(8))}`;
  const made = `${origin}\n${randomBytes(32).toString('hex')}\n`;
  const { text, isNew } = await openKeyFile(join(folder, 'log.key'), made);
  return toLogKey(folder, text, isNew);
}

/** The log's key where there is one; makes none. */
export async function readLogKey(dataDir: string): Promise<LogKey | undefined> {
  const folder = await keyFolder(dataDir);
  const text = await readKey(join(folder, 'log.key'));
  return text === undefined ? undefined : toLogKey(folder, text, false);
}

async function toLogKey(folder: string, text: string, isNew: boolean): Promise<LogKey> {
  const [name = '', seed = ''] = text.split('\n');
  if (!/^[0-9a-f]{64}$/.test(seed)) throw damaged('log.key');
  const bytes = Buffer.from(seed, 'hex');
  const vkey = formatVkey(createVkey(name, 'ed25519', createEd25519Key(bytes).publicKey));
  await openKeyFile(join(folder, 'log.vkey'), `${vkey}\n`);
  return { signer: createEd25519Signer(name, bytes), vkey, isNew, seed: bytes };
}

/**
 * Opens or makes the keys of redaction; `year` names the epoch: e2026, or e202602 where a key of that year was lost: one
 * id never names two keys. `lostKids`: epochs that the log knows.
 */
export async function openRedactionKeys(
  dataDir: string,
  year: number,
  lostKids: ReadonlySet<string> = new Set(),
): Promise<RedactionKeys> {
  const folder = await keyFolder(dataDir);
  const kid = toEpoch(year, new Set(await listEpochs(folder)), lostKids);
  return {
    equalityKey: await openSecret(join(folder, 'equality.key')),
    epoch: { kid, key: await openSecret(join(folder, `epoch-${kid}.key`)) },
  };
}

/** 32 bytes from which the ingest key is derived, made once. Lost: boxes sealed to it cannot be opened any more. */
export async function openIngestSecret(dataDir: string): Promise<Uint8Array> {
  return openSecret(join(await keyFolder(dataDir), 'ingest.key'));
}

/** The newest epoch of the year that is known; the next one where that has no key any more: ids never go back. */
function toEpoch(year: number, kids: ReadonlySet<string>, lostKids: ReadonlySet<string>): string {
  const ids = [
    `e${year}`,
    ...Array.from({ length: 98 }, (_, index) => `e${year}${String(index + 2).padStart(2, '0')}`),
  ];
  const newest = ids.findLastIndex((id) => kids.has(id) || lostKids.has(id));
  const kid = kids.has(ids[newest] ?? '') ? ids[newest] : ids[newest + 1];
  if (kid === undefined) throw new RangeError(`expected fewer lost keys in ${year}`);
  return kid;
}

async function listEpochs(folder: string): Promise<string[]> {
  const names = await readdir(folder);
  return names.filter((name) => /^epoch-e\d+\.key$/u.test(name)).map((name) => name.slice(6, -4));
}

/** Epochs whose key is in the data directory. */
export async function listEpochKeys(dataDir: string): Promise<readonly string[]> {
  return listEpochs(await keyFolder(dataDir));
}

async function openSecret(path: string): Promise<Uint8Array> {
  const { text } = await openKeyFile(path, `${randomBytes(32).toString('hex')}\n`);
  if (!/^[0-9a-f]{64}\n$/.test(text)) throw damaged(path);
  return Buffer.from(text.trim(), 'hex');
}

async function keyFolder(dataDir: string): Promise<string> {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  return folder;
}

/** Reads the file, or makes it whole: a crash leaves either no key or a complete one. */
async function openKeyFile(path: string, made: string): Promise<{ text: string; isNew: boolean }> {
  const existing = await readKey(path);
  if (existing !== undefined) return { text: existing, isNew: false };
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(made);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, path);
  } finally {
    await rm(temporary);
  }
  return { text: made, isNew: true };
}

/** Keys are made before the database: new ones would begin another log in it, and forget every known secret. */
async function assertKept(folder: string, databasePath: string): Promise<void> {
  const isLogThere = await access(databasePath).then(
    () => true,
    () => false,
  );
  if (!isLogThere) return;
  for (const name of ['log.key', 'equality.key']) {
    if ((await readKey(join(folder, name))) !== undefined) continue;
    throw new ConfigError('key-missing', `expected the log's own key keys/${name}, got none`, {
      hint: 'restore the file from a backup; without it begin a new log in another data directory',
    });
  }
}

async function readKey(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new ConfigError('key-unreadable', `could not read a key file: ${describeForeign(error)}`, {
      hint: `check owner and mode (0600) of ${path}`,
    });
  }
}

function damaged(path: string): ConfigError {
  return new ConfigError('key-damaged', `expected a key in ${path}, got something else`, {
    hint: 'restore the file from a backup; without it the log cannot be continued, only succeeded',
  });
}

function toBase32(bytes: Uint8Array): string {
  let bits = BigInt(`0x${Buffer.from(bytes).toString('hex')}`) << 1n;
  let text = '';
  for (let index = 0; index < 13; index += 1) {
    text = `${BASE32[Number(bits & 31n)] ?? ''}${text}`;
    bits >>= 5n;
  }
  return text;
}

/** Reads the keys of a recorder for a question about its log; makes none. Throws ConfigError `key-unreadable`. */
export async function readRedactionKeys(dataDir: string): Promise<readonly RedactionKeys[]> {
  const folder = join(dataDir, 'keys');
  const equality = await readKey(join(folder, 'equality.key'));
  if (equality === undefined) {
    throw new ConfigError('log-missing', 'expected the keys of a log in the data directory, got none', {
      hint: 'record first: stateseal watch <dir>; or name the right place with --data-dir',
    });
  }
  const kids = (await listEpochs(folder)).sort();
  return Promise.all(
    kids.map(async (kid) => ({
      equalityKey: Buffer.from(equality.trim(), 'hex'),
      epoch: { kid, key: await openSecret(join(folder, `epoch-${kid}.key`)) },
    })),
  );
}

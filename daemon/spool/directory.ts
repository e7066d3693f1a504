// The daemon's side of the spool directory: makes or checks it, publishes the ingest key and who is over quota. Whoever
// may write to the directory itself could put his own key there, so it must belong to this account and to no one else.
import { randomBytes } from 'node:crypto';
import { lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, describeForeign } from '../errors.ts';
import { formatIngestPub, type IngestPublicKey } from './ingest-key.ts';
import type { REFUSED } from './layout.ts';
import { INGEST_PUB, NEW, TMP } from './layout.ts';

const WRITABLE_BY_OTHERS = 0o022;

/** Makes what is missing for one account (0700). Throws ConfigError `spool-unsafe` or `spool-unusable`. */
export async function openSpoolDirectory(directory: string, key: IngestPublicKey): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await assertOwn(directory, true);
    for (const name of [TMP, NEW]) {
      await mkdir(join(directory, name), { mode: 0o700 }).catch(ignoreExisting);
      await assertOwn(join(directory, name), false);
    }
    await publish(directory, INGEST_PUB, formatIngestPub(key));
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError('spool-unusable', `could not open the spool ${directory}: ${describeForeign(error)}`, {
      hint: 'owner and modes stand in docs/OPERATIONS.md; states are recorded without it',
    });
  }
}

/** Replaces a small public file as a whole; writes nothing where it says the same already. */
export async function publish(
  directory: string,
  name: typeof INGEST_PUB | typeof REFUSED,
  text: string,
): Promise<void> {
  const path = join(directory, name);
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) {
    const { mode } = await lstat(path);
    if ((mode & 0o777) === 0o644) return;
  }
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o644);
  try {
    await file.chmod(0o644);
    await file.writeFile(text);
    await file.sync();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** `new` and `tmp` may be open to all (sticky); the directory above them may not. */
async function assertOwn(path: string, isRoot: boolean): Promise<void> {
  const stat = await lstat(path);
  const isOwn = stat.isDirectory() && stat.uid === (process.getuid?.() ?? stat.uid);
  const isSticky = (stat.mode & 0o1000) !== 0;
  const isClosed = (stat.mode & WRITABLE_BY_OTHERS) === 0;
  if (isOwn && (isClosed || (!isRoot && isSticky))) return;
  throw new ConfigError('spool-unsafe', `expected ${path} to be a directory of this account that no other may alter`, {
    hint: 'owner and modes stand in docs/OPERATIONS.md: else another account could publish a key of its own',
  });
}

function ignoreExisting(error: unknown): void {
  if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return;
  throw error;
}

// A lost data directory made again from its archive: the archive is verified as always, and what verifies is written down
// on the way. Nothing counts until all of it did: the database takes its name last, so that a crash leaves none.
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Archive } from '../archive/archive.ts';
import { IntegrityError } from '../errors.ts';
import type { LogKey } from '../keys.ts';
import { createVerifier } from '../merkle/note.ts';
import { rebuildStates, type RebuildReport } from '../recorder/rebuild.ts';
import { createAdopt } from '../store/adopt.ts';
import { openDatabase, type Sqlite } from '../store/database.ts';
import { createEntries } from '../store/entries.ts';
import { createQueryIndex } from '../store/query-index.ts';
import { createSettings } from '../store/settings.ts';
import { createStates } from '../store/states.ts';
import type { VerifyReport } from '../verify/report.ts';
import { verifyArchive, type VerifyOptions } from '../verify/verify-archive.ts';
import { createTakeover, type Takeover } from './takeover.ts';

export interface RestoreParts {
  readonly archive: Archive;
  /** Where the database is to stand; nothing stands there. */
  readonly databasePath: string;
  readonly options: Pick<VerifyOptions, 'nowMs' | 'since' | 'onProgress'>;
}

export interface KeyedRestoreParts extends RestoreParts {
  readonly key: LogKey;
  /** Opens the keys of redaction, or makes new ones; told of the epochs that the log knows. */
  openKeys(kids: ReadonlySet<string>): Promise<{ readonly equalityKey: Uint8Array }>;
}

export interface RestoreReport {
  readonly verified: VerifyReport;
  readonly rebuilt: RebuildReport;
  /** Key epochs that the log names. */
  readonly kids: ReadonlySet<string>;
}

/** Throws IntegrityError `restore-refused` when the archive does not verify, and what verifyArchive throws. */
export async function restoreLog(parts: KeyedRestoreParts): Promise<RestoreReport> {
  const { archive, key, options } = parts;
  return build(parts.databasePath, async (database) => {
    const takeover = createTakeover(createAdopt(database));
    const verified = await verify(parts, [createVerifier(key.vkey)], takeover);
    takeover.finish();
    const { equalityKey } = await parts.openKeys(takeover.kids);
    const entries = createEntries(database);
    createQueryIndex(database).rebuild(entries);
    const states = createStates(database);
    const rebuilt = rebuildStates({ database, entries, states, equalityKey, nowMs: options.nowMs });
    const restored = { archive: archive.location, size: entries.size() };
    createSettings(database).set('restored', JSON.stringify(restored));
    return { verified, rebuilt, kids: takeover.kids };
  });
}

/** An empty database for a new log that names the head of the one whose key is lost: its leaf 0 will. */
export async function beginSuccessor(parts: RestoreParts & { readonly vkey: string }): Promise<VerifyReport> {
  const { archive, vkey } = parts;
  return build(parts.databasePath, async (database) => {
    const verified = await verify(parts, [createVerifier(vkey)], undefined);
    const { origin, head } = verified;
    const predecessor = { origin, vkey, size: head?.size ?? 0, root: head?.root ?? '', archive: archive.location };
    createSettings(database).set('predecessor', JSON.stringify(predecessor));
    return verified;
  });
}

async function verify(
  { archive, options }: RestoreParts,
  verifiers: Parameters<typeof verifyArchive>[1],
  takeover: Takeover | undefined,
): Promise<VerifyReport> {
  const verified = await verifyArchive(archive, verifiers, {
    ...options,
    // What the store says about locks is the business of verify; here the bytes count.
    wantsReceipts: false,
    ...(takeover === undefined ? {} : { onAccepted: (accepted, loaded) => takeover.add(accepted, loaded) }),
  });
  if (verified.integrity === 'pass') return verified;
  const codes = [...new Set(verified.failures.list.map(({ code }) => code))].slice(0, 5).join(', ');
  throw new IntegrityError('restore-refused', `expected an archive that verifies, got ${codes}`, {
    hint: 'nothing was restored: run stateseal verify on it, and restore from a copy that passes',
  });
}

/** Builds under another name; the last step gives the database its own. */
async function build<T>(path: string, work: (database: Sqlite) => Promise<T>): Promise<T> {
  const building = `${path}.restoring`;
  for (const suffix of ['', '-wal', '-shm']) await rm(building + suffix, { force: true });
  const database = openDatabase(building);
  try {
    const result = await work(database);
    database.pragma('wal_checkpoint(TRUNCATE)');
    database.close();
    await rename(building, path);
    await syncFolder(dirname(path));
    return result;
  } catch (error) {
    database.close();
    for (const suffix of ['', '-wal', '-shm']) await rm(building + suffix, { force: true });
    throw error;
  }
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

// What is left of the history of local states: numbered backups, terraform.tfstate.backup, and the state itself, as
// versions in that order. For imports only. A backup was written when its successor came: its time is the latest its
// version can have, and nothing says how many versions lie between two of them.
import { opendir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { systemClock } from './clock.ts';
import { formatFileVersion, lstatIfThere } from './contained-file.ts';
import { openDirectorySource, type DirectorySourceOptions } from './directory.ts';
import { parseNumberedBackup } from './layout.ts';
import { parseReferenceUri, toPlace, type StatePlace } from './reference.ts';
import { Roots } from './roots.ts';
import { readSettled } from './settled-read.ts';
import { BARE_SIGHTING, type StateReference, type StateSighting, type StateSource } from './source.ts';

export interface BackupSourceOptions extends Pick<DirectorySourceOptions, 'roots' | 'ignore' | 'maxFileBytes'> {
  /** The newest backup that is not younger begins the history of a state; older ones are not read. */
  readonly fromMs: number;
}

interface Backup {
  readonly path: string;
  readonly sourceVersion: string;
  readonly timeMs: number;
}

const MAX_NAMES = 100_000;
const DEADLINE_MS = 10_000;

/** Throws ConfigError `root-label-repeated`. */
export function openBackupSource(options: BackupSourceOptions): StateSource {
  const { roots: places, ignore = [], maxFileBytes = 256 * 1024 * 1024, fromMs } = options;
  const inner = openDirectorySource({ roots: places, ignore, maxFileBytes });
  const roots = new Roots(places);
  const closing = new AbortController();

  const placeOf = async (uri: string): Promise<StatePlace> => {
    await roots.resolve();
    const parsed = parseReferenceUri(uri);
    const root = parsed && roots.find(parsed.label);
    if (root === undefined) throw unknownReference();
    return toPlace(root, parsed?.relativePath ?? '');
  };

  const readBackup = async (place: StatePlace, backup: Backup): Promise<StateSighting | undefined> => {
    const file = {
      directory: place.root.directory,
      path: backup.path,
      displayPath: place.displayPath,
      maxBytes: maxFileBytes,
    };
    const isBeingWritten = (): Promise<boolean> => Promise.resolve(false);
    const read = await readSettled(file, {
      deadlineMs: DEADLINE_MS,
      clock: systemClock,
      signal: closing.signal,
      isBeingWritten,
    });
    if (read.outcome !== 'read') return undefined;
    return {
      ...BARE_SIGHTING,
      reference: place.reference,
      condition: 'state',
      sourceVersion: backup.sourceVersion,
      bytes: read.bytes,
      effectiveTime: new Date(backup.timeMs).toISOString(),
      timeBasis: 'mtime',
    };
  };

  return {
    owns: (uri) => inner.owns(uri),
    nameOf: (uri) => inner.nameOf(uri),
    discover: () => inner.discover(),
    problems: () => inner.problems(),
    onPoke: () => undefined,
    start: () => Promise.resolve(),
    async look(reference: StateReference, cursor: string) {
      const place = await placeOf(reference.uri);
      for (const backup of remaining(await listBackups(place), cursor, fromMs)) {
        const sighting = await readBackup(place, backup);
        if (sighting !== undefined) return { ...sighting, store: { after: cursor, isBehind: true, isFirst: false } };
      }
      const current = await inner.look(reference, cursor);
      const alone = { lock: undefined, lastLock: undefined, recentLocks: [], backup: undefined, lockHoldsSince: -1 };
      return { ...current, ...alone, store: { after: cursor, isBehind: false, isFirst: false } };
    },
    async close() {
      closing.abort();
      await inner.close();
    },
  };
}

/** Oldest first. */
async function listBackups(place: StatePlace): Promise<readonly Backup[]> {
  const found: Backup[] = [];
  const name = basename(place.path);
  let names = 0;
  for await (const entry of await opendir(dirname(place.path))) {
    names += 1;
    if (names > MAX_NAMES) break;
    const isPlain = join(dirname(place.path), entry.name) === place.backupPath;
    const numbered = parseNumberedBackup(entry.name);
    if (!isPlain && numbered?.statePath !== name) continue;
    const path = join(dirname(place.path), entry.name);
    const stat = await lstatIfThere(path).catch(() => undefined);
    if (stat?.isFile() !== true) continue;
    const timeMs = numbered === undefined ? Number(stat.mtimeNs / 1_000_000n) : numbered.seconds * 1000;
    found.push({ path, sourceVersion: `backup:${formatFileVersion(stat)}`, timeMs });
  }
  return found.sort((a, b) => a.timeMs - b.timeMs);
}

function remaining(backups: readonly Backup[], cursor: string, fromMs: number): readonly Backup[] {
  if (cursor === '')
    return backups.slice(
      Math.max(
        0,
        backups.findLastIndex(({ timeMs }) => timeMs <= fromMs),
      ),
    );
  const at = backups.findIndex(({ sourceVersion }) => sourceVersion === cursor);
  // The cursor is the state itself, or a backup that is gone: then only the state is left.
  return at < 0 ? [] : backups.slice(at + 1);
}

function unknownReference(): ConfigError {
  return new ConfigError('reference-unknown', 'expected a reference below the directory, got another', {
    hint: 'import reads what lies below the directory that it was given',
  });
}

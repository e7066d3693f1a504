// The sealer as `watch` runs it: policy, archive and clock of the configuration, on the log of the data directory.
import { join } from 'node:path';
import type { Archive } from './archive/archive.ts';
import type { ArchiveLocation } from './archive/location.ts';
import { openArchive } from './archive/open.ts';
import type { Config } from './config.ts';
import type { LogKey } from './keys.ts';
import { createVerifier } from './merkle/note.ts';
import type { RecorderClient } from './recorder/client.ts';
import { createSealer, type Sealer, type SealerParts, type SealPolicy } from './sealer/sealer.ts';
import type { Sqlite } from './store/database.ts';
import { createSealView } from './store/seal-view.ts';

/** How long a stop may wait for the archive; what is frozen stays and is sent at the next start. */
const LAST_SEAL_MS = 20_000;

export interface SealingParts {
  readonly recorder: RecorderClient;
  /** A reading connection, open as long as the sealer. */
  readonly database: Sqlite;
  readonly events: Pick<SealerParts, 'onSealed' | 'onProblem'>;
}

export function openSealer(config: Config, key: LogKey, { recorder, database, events }: SealingParts): Sealer {
  const origin = key.signer.name;
  return createSealer({
    ...createSealView(database),
    openArchive: () => openLogArchive(config, origin),
    recorder,
    verifiers: [createVerifier(key.vkey)],
    origin,
    policy: toSealPolicy(config),
    now: () => performance.timeOrigin + performance.now(),
    random: () => Math.random(),
    onSealed: (batch) => events.onSealed(batch),
    onProblem: (problem) => events.onProblem(problem),
  });
}

/** The log's own folder below the archive: the last element of the origin. */
export function locateLog(location: ArchiveLocation, origin: string): ArchiveLocation {
  const folder = origin.slice(origin.lastIndexOf('/') + 1);
  if (location.kind === 'directory') return { ...location, path: join(location.path, folder) };
  return { ...location, prefix: location.prefix === '' ? folder : `${location.prefix}/${folder}` };
}

/** Seals what is open before a stop; gives up after 20 s. Throws what the archive threw. */
export async function lastSeal(sealer: Sealer): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), LAST_SEAL_MS);
  });
  try {
    await Promise.race([sealer.seal(), deadline]);
  } finally {
    clearTimeout(timer);
  }
}

function openLogArchive(config: Config, origin: string): Promise<Archive> {
  return openArchive(locateLog(config.archive.location, origin), { s3: config.archive.s3 });
}

function toSealPolicy({ archive, seal }: Config): SealPolicy {
  const isLocked = archive.location.kind === 's3';
  const { mode, legalHold } = archive;
  return {
    maxAgeMs: seal.maxAgeMs,
    maxRecords: seal.maxRecords,
    maxBytes: seal.maxBytes,
    idleMs: 3_600_000,
    structure: isLocked ? { mode, days: archive.structureDays, legalHold } : undefined,
    content: isLocked ? { mode, days: archive.contentDays, legalHold } : undefined,
  };
}

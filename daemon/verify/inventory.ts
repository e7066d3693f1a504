// One listing of a log's folder, grouped by the tree size before each batch. Knows keys and sizes, never contents:
// what a key says is a claim until the bytes behind it verify.
import type { Archive, ObjectVersion } from '../archive/archive.ts';
import { assertArchivePrefix } from '../archive/key.ts';
import { ArchiveError } from '../errors.ts';
import { formatObjectKey, parseObjectKey, type ObjectKey, type ObjectKind } from '../merkle/object-key.ts';
import type { Findings } from './findings.ts';

export interface StoredVersion {
  readonly object: ObjectKey;
  readonly versionId: string;
  readonly sizeBytes: number;
  /** NaN where the store gives no time. */
  readonly lastModifiedMs: number;
  readonly isDeleteMarker: boolean;
}

/** Everything stored about one batch, whether it counts or not. */
export type Group = { readonly prev: number } & Readonly<Record<ObjectKind, readonly StoredVersion[]>>;

export interface Inventory {
  /** What stands before every key of this log: '' or its folder with a slash. */
  readonly base: string;
  readonly objectCount: number;
  readonly versionCount: number;
  readonly deleteMarkerCount: number;
  /** Number of different keys seal/…, whether they count or not: for progress. */
  readonly sealCount: number;
  /** Groups in ascending order of `prev`. */
  groups(): Generator<Group>;
}

const MAX_FOLDER_NOTES = 100;

/**
 * Lists once. The archive stands at the log's folder or at its parent: the folder's name is the last element of the
 * origin. Keys that no version of this format writes become anomalies, other folders a note each.
 */
export async function readInventory(archive: Archive, origin: string, findings: Findings): Promise<Inventory> {
  const base = await findBase(archive, origin);
  const rows: Record<ObjectKind, StoredVersion[]> = { batch: [], blob: [], seal: [], checkpoint: [] };
  const counts = { objects: 0, versions: 0, markers: 0, seals: 0 };
  const folders = new Map<string, number>();
  let lastKey = '';
  for await (const version of archive.list(base)) {
    const key = version.key.slice(base.length);
    const isNewKey = version.key !== lastKey;
    lastKey = version.key;
    counts.versions += 1;
    if (isNewKey) counts.objects += 1;
    if (version.isDeleteMarker) counts.markers += 1;
    const object = parseObjectKey(key);
    if (object.kind === 'unknown') {
      if (isNewKey) addUnknown(key, folders, findings);
      continue;
    }
    if (isNewKey && object.kind === 'seal') counts.seals += 1;
    rows[object.kind].push(toStored(object, version));
  }
  addFolderNotes(folders, findings);
  return {
    base,
    objectCount: counts.objects,
    versionCount: counts.versions,
    deleteMarkerCount: counts.markers,
    sealCount: counts.seals,
    groups: () => groupsOf(rows),
  };
}

/** Lists again what stands under one key, its suffixes `~2` … included: objects may have come since the first listing. */
export async function relist(archive: Archive, base: string, object: ObjectKey): Promise<readonly StoredVersion[]> {
  const key = formatObjectKey({ ...object, attempt: 1 });
  const found: StoredVersion[] = [];
  for await (const version of archive.list(base + key)) {
    const listed = parseObjectKey(version.key.slice(base.length));
    const isSame = listed.kind !== 'unknown' && formatObjectKey({ ...listed, attempt: 1 }) === key;
    if (isSame) found.push(toStored(listed, version));
  }
  return found;
}

async function findBase(archive: Archive, origin: string): Promise<string> {
  const folder = `${origin.slice(origin.lastIndexOf('/') + 1)}/`;
  if (!isPrefix(folder)) return '';
  for await (const version of archive.list(folder)) {
    if (version.key.startsWith(folder)) return folder;
  }
  return '';
}

/** A foreign log's name need not be a name that our archives take. */
function isPrefix(text: string): boolean {
  try {
    assertArchivePrefix(text);
    return true;
  } catch (error) {
    if (error instanceof ArchiveError) return false;
    throw error;
  }
}

function toStored(object: ObjectKey, version: ObjectVersion): StoredVersion {
  const { versionId, sizeBytes, isDeleteMarker } = version;
  return { object, versionId, sizeBytes, lastModifiedMs: Date.parse(version.lastModified), isDeleteMarker };
}

const KNOWN_FOLDER = /^(?:batch|blob|seal|checkpoint)(?:\/|$)/;

function addUnknown(key: string, folders: Map<string, number>, findings: Findings): void {
  if (KNOWN_FOLDER.test(key)) {
    findings.add('anomaly', { code: 'unknown-key', message: 'expected a key of this format, got another name', key });
    return;
  }
  const slash = key.indexOf('/');
  const folder = slash < 0 ? key : key.slice(0, slash + 1);
  if (folders.has(folder) || folders.size < MAX_FOLDER_NOTES) folders.set(folder, (folders.get(folder) ?? 0) + 1);
}

function addFolderNotes(folders: ReadonlyMap<string, number>, findings: Findings): void {
  for (const [key, count] of folders) {
    findings.add('note', { code: 'unknown-folder', message: `${count} keys that this version does not know`, key });
  }
}

/** The rows of each kind come in key order, which is the order of `prev`; a store that lists otherwise is sorted. */
function* groupsOf(rows: Readonly<Record<ObjectKind, StoredVersion[]>>): Generator<Group> {
  const cursors = {
    batch: createCursor(rows.batch),
    blob: createCursor(rows.blob),
    seal: createCursor(rows.seal),
    checkpoint: createCursor(rows.checkpoint),
  };
  for (;;) {
    const prev = Math.min(...Object.values(cursors).map((cursor) => cursor.peek()));
    if (prev === Infinity) return;
    yield {
      prev,
      batch: cursors.batch.take(prev),
      blob: cursors.blob.take(prev),
      seal: cursors.seal.take(prev),
      checkpoint: cursors.checkpoint.take(prev),
    };
  }
}

function createCursor(rows: StoredVersion[]): { peek(): number; take(prev: number): StoredVersion[] } {
  rows.sort((a, b) => a.object.prev - b.object.prev);
  let position = 0;
  const peek = (): number => rows[position]?.object.prev ?? Infinity;
  return {
    peek,
    take(prev) {
      const start = position;
      while (peek() === prev) position += 1;
      return rows.slice(start, position);
    },
  };
}

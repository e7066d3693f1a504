// What is listed below a log's folder. One pass counts and names what no version of this format writes; a second one
// gives everything stored about a batch, batch after batch, from four listings read side by side. Neither holds more
// than a page and a batch: millions of objects, the log's own or somebody's junk, take no memory.
// Knows keys and sizes, never contents: what a key says is a claim until the bytes behind it verify.
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
  /** Its time is when the upload began: it says nothing of when the object came to be. */
  readonly isMultipart: boolean;
}

/** Everything stored about one batch, whether it counts or not. */
export type Group = {
  readonly prev: number;
  /** Kinds with more versions than are held here: what counts may be among the others (`relist`). */
  readonly overflow: ReadonlySet<ObjectKind>;
} & Readonly<Record<ObjectKind, readonly StoredVersion[]>>;

export interface Survey {
  /** What stands before every key of this log: '' or its folder with a slash. */
  readonly base: string;
  readonly objectCount: number;
  readonly versionCount: number;
  readonly deleteMarkerCount: number;
  /** Number of different keys seal/…, whether they count or not: for progress. */
  readonly sealCount: number;
}

const KINDS: readonly ObjectKind[] = ['batch', 'blob', 'seal', 'checkpoint'];
const MAX_FOLDER_NOTES = 100;
/** Versions held per batch. A log writes one of each, and blobs by the record: the rest is somebody else's. */
const MAX_HELD: Readonly<Record<ObjectKind, number>> = { batch: 256, blob: 16_384, seal: 256, checkpoint: 256 };

/**
 * Lists once. The archive stands at the log's folder or at its parent: the folder's name is the last element of the
 * origin. Keys that no version of this format writes become anomalies, other folders a note each.
 */
export async function surveyArchive(
  archive: Archive,
  origin: string,
  findings: Findings,
  onListed: (objectCount: number) => void = () => undefined,
): Promise<Survey> {
  const base = await findBase(archive, origin);
  const counts = { objectCount: 0, versionCount: 0, deleteMarkerCount: 0, sealCount: 0 };
  const folders = new Map<string, number>();
  const crowd = createCrowdCheck(findings);
  let lastKey = '';
  for await (const version of archive.list(base)) {
    const key = version.key.slice(base.length);
    const isNewKey = version.key !== lastKey;
    lastKey = version.key;
    counts.versionCount += 1;
    if (isNewKey) counts.objectCount += 1;
    if (version.isDeleteMarker) counts.deleteMarkerCount += 1;
    if (counts.versionCount % 1000 === 0) onListed(counts.objectCount);
    const object = parseObjectKey(key);
    if (object.kind === 'unknown') {
      if (isNewKey) addUnknown(key, folders, findings);
      continue;
    }
    if (isNewKey && object.kind === 'seal') counts.sealCount += 1;
    if (version.isMultipart === true) findings.add('anomaly', multipart(object, version.versionId));
    crowd.add(object);
  }
  addFolderNotes(folders, findings);
  return { base, ...counts };
}

/** Groups in ascending order of `prev`. Throws ArchiveError `archive-bad-listing` when the store lists out of order. */
export async function* listGroups(archive: Archive, base: string): AsyncGenerator<Group> {
  const [batch, blob, seal, checkpoint] = KINDS.map((kind) => createCursor(archive, base, kind));
  if (!batch || !blob || !seal || !checkpoint) return;
  const cursors = [batch, blob, seal, checkpoint];
  try {
    for (;;) {
      const prev = Math.min(...(await Promise.all(cursors.map((cursor) => cursor.peek()))));
      if (prev === Infinity) return;
      const overflow = new Set<ObjectKind>();
      const take = (cursor: Cursor): Promise<readonly StoredVersion[]> => cursor.take(prev, overflow);
      yield {
        prev,
        overflow,
        batch: await take(batch),
        blob: await take(blob),
        seal: await take(seal),
        checkpoint: await take(checkpoint),
      };
    }
  } finally {
    await Promise.all(cursors.map((cursor) => cursor.close()));
  }
}

/**
 * What stands under one key now, its suffixes `~2` … included: objects may have come since the first listing, or there
 * were too many to hold.
 */
export async function* relist(archive: Archive, base: string, object: ObjectKey): AsyncGenerator<StoredVersion> {
  const key = formatObjectKey({ ...object, attempt: 1 });
  for await (const version of archive.list(base + key)) {
    const listed = parseObjectKey(version.key.slice(base.length));
    const isSame = listed.kind !== 'unknown' && formatObjectKey({ ...listed, attempt: 1 }) === key;
    if (isSame) yield toStored(listed, version);
  }
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
  const { versionId, sizeBytes, isDeleteMarker, isMultipart = false } = version;
  return {
    object,
    versionId,
    sizeBytes,
    lastModifiedMs: Date.parse(version.lastModified),
    isDeleteMarker,
    isMultipart,
  };
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

function multipart(object: ObjectKey, versionId: string) {
  const message = 'expected an object written in one piece, got one written in parts: its time says nothing';
  return { code: 'multipart-version', message, key: formatObjectKey(object), versionId, prev: object.prev };
}

/** Names every batch that has more versions of one kind than are held. The listing is in key order. */
function createCrowdCheck(findings: Findings): { add(object: ObjectKey): void } {
  let kind: ObjectKind = 'batch';
  let prev = -1;
  let count = 0;
  return {
    add(object) {
      if (object.kind !== kind || object.prev !== prev) count = 0;
      ({ kind, prev } = object);
      count += 1;
      if (count !== MAX_HELD[kind] + 1) return;
      const message = `expected at most ${MAX_HELD[kind]} versions of the ${kind} of one batch, got more`;
      findings.add('anomaly', { code: 'listing-too-large', message, key: formatObjectKey(object), prev });
    },
  };
}

interface Cursor {
  /** The `prev` of the next version, Infinity at the end. */
  peek(): Promise<number>;
  take(prev: number, overflow: Set<ObjectKind>): Promise<readonly StoredVersion[]>;
  close(): Promise<void>;
}

function createCursor(archive: Archive, base: string, kind: ObjectKind): Cursor {
  const rows = listKind(archive, base, kind);
  let held: StoredVersion | undefined;
  let isOver = false;
  const next = async (): Promise<StoredVersion | undefined> => {
    if (held !== undefined || isOver) return held;
    const { done, value } = await rows.next();
    if (done === true) isOver = true;
    else held = value;
    return held;
  };
  return {
    peek: async () => (await next())?.object.prev ?? Infinity,
    async take(prev, overflow) {
      const taken: StoredVersion[] = [];
      for (let row = await next(); row?.object.prev === prev; row = await next()) {
        held = undefined;
        if (taken.length < MAX_HELD[kind]) taken.push(row);
        else overflow.add(kind);
      }
      return taken;
    },
    close: async () => void (await rows.return(undefined)),
  };
}

async function* listKind(archive: Archive, base: string, kind: ObjectKind): AsyncGenerator<StoredVersion, undefined> {
  let lastPrev = 0;
  try {
    for await (const version of archive.list(`${base}${kind}/`)) {
      const object = parseObjectKey(version.key.slice(base.length));
      if (object.kind !== kind) continue;
      if (object.prev < lastPrev) throw outOfOrder();
      lastPrev = object.prev;
      yield toStored(object, version);
    }
  } catch (error) {
    // A link or a file where a directory archive has its folder: there is nothing of ours behind it.
    if (!(error instanceof ArchiveError) || error.code !== 'archive-not-a-directory') throw error;
  }
  return undefined;
}

function outOfOrder(): ArchiveError {
  return new ArchiveError('archive-bad-listing', 'expected a listing in the order of keys, got another order', {
    transient: true,
    hint: 'a proxy, or a store that is not fully S3 compatible, stands at the endpoint: look at what it answers',
  });
}

// What stands at a key of ours, read as what the log itself may have signed there. Anything that does not verify is junk,
// whoever put it there; another statement of our own key is what every check here is about.
import type { Archive, ObjectVersion } from '../archive/archive.ts';
import { ArchiveError, IntegrityError } from '../errors.ts';
import { openManifest, maxManifestBytes, type Manifest } from '../merkle/manifest.ts';
import type { OpenedNote, Verifier } from '../merkle/note.ts';
import { sealKey } from '../merkle/object-key.ts';

/** Squatted keys are passed over in order; somebody who has taken this many can take the next as well. */
const MAX_COUNTED = 16;
/** Suffixes nobody can know before the object is there. A store in which these are taken too needs a person. */
const MAX_UNFORESEEN = 8;

export interface LogIdentity {
  readonly verifiers: readonly Verifier[];
  readonly origin: string;
}

export interface FoundSeal {
  readonly key: string;
  readonly manifest: Manifest;
  /** The note's text: two different ones are two statements. */
  readonly text: string;
  /** RFC 3339, the store's clock. */
  readonly lastModified: string;
}

/** The text of bytes that are validly signed for the place where they stand; undefined for all else. */
export type ReadSigned = (bytes: Uint8Array) => string | undefined;

/**
 * Suffixes to try for a body, in order: counted ones, then some that follow from its digest (hex SHA-256). A signed body
 * cannot be guessed, and lines hold random ids, so neither can those: keys taken beforehand never stop sealing. After a
 * crash the same body leads to the same keys.
 */
export function attemptsFor(sha256: string): readonly number[] {
  const counted = Array.from({ length: MAX_COUNTED }, (_, index) => index + 1);
  const unforeseen = Array.from({ length: MAX_UNFORESEEN }, (_, index) => {
    const digits = sha256.slice(index * 7, index * 7 + 7);
    return 100_000_000 + Number.parseInt(digits, 16);
  });
  return [...counted, ...unforeseen];
}

/** Every validly signed manifest for `prev`, at its key and at any suffix of it: junk before one may be gone by now. */
export async function readSeals(archive: Archive, log: LogIdentity, prev: number): Promise<readonly FoundSeal[]> {
  const found: FoundSeal[] = [];
  // No other key begins with this one: what is asked is what the versions of one key are asked with.
  for await (const version of archive.list(sealKey(prev))) {
    if (version.isDeleteMarker) continue;
    const bytes = await readVersion(archive, version, maxManifestBytes);
    const opened = bytes && openOrJunk(() => openManifest(bytes, log.verifiers, log.origin));
    if (opened?.manifest.prev !== prev) continue;
    const { key, lastModified } = version;
    found.push({ key, manifest: opened.manifest, text: opened.note.text, lastModified });
  }
  return found;
}

/** A version that is no readable object (a folder, a link), or larger than ours can be, is as foreign as any other. */
export async function readVersion(
  archive: Archive,
  version: ObjectVersion,
  maxBytes: number,
): Promise<Uint8Array | undefined> {
  if (version.sizeBytes > maxBytes) return undefined;
  try {
    return await archive.get(version.key, version.versionId, maxBytes);
  } catch (error) {
    if (error instanceof ArchiveError && !error.transient) return undefined;
    throw error;
  }
}

export function textOf<Opened extends { readonly note: OpenedNote }>(
  open: () => Opened,
  belongs: (opened: Opened) => boolean,
): string | undefined {
  const opened = openOrJunk(open);
  return opened !== undefined && belongs(opened) ? opened.note.text : undefined;
}

/** Two statements of one key about one place. `isOfNow`: the other one was written while this recorder ran. */
export function forked(key: string, isOfNow: boolean): IntegrityError {
  const message = `expected only our own signature at ${key}, got another signed object`;
  if (isOfNow) {
    return new IntegrityError('archive-second-writer', `${message}, written while this recorder ran`, {
      hint: 'another recorder runs with a copy of this key: stop one of them for good, keep both data directories, then see docs/OPERATIONS.md',
    });
  }
  return new IntegrityError('archive-fork', message, {
    hint: 'a second recorder had this key, or the key was stolen: keep both sides, run stateseal verify, see docs/OPERATIONS.md',
  });
}

/** Unsigned, damaged or foreign bytes are junk at our key, not another truth. */
function openOrJunk<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

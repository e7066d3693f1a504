// Before anything more is signed: does the archive hold what this log left there, and nothing beyond it? Looks at three
// keys, lists nothing. Gates sealing alone; recording never waits for it.
import type { Archive } from '../archive/archive.ts';
import { ArchiveError, IntegrityError } from '../errors.ts';
import { equalHashes, type Hash } from '../merkle/hash.ts';
import { openManifest } from '../merkle/manifest.ts';
import { parseNote } from '../merkle/note.ts';
import { rootOfEdge } from '../merkle/tree.ts';
import type { SealView } from '../store/seal-view.ts';
import { forked, readSeals, type FoundSeal, type LogIdentity } from './signed-versions.ts';

export interface StartCheckParts extends LogIdentity, SealView {
  readonly archive: Archive;
}

/** `moved`: another place than before, which holds nothing of this log yet: all of it is to be sent there. */
export type StartFinding = 'as-left' | 'moved';

/**
 * Throws IntegrityError `log-key-wrong`, `archive-rolled-back` or `archive-fork`: nothing may be signed until a person
 * has decided. Throws ArchiveError `archive-incomplete` when what was sealed is not there.
 */
export async function checkStart(parts: StartCheckParts): Promise<StartFinding> {
  const { archive, batches } = parts;
  const outlines = batches.outlines();
  const newest = outlines.at(-1);
  if (newest !== undefined) assertOwnKey(parts, newest.prev);
  // Later ones may be under way, also to a new place that an interrupted move has reached in part.
  const sent = outlines.findLast(({ phase }) => phase === 'published');
  if (sent !== undefined && !(await isHeld(parts, sent.prev))) {
    const holdsNothing = sent.prev === 0 || (await readSeals(archive, parts, 0)).length === 0;
    const isElsewhere = parts.lastArchive() !== undefined && parts.lastArchive() !== archive.location;
    if (holdsNothing && isElsewhere) return 'moved';
    throw incomplete(archive, sent.prev);
  }
  const size = batches.frozenSize();
  const [ahead] = await readSeals(archive, parts, size);
  if (ahead !== undefined) throw isBuiltOn(ahead, parts.rootAt(size)) ? rolledBack(size) : forked(ahead.key, false);
  return 'as-left';
}

/** Whether our own manifest stands there. Throws when another one of ours does. */
async function isHeld(parts: StartCheckParts, prev: number): Promise<boolean> {
  const own = parseNote(Buffer.from(parts.batches.at(prev)?.manifest ?? '')).text;
  const found = await readSeals(parts.archive, parts, prev);
  const other = found.find(({ text }) => text !== own);
  if (other !== undefined) throw forked(other.key, false);
  return found.length > 0;
}

function isBuiltOn({ manifest }: FoundSeal, root: Hash): boolean {
  return equalHashes(rootOfEdge({ size: manifest.prev, hashes: manifest.edge }), root);
}

function assertOwnKey({ batches, verifiers, origin }: StartCheckParts, prev: number): void {
  try {
    openManifest(Buffer.from(batches.at(prev)?.manifest ?? ''), verifiers, origin);
  } catch {
    throw new IntegrityError(
      'log-key-wrong',
      'expected the key that has signed this log in keys/log.key, got another',
      {
        hint: 'put back the key file that belongs to this database; a log is never continued with another key',
      },
    );
  }
}

function incomplete({ location }: Archive, prev: number): ArchiveError {
  return new ArchiveError('archive-incomplete', `expected our seal after size ${prev} in ${location}, got none`, {
    hint: 'is it the right bucket, prefix and endpoint? Else it was removed, or an older copy was put back: run stateseal verify and put the objects back as they were',
    transient: false,
  });
}

function rolledBack(size: number): IntegrityError {
  return new IntegrityError(
    'archive-rolled-back',
    `expected the archive to end with this database, at size ${size}, got a seal of ours beyond it`,
    {
      hint: 'this data directory is older than the archive (a restored copy or image), or a copy of it ran elsewhere: stop, and take the log back with stateseal restore',
    },
  );
}

// C2SP checkpoints: the tree head that a log signs. Strict: three lines, no extension lines.
import { IntegrityError, ParseError } from '../errors.ts';
import { encodeBase64 } from './base64.ts';
import { EMPTY_ROOT, equalHashes, isHash, type Hash } from './hash.ts';
import { openNote, type OpenedNote, type Verifier } from './note.ts';
import { formatDecimal, isNoteText, parseDecimal, parseHash } from './text.ts';

export interface Checkpoint {
  readonly origin: string;
  /** Number of leaves. */
  readonly size: number;
  readonly root: Hash;
}

/**
 * The note text `<origin>\n<size>\n<base64 root>\n` (tlog-checkpoint, Note text).
 * Throws RangeError for what parseCheckpoint refuses.
 */
export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${formatDecimal(size)}\n${encodeBase64(root)}\n`;
  if (origin === '' || origin.includes('\n') || !isNoteText(text) || !isHash(root) || !isRootOf(size, root)) {
    throw new RangeError('expected an origin of one line and a root that fits the size, got others');
  }
  return text;
}

/** Throws ParseError `checkpoint-malformed`. */
export function parseCheckpoint(text: string): Checkpoint {
  if (!isNoteText(text)) throw malformed('a text without control characters that ends in a newline');
  const [origin = '', sizeText = '', rootText = '', end, ...more] = text.split('\n', 5);
  if (end !== '' || more.length > 0) throw malformed('exactly three lines');
  const size = parseDecimal(sizeText);
  const root = parseHash(rootText);
  if (origin === '') throw malformed('an origin in line 1');
  if (size === undefined) throw malformed('a size from 0 to 2^53-1 in line 2');
  if (root === undefined) throw malformed('the base64 of 32 bytes in line 3');
  if (!isRootOf(size, root)) throw malformed('the root of the empty tree for size 0');
  return { origin, size, root };
}

/**
 * A checkpoint that one of the log's own keys has signed. Pass no witness keys: a witness does not speak for the log.
 * Throws as openNote and parseCheckpoint do, and IntegrityError `checkpoint-origin-mismatch`.
 */
export function openCheckpoint(
  bytes: Uint8Array,
  logVerifiers: readonly Verifier[],
  origin: string,
): { readonly checkpoint: Checkpoint; readonly note: OpenedNote } {
  const note = openNote(bytes, logVerifiers);
  const checkpoint = parseCheckpoint(note.text);
  if (checkpoint.origin === origin) return { checkpoint, note };
  throw new IntegrityError('checkpoint-origin-mismatch', 'expected a checkpoint of this log, got one of another', {
    hint: 'one key signs for one log only: check which archive and which key belong together',
  });
}

/** There is one empty tree; any other root for size 0 would be a second history from the start. */
function isRootOf(size: number, root: Hash): boolean {
  return size > 0 || equalHashes(root, EMPTY_ROOT);
}

function malformed(expected: string): ParseError {
  return new ParseError('checkpoint-malformed', `expected a checkpoint with ${expected}, got another text`, {
    hint: 'the note was signed as something else, or by a log that writes extension lines',
  });
}

// C2SP tlog-proof files: one leaf's place in a log, checkable offline with the leaf and the log's key.
import { IntegrityError, ParseError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Hash } from './hash.ts';
import { maxNoteBytes, type Verifier } from './note.ts';
import { verifyInclusion } from './proof.ts';
import { createLineCursor, decodeUtf8, formatDecimal, parseHash, type LineCursor } from './text.ts';

export interface ProofFile {
  /** Opaque and not authenticated by anything: never to be trusted. */
  readonly extra?: Uint8Array;
  readonly leafIndex: number;
  /** The leaf's sibling first. */
  readonly hashes: readonly Hash[];
  /** The signed note, verbatim. */
  readonly checkpoint: string;
}

const header = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^63 leaves is 63 levels high. */
const maxHashes = 63;
const maxBytes = 2 * maxNoteBytes;

/** The text of the file (tlog-proof, Format). */
export function formatProofFile({ extra, leafIndex, hashes, checkpoint }: ProofFile): string {
  const hasExtra = extra !== undefined && extra.length > 0;
  const lines = [
    header,
    ...(hasExtra ? [`extra ${encodeBase64(extra)}`] : []),
    `index ${formatDecimal(leafIndex)}`,
    ...hashes.map(encodeBase64),
  ];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** Splits the file, believing nothing; the checkpoint is not opened. Throws ParseError `proof-file-malformed`. */
export function parseProofFile(bytes: Uint8Array): ProofFile {
  const text = bytes.length <= maxBytes ? decodeUtf8(bytes) : undefined;
  if (text === undefined) throw malformed(`UTF-8 of at most ${maxBytes} bytes`);
  const cursor = createLineCursor(text, malformed);
  if (cursor.next('the header') !== header) throw cursor.fail('the header');
  const extra = cursor.isAt('extra') ? parseExtra(cursor) : undefined;
  const leafIndex = cursor.decimal('index');
  const hashes = parseHashes(cursor);
  const checkpoint = cursor.rest();
  if (checkpoint === '') throw malformed('a checkpoint at its end');
  return { ...(extra && { extra }), leafIndex, hashes, checkpoint };
}

/**
 * The checkpoint under which the file proves the leaf. Throws as openCheckpoint does, and IntegrityError
 * `proof-leaf-mismatch` when the hashes do not lead from this leaf to the checkpoint's root.
 */
export function verifyProofFile(
  file: ProofFile,
  leaf: Hash,
  logVerifiers: readonly Verifier[],
  origin: string,
): Checkpoint {
  const { checkpoint } = openCheckpoint(Buffer.from(file.checkpoint), logVerifiers, origin);
  if (verifyInclusion(leaf, file.leafIndex, checkpoint.size, file.hashes, checkpoint.root)) return checkpoint;
  throw new IntegrityError(
    'proof-leaf-mismatch',
    'expected the proof to lead from the leaf to the root, got another root',
    {
      hint: 'the proof belongs to another record, or the record was changed by as little as one byte',
    },
  );
}

function parseExtra(cursor: LineCursor): Uint8Array {
  const extra = decodeBase64(cursor.field('extra'));
  if (extra === undefined || extra.length === 0) throw cursor.fail('"extra <base64>"');
  return extra;
}

function parseHashes(cursor: LineCursor): Hash[] {
  const hashes: Hash[] = [];
  for (;;) {
    const line = cursor.next('a hash or a blank line');
    if (line === '') return hashes;
    const hash = parseHash(line);
    if (hash === undefined || hashes.length === maxHashes) throw cursor.fail('a hash or a blank line');
    hashes.push(hash);
  }
}

function malformed(expected: string): ParseError {
  return new ParseError('proof-file-malformed', `expected a tlog-proof file with ${expected}, got another text`, {
    hint: 'the file is not a tlog-proof, or was changed by an editor or a mail program: fetch it again',
  });
}

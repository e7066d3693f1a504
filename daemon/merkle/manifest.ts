// The manifest of one sealed batch: the text whose signed note is the commit point of a seal (docs/LOG-FORMAT.md).
// Its tree is checked here, from edge and leaves alone; that batch and blobs fit their digests is the verifier's work.
import { IntegrityError, ParseError } from '../errors.ts';
import { encodeBase64 } from './base64.ts';
import { equalHashes, leafHash, type Hash } from './hash.ts';
import { openNote, type OpenedNote, type Verifier } from './note.ts';
import { createLineCursor, isNoteText, parseDecimal, type LineCursor } from './text.ts';
import { MAX_ENTRY_BYTES } from './tile.ts';
import { appendLeaves, edgeLength, rootOfEdge } from './tree.ts';
import { isKeyName } from './vkey.ts';

export interface Manifest {
  readonly origin: string;
  /** Tree size before and after the batch: its leaves are [prev, size), at least one. */
  readonly prev: number;
  readonly size: number;
  /** Root at `size`. */
  readonly root: Hash;
  readonly batch: ManifestBatch;
  /** How long batch and blobs are locked; 0 = not locked. */
  readonly contentDays: number;
  /** Edge hashes of `prev`, largest first. */
  readonly edge: readonly Hash[];
  /** Strictly ascending by digest. */
  readonly blobs: readonly ManifestBlob[];
  /** Lines that outlive the batch, strictly ascending by index. */
  readonly kept: readonly KeptLine[];
  /** Leaf hashes of [prev, size), in order. */
  readonly leaves: readonly Hash[];
}

export interface ManifestBatch {
  /** Of the stored (compressed) object: 64 lower-case hex digits. */
  readonly sha256: string;
  readonly storedBytes: number;
  /** Of all lines with their newlines. */
  readonly lineBytes: number;
}

export interface ManifestBlob {
  readonly sha256: string;
  readonly storedBytes: number;
}

export interface KeptLine {
  readonly leafIndex: number;
  /** The leaf's text, without newline. UTF-8 holds it without loss. */
  readonly line: string;
}

/** Bound on manifest and note, in bytes: over 300,000 leaves. */
export const maxManifestBytes = 16 * 1024 ** 2;

/** The note text. Throws as parseManifest does: what is signed and locked for years must be readable. */
export function formatManifest(manifest: Manifest): string {
  const { batch, edge, blobs, kept, leaves } = manifest;
  const lines = [
    `${manifest.origin}/seal`,
    `prev ${manifest.prev}`,
    `size ${manifest.size}`,
    `root ${encodeBase64(manifest.root)}`,
    `batch ${batch.sha256} ${batch.storedBytes} ${batch.lineBytes}`,
    `content-days ${manifest.contentDays}`,
    ...edge.map((hash) => `edge ${encodeBase64(hash)}`),
    ...blobs.map(({ sha256, storedBytes }) => `blob ${sha256} ${storedBytes}`),
    ...kept.map(({ leafIndex, line }) => `keep ${leafIndex} ${line}`),
    ...leaves.map((hash) => `leaf ${encodeBase64(hash)}`),
  ];
  const text = `${lines.join('\n')}\n`;
  parseManifest(text);
  return text;
}

/**
 * Throws ParseError `manifest-malformed` (form, order, counts) or IntegrityError `manifest-contradiction`
 * (edge and leaves give another root, or a kept line is not the leaf at its index).
 */
export function parseManifest(text: string): Manifest {
  if (text.length > maxManifestBytes || !isNoteText(text)) {
    throw malformed(`at most ${maxManifestBytes} characters, no control characters and a final newline`);
  }
  const manifest = readManifest(createLineCursor(text, malformed));
  assertKept(manifest);
  assertRoot(manifest);
  return manifest;
}

/**
 * A manifest that one of the log's own keys has signed. Throws as openNote and parseManifest do, and IntegrityError
 * `manifest-origin-mismatch`.
 */
export function openManifest(
  bytes: Uint8Array,
  logVerifiers: readonly Verifier[],
  origin: string,
): { readonly manifest: Manifest; readonly note: OpenedNote } {
  const note = openNote(bytes, logVerifiers, maxManifestBytes);
  const manifest = parseManifest(note.text);
  if (manifest.origin === origin) return { manifest, note };
  throw new IntegrityError('manifest-origin-mismatch', 'expected a manifest of this log, got one of another', {
    hint: 'one key signs for one log only: check which archive and which key belong together',
  });
}

function readManifest(cursor: LineCursor): Manifest {
  const origin = readOrigin(cursor);
  const prev = cursor.decimal('prev');
  const size = cursor.decimal('size');
  if (size <= prev) throw cursor.fail('a size above prev');
  const root = cursor.hash('root');
  const batch = readBatch(cursor);
  const contentDays = cursor.decimal('content-days');
  const edge = readHashes(cursor, 'edge', edgeLength(prev));
  const blobs = readBlobs(cursor);
  const kept = readKept(cursor, prev, size);
  const leaves = readHashes(cursor, 'leaf', size - prev);
  if (cursor.rest() !== '') throw malformed('as many lines as its sizes say');
  return { origin, prev, size, root, batch, contentDays, edge, blobs, kept, leaves };
}

function readOrigin(cursor: LineCursor): string {
  const line = cursor.next('"<origin>/seal"');
  const origin = line.slice(0, -'/seal'.length);
  if (!line.endsWith('/seal') || !isKeyName(origin)) throw cursor.fail('"<origin>/seal"');
  return origin;
}

function readBatch(cursor: LineCursor): ManifestBatch {
  const [sha256 = '', stored = '', lines = '', ...more] = cursor.field('batch').split(' ', 4);
  const storedBytes = parseDecimal(stored);
  const lineBytes = parseDecimal(lines);
  if (!isDigest(sha256) || storedBytes === undefined || lineBytes === undefined || more.length > 0) {
    throw cursor.fail('"batch <sha256> <stored bytes> <line bytes>"');
  }
  return { sha256, storedBytes, lineBytes };
}

/** Never reserves by `count`: it is only what the text claims. */
function readHashes(cursor: LineCursor, label: string, count: number): Hash[] {
  const hashes: Hash[] = [];
  while (hashes.length < count) hashes.push(cursor.hash(label));
  return hashes;
}

function readBlobs(cursor: LineCursor): ManifestBlob[] {
  const blobs: ManifestBlob[] = [];
  let last = '';
  while (cursor.isAt('blob')) {
    const [sha256 = '', stored = '', ...more] = cursor.field('blob').split(' ', 3);
    const storedBytes = parseDecimal(stored);
    if (!isDigest(sha256) || storedBytes === undefined || more.length > 0) {
      throw cursor.fail('"blob <sha256> <stored bytes>"');
    }
    if (sha256 <= last) throw cursor.fail('blobs sorted by digest, each once');
    blobs.push({ sha256, storedBytes });
    last = sha256;
  }
  return blobs;
}

function readKept(cursor: LineCursor, prev: number, size: number): KeptLine[] {
  const kept: KeptLine[] = [];
  let last = prev - 1;
  while (cursor.isAt('keep')) {
    const field = cursor.field('keep');
    const space = field.indexOf(' ');
    const leafIndex = parseDecimal(field.slice(0, Math.max(0, space)));
    const line = field.slice(space + 1);
    if (leafIndex === undefined || line === '' || Buffer.byteLength(line) > MAX_ENTRY_BYTES) {
      throw cursor.fail('"keep <index> <line>"');
    }
    if (leafIndex <= last || leafIndex >= size) throw cursor.fail('kept lines in order, of this batch, each once');
    kept.push({ leafIndex, line });
    last = leafIndex;
  }
  return kept;
}

function assertKept({ prev, kept, leaves }: Manifest): void {
  for (const { leafIndex, line } of kept) {
    const leaf = leaves[leafIndex - prev];
    if (leaf === undefined || !equalHashes(leafHash(Buffer.from(line)), leaf)) {
      throw contradiction(`expected the kept line ${leafIndex} to be the leaf at its index, got another`);
    }
  }
}

function assertRoot({ prev, edge, leaves, root }: Manifest): void {
  const implied = rootOfEdge(appendLeaves({ size: prev, hashes: edge }, leaves));
  if (!equalHashes(implied, root)) throw contradiction('expected edge and leaves to give the root, got another');
}

function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function malformed(expected: string): ParseError {
  return new ParseError('manifest-malformed', `expected a manifest with ${expected}, got another text`, {
    hint: 'the object is not a manifest of this format, or was written by a newer version',
  });
}

function contradiction(message: string): IntegrityError {
  return new IntegrityError('manifest-contradiction', message, {
    hint: 'keep the object: a signed manifest that contradicts itself points to a defect or to a stolen key',
  });
}

// C2SP signed notes: text, a blank line, signature lines; opened against known keys. Knows nothing of what the text says.
import { IntegrityError, ParseError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { createEd25519Key, createEd25519Verify } from './ed25519.ts';
import { decodeUtf8, isNoteText } from './text.ts';
import { assertKeyName, createVkey, formatVkey, isKeyName, parseVkey } from './vkey.ts';

export interface NoteSignature {
  readonly name: string;
  /** 8 lower-case hex digits. */
  readonly keyId: string;
  /** What stands after the 4 bytes of the key id; its form depends on the key's type. */
  readonly signature: Uint8Array;
}

export interface Note {
  /** With its final newline, without the blank line: exactly what is signed. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface OpenedNote {
  readonly text: string;
  /** Signatures by known keys, all of them valid, at least one. */
  readonly verified: readonly NoteSignature[];
  /** How many signatures are by keys that are not known: they say nothing. */
  readonly unverifiedCount: number;
}

export interface Signer {
  readonly name: string;
  readonly keyId: string;
  readonly vkey: string;
  sign(text: string): Uint8Array;
}

export interface Verifier {
  readonly name: string;
  readonly keyId: string;
  /** Never throws: signatures are hostile. */
  verify(text: string, signature: Uint8Array): boolean;
}

/** Default bound on a whole note, in bytes: 1 MiB. */
export const maxNoteBytes = 1024 ** 2;
const maxSignatures = 100;

/** A signer of type 0x01 from a 32-byte seed. Throws ParseError `key-name-invalid`. */
export function createEd25519Signer(name: string, seed: Uint8Array): Signer {
  const key = createEd25519Key(seed);
  const vkey = createVkey(name, 'ed25519', key.publicKey);
  return { name, keyId: vkey.keyId, vkey: formatVkey(vkey), sign: (text) => key.sign(Buffer.from(text)) };
}

/** A verifier of type 0x01. Throws ParseError `vkey-malformed`, also for a witness key (see cosignature.ts). */
export function createVerifier(vkey: string): Verifier {
  const { name, keyId, algorithm, publicKey } = parseVkey(vkey);
  if (algorithm !== 'ed25519') {
    throw new ParseError('vkey-malformed', 'expected a verifier key of type 0x01, got a witness key', {
      hint: 'give the key of the log, not the key of a witness',
    });
  }
  const verify = createEd25519Verify(publicKey);
  return { name, keyId, verify: (text, signature) => verify(Buffer.from(text), signature) };
}

/** The note over `text`, one line per signer. Throws ParseError `note-malformed` when `text` is no note text. */
export function signNote(text: string, signers: readonly Signer[]): string {
  return formatNote({
    text,
    signatures: signers.map((signer) => ({ name: signer.name, keyId: signer.keyId, signature: signer.sign(text) })),
  });
}

/** Throws ParseError `note-malformed` for what parseNote would not read. */
export function formatNote({ text, signatures }: Note): string {
  if (!isNoteText(text)) throw malformed('a text without control characters that ends in a newline');
  if (signatures.length === 0 || signatures.length > maxSignatures) throw malformed(`1 to ${maxSignatures} signatures`);
  return `${text}\n${signatures.map(formatSignature).join('')}`;
}

/** Splits a note, believing nothing. Throws ParseError `note-malformed`. */
export function parseNote(bytes: Uint8Array, maxBytes = maxNoteBytes): Note {
  if (bytes.length > maxBytes) throw malformed(`at most ${maxBytes} bytes`);
  const note = decodeUtf8(bytes);
  if (note === undefined || !isNoteText(note)) throw malformed('UTF-8 without control characters and a final newline');
  // The last blank line: the text may hold blank lines itself.
  const blank = note.lastIndexOf('\n\n');
  if (blank < 0) throw malformed('a blank line before the signatures');
  const lines = note.slice(blank + 2, -1).split('\n', maxSignatures + 1);
  if (lines.length > maxSignatures) throw malformed(`at most ${maxSignatures} signatures`);
  return { text: note.slice(0, blank + 1), signatures: lines.map(parseSignature) };
}

/**
 * The text of a note that a known key has signed. Signatures by other keys are counted, not judged.
 * Throws ParseError `note-malformed`; IntegrityError `note-signature-invalid` when a known key (name and id) has a
 * bad signature beside however many good ones; IntegrityError `note-key-unknown` when no known key has signed.
 */
export function openNote(bytes: Uint8Array, verifiers: readonly Verifier[], maxBytes = maxNoteBytes): OpenedNote {
  const { text, signatures } = parseNote(bytes, maxBytes);
  const verified = signatures.filter((signature) => isVerified(text, signature, verifiers));
  if (verified.length === 0) {
    throw new IntegrityError('note-key-unknown', 'expected a signature by a known key, got none', {
      hint: 'check that the verifier key given is the one of this log',
    });
  }
  return { text, verified, unverifiedCount: signatures.length - verified.length };
}

function isVerified(text: string, { name, keyId, signature }: NoteSignature, verifiers: readonly Verifier[]): boolean {
  const known = verifiers.filter((verifier) => verifier.name === name && verifier.keyId === keyId);
  if (known.length === 0) return false;
  if (known.some((verifier) => verifier.verify(text, signature))) return true;
  throw new IntegrityError('note-signature-invalid', `expected a valid signature by key ${keyId}, got an invalid one`, {
    hint: 'the text or the signature was changed after signing: keep the object and compare it with other copies',
  });
}

function formatSignature({ name, keyId, signature }: NoteSignature): string {
  assertKeyName(name);
  if (!/^[0-9a-f]{8}$/.test(keyId) || signature.length === 0) throw malformed('a key id and a signature');
  return `— ${name} ${encodeBase64(Buffer.concat([Buffer.from(keyId, 'hex'), signature]))}\n`;
}

function parseSignature(line: string): NoteSignature {
  const [dash, name = '', encoded = '', ...more] = line.split(' ', 4);
  const bytes = decodeBase64(encoded);
  if (dash !== '—' || !isKeyName(name) || bytes === undefined || bytes.length < 5 || more.length > 0) {
    throw malformed('signature lines "— <key name> <base64>"');
  }
  return { name, keyId: Buffer.from(bytes.subarray(0, 4)).toString('hex'), signature: bytes.subarray(4) };
}

function malformed(expected: string): ParseError {
  return new ParseError('note-malformed', `expected a signed note with ${expected}, got another text`, {
    hint: 'the object is not a signed note, or was cut or changed: compare it with another copy',
  });
}

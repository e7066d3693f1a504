// Witness cosignatures, Ed25519, version 1 (C2SP tlog-cosignature; signature type 0x04): u64be time ‖ signature.
// A statement that, at that time, the checkpoint extended everything the witness had seen of the log.
import { ParseError } from '../errors.ts';
import { createEd25519Key, createEd25519Verify, ED25519_SIGNATURE_BYTES } from './ed25519.ts';
import type { NoteSignature, Verifier } from './note.ts';
import { formatDecimal } from './text.ts';
import { createVkey, formatVkey, parseVkey } from './vkey.ts';

export interface Cosignature {
  /** POSIX time in seconds. */
  readonly timeSeconds: number;
  /** 64 bytes, Ed25519, over formatCosignedMessage. */
  readonly signature: Uint8Array;
}

export interface Cosigner {
  readonly name: string;
  readonly keyId: string;
  readonly vkey: string;
  /** A signature line's content for the note text of a checkpoint. */
  cosign(text: string, timeSeconds: number): NoteSignature;
}

const timeBytes = 8;

/** Throws ParseError `key-name-invalid`. */
export function createCosigner(name: string, seed: Uint8Array): Cosigner {
  const key = createEd25519Key(seed);
  const vkey = createVkey(name, 'cosignature-v1', key.publicKey);
  const { keyId } = vkey;
  const cosign = (text: string, timeSeconds: number): NoteSignature => {
    const signature = key.sign(formatCosignedMessage(text, timeSeconds));
    return { name, keyId, signature: formatCosignature({ timeSeconds, signature }) };
  };
  return { name, keyId, vkey: formatVkey(vkey), cosign };
}

/** A verifier for openNote. Throws ParseError `vkey-malformed`, also for a key of another type. */
export function createCosignatureVerifier(vkey: string): Verifier {
  const { name, keyId, algorithm, publicKey } = parseVkey(vkey);
  if (algorithm !== 'cosignature-v1') {
    throw new ParseError('vkey-malformed', 'expected a verifier key of type 0x04, got another type', {
      hint: 'give the key that the witness publishes for cosignatures',
    });
  }
  const verify = createEd25519Verify(publicKey);
  return {
    name,
    keyId,
    verify: (text, bytes) => {
      const cosignature = parseCosignature(bytes);
      if (cosignature === undefined) return false;
      return verify(formatCosignedMessage(text, cosignature.timeSeconds), cosignature.signature);
    },
  };
}

/** The bytes that are signed (tlog-cosignature, Ed25519 signed message). */
export function formatCosignedMessage(text: string, timeSeconds: number): Uint8Array {
  return Buffer.from(`cosignature/v1\ntime ${formatDecimal(timeSeconds)}\n${text}`);
}

export function formatCosignature({ timeSeconds, signature }: Cosignature): Uint8Array {
  const time = Buffer.alloc(timeBytes);
  time.writeBigUInt64BE(BigInt(timeSeconds));
  return Buffer.concat([time, signature]);
}

/** Undefined for another length, or a time beyond 2^53 − 1 seconds: no clock is there. */
export function parseCosignature(bytes: Uint8Array): Cosignature | undefined {
  if (bytes.length !== timeBytes + ED25519_SIGNATURE_BYTES) return undefined;
  const timeSeconds = Number(new DataView(bytes.buffer, bytes.byteOffset, timeBytes).getBigUint64(0));
  return Number.isSafeInteger(timeSeconds) ? { timeSeconds, signature: bytes.subarray(timeBytes) } : undefined;
}

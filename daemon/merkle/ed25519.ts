// Ed25519 (RFC 8032) over raw 32-byte seeds and public keys, which is how C2SP formats carry them.
// Knows no key names, no formats.
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';

export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

// RFC 8410: everything of the DER form that stands before the 32 bytes.
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

export interface Ed25519Key {
  /** 32 bytes, RFC 8032. */
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

/** Throws RangeError unless the seed is 32 bytes. The caller may wipe the seed afterwards. */
export function createEd25519Key(seed: Uint8Array): Ed25519Key {
  const der = derOf(pkcs8Prefix, seed);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  der.fill(0);
  const publicKey = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
  return { publicKey, sign: (message) => sign(null, message, privateKey) };
}

/** Throws RangeError unless the key is 32 bytes. The result never throws: a signature of another length is false. */
export function createEd25519Verify(publicKey: Uint8Array): (message: Uint8Array, signature: Uint8Array) => boolean {
  const key = createPublicKey({ key: derOf(spkiPrefix, publicKey), format: 'der', type: 'spki' });
  return (message, signature) => signature.length === ED25519_SIGNATURE_BYTES && verify(null, message, key, signature);
}

function derOf(prefix: Uint8Array, raw: Uint8Array): Buffer {
  if (raw.length !== ED25519_KEY_BYTES) {
    throw new RangeError(`expected ${ED25519_KEY_BYTES} key bytes, got ${raw.length}`);
  }
  // Not from the shared pool: a seed must not outlive this call in memory that others are handed.
  const der = Buffer.alloc(prefix.length + raw.length);
  der.set(prefix);
  der.set(raw, prefix.length);
  return der;
}

// The ingest key: clients seal to its public half, the recorder opens with its private half. X25519 (RFC 9180 §7.1).
// Only the line of the public half ever leaves the data directory.
import { createHash, type webcrypto } from 'node:crypto';
import { DhkemX25519HkdfSha256 } from '@hpke/core';

export const PUBLIC_KEY_BYTES = 32;
export const KID_BYTES = 8;

export interface IngestPublicKey {
  /** First 8 bytes of SHA-256("stateseal ingest key v1" ‖ public key). */
  readonly kid: Uint8Array;
  readonly bytes: Uint8Array;
}

export interface IngestKey {
  readonly public: IngestPublicKey;
  readonly pair: webcrypto.CryptoKeyPair;
}

const LINE = /^stateseal-ingest-v1 ([0-9a-f]{16}) ([A-Za-z0-9+/]{43}=)\n?$/u;

/** `secret`: 32 random bytes, kept by the data directory; the key pair is derived as RFC 9180 §7.1.3 says. */
export async function createIngestKey(secret: Uint8Array): Promise<IngestKey> {
  const kem = new DhkemX25519HkdfSha256();
  // The library's types name the browser's CryptoKey, which is Node's.
  const pair = (await kem.deriveKeyPair(Uint8Array.from(secret))) as unknown as webcrypto.CryptoKeyPair;
  return { pair, public: toPublicKey(new Uint8Array(await kem.serializePublicKey(pair.publicKey))) };
}

export function toPublicKey(bytes: Uint8Array): IngestPublicKey {
  const digest = createHash('sha256').update('stateseal ingest key v1').update(bytes).digest();
  return { bytes, kid: new Uint8Array(digest.subarray(0, KID_BYTES)) };
}

/** `stateseal-ingest-v1 <kid, hex> <public key, base64>` and a newline. */
export function formatIngestPub({ kid, bytes }: IngestPublicKey): string {
  return `stateseal-ingest-v1 ${Buffer.from(kid).toString('hex')} ${Buffer.from(bytes).toString('base64')}\n`;
}

/** Undefined for anything but one whole line whose kid is that of its key. */
export function parseIngestPub(text: string): IngestPublicKey | undefined {
  const [, kid, encoded] = LINE.exec(text) ?? [];
  if (kid === undefined || encoded === undefined) return undefined;
  const key = toPublicKey(new Uint8Array(Buffer.from(encoded, 'base64')));
  return formatIngestPub(key) === `stateseal-ingest-v1 ${kid} ${encoded}\n` ? key : undefined;
}

// A box: bytes that only the holder of the ingest key can read. HPKE base mode (RFC 9180) with DHKEM(X25519,
// HKDF-SHA256), HKDF-SHA256, AES-256-GCM. It says nothing about who made it: that is asked of the file system.
//   "stsealbx" ‖ version 1 (1 byte) ‖ kid (8) ‖ enc (32) ‖ ciphertext and tag
// `info` is "stateseal spool v1"; the additional data is magic, version, kid and the box's key, so that a box opens
// under no other name.
import type { webcrypto } from 'node:crypto';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core';
import { ParseError } from '../errors.ts';
import { KID_BYTES, PUBLIC_KEY_BYTES, type IngestKey, type IngestPublicKey } from './ingest-key.ts';

const MAGIC = Buffer.from('stsealbx');
const VERSION = 1;
const TAG_BYTES = 16;
const PREFIX_BYTES = MAGIC.length + 1 + KID_BYTES;
/** Bytes before the ciphertext. */
export const BOX_HEAD_BYTES = PREFIX_BYTES + PUBLIC_KEY_BYTES;
/** How much larger a box is than what lies in it. */
export const BOX_OVERHEAD_BYTES = BOX_HEAD_BYTES + TAG_BYTES;
const INFO = Buffer.from('stateseal spool v1');

/** `name`: the idempotency key it is filed under. */
export async function sealBox(to: IngestPublicKey, name: string, plaintext: Uint8Array): Promise<Uint8Array> {
  const suite = createSuite();
  const prefix = Buffer.concat([MAGIC, Buffer.of(VERSION), to.kid]);
  const key = (await suite.kem.deserializePublicKey(Uint8Array.from(to.bytes))) as unknown as webcrypto.CryptoKey;
  const sender = await suite.createSenderContext({ recipientPublicKey: key, info: Uint8Array.from(INFO) });
  const ciphertext = await sender.seal(toOwn(plaintext), additional(prefix, name));
  return Buffer.concat([prefix, new Uint8Array(sender.enc), new Uint8Array(ciphertext)]);
}

/** What a box says in clear; throws ParseError `box-malformed`, or `box-other-key` for another ingest key's. */
export function assertBoxHead(head: Uint8Array, key: IngestPublicKey): void {
  const isOurs = head.length >= BOX_HEAD_BYTES && MAGIC.equals(head.subarray(0, MAGIC.length));
  if (!isOurs || head[MAGIC.length] !== VERSION) {
    throw new ParseError('box-malformed', 'expected a box of version 1, got something else', {
      hint: 'only stateseal delivers into a spool: see which account owns the file',
    });
  }
  if (Buffer.from(key.kid).equals(head.subarray(MAGIC.length + 1, PREFIX_BYTES))) return;
  throw new ParseError('box-other-key', 'expected a box for the present ingest key, got one for another', {
    hint: 'it was sealed before keys/ingest.key was lost or replaced: it cannot be opened any more',
  });
}

/** Throws ParseError `box-malformed`, `box-other-key`, or `box-sealed` for one that was altered or renamed. */
export async function openBox(key: IngestKey, name: string, box: Uint8Array): Promise<Uint8Array> {
  assertBoxHead(box, key.public);
  const prefix = box.subarray(0, PREFIX_BYTES);
  try {
    const recipient = await createSuite().createRecipientContext({
      recipientKey: key.pair,
      enc: toOwn(box.subarray(PREFIX_BYTES, BOX_HEAD_BYTES)),
      info: Uint8Array.from(INFO),
    });
    const plaintext = await recipient.open(toOwn(box.subarray(BOX_HEAD_BYTES)), additional(prefix, name));
    return new Uint8Array(plaintext);
  } catch {
    // The library's own text says no more, and a foreign error is never passed on.
    throw new ParseError('box-sealed', 'expected a box that opens, got one that was altered or renamed', {
      hint: 'see which account owns the file: a whole box always opens',
    });
  }
}

function createSuite(): CipherSuite {
  return new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
}

function additional(prefix: Uint8Array, key: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([prefix, Buffer.from(key)]));
}

/** WebCrypto takes views of unshared buffers only; bytes that are such a view already are not copied. */
function toOwn(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : Uint8Array.from(bytes);
}

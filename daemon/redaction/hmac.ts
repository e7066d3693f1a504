// HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869) for very many short messages under few keys.
// Keyed pads are laid out once and both halves are one-shot hashes: node's createHmac builds an object per message
// (twelve times slower), @noble/hashes with cloned pads is a little slower. Knows nothing of what is hashed.
import { Buffer } from 'node:buffer';
import { createHash, createHmac, hash } from 'node:crypto';

/** 'binary' is one character per byte. */
export type DigestEncoding = 'base64url' | 'binary';

export const KEY_BYTES = 32;
const BLOCK_BYTES = 64;
const SCRATCH_BYTES = 16_384;
/** A UTF-16 unit takes at most three bytes of UTF-8. */
const MAX_BYTES_PER_UNIT = 3;

/** HMAC-SHA256 under one key of 32 bytes, over `prefix ‖ message`. Throws RangeError for another key length. */
export class KeyedHash {
  readonly #inner: Buffer;
  readonly #outer = Buffer.alloc(BLOCK_BYTES + KEY_BYTES);
  readonly #start: number;

  constructor(key: Uint8Array, prefix: Uint8Array = new Uint8Array(0)) {
    assertKey(key);
    this.#start = BLOCK_BYTES + prefix.length;
    this.#inner = Buffer.alloc(this.#start + SCRATCH_BYTES);
    writePads(this.#inner, this.#outer, key);
    this.#inner.set(prefix, BLOCK_BYTES);
  }

  /** Digest over the message as UTF-8; a lone surrogate counts as U+FFFD, as Terraform's own decoder reads it. */
  text(message: string, encoding: DigestEncoding = 'base64url'): string {
    if (message.length * MAX_BYTES_PER_UNIT > SCRATCH_BYTES) return this.bytes(Buffer.from(message), encoding);
    const end = this.#start + this.#inner.write(message, this.#start);
    return this.#finish(hash('sha256', this.#inner.subarray(0, end), 'binary'), encoding);
  }

  bytes(message: Uint8Array, encoding: DigestEncoding = 'base64url'): string {
    const inner = createHash('sha256').update(this.#inner.subarray(0, this.#start)).update(message);
    return this.#finish(inner.digest('binary'), encoding);
  }

  /** 'binary' digest over the first bytes of a buffer, at most 16 KiB. */
  start(source: Buffer, sizeBytes: number): string {
    source.copy(this.#inner, this.#start, 0, sizeBytes);
    return this.#finish(hash('sha256', this.#inner.subarray(0, this.#start + sizeBytes), 'binary'), 'binary');
  }

  #finish(inner: string, encoding: DigestEncoding): string {
    this.#outer.write(inner, BLOCK_BYTES, 'latin1');
    return hash('sha256', this.#outer, encoding);
  }
}

const onceInner = Buffer.alloc(BLOCK_BYTES + SCRATCH_BYTES);
const onceOuter = Buffer.alloc(BLOCK_BYTES + KEY_BYTES);

/** base64url HMAC-SHA256 over a message under a key used this once; the key as 32 characters, one per byte. */
export function hmacOnce(key: string, message: string): string {
  if (message.length * MAX_BYTES_PER_UNIT > SCRATCH_BYTES)
    return hmacBytes(Buffer.from(key, 'latin1'), Buffer.from(message));
  for (let index = 0; index < KEY_BYTES; index += 1) {
    const byte = key.charCodeAt(index);
    onceInner[index] = byte ^ 0x36;
    onceOuter[index] = byte ^ 0x5c;
  }
  onceInner.fill(0x36, KEY_BYTES, BLOCK_BYTES);
  onceOuter.fill(0x5c, KEY_BYTES, BLOCK_BYTES);
  const end = BLOCK_BYTES + onceInner.write(message, BLOCK_BYTES);
  onceOuter.write(hash('sha256', onceInner.subarray(0, end), 'binary'), BLOCK_BYTES, 'latin1');
  return hash('sha256', onceOuter, 'base64url');
}

/** base64url HMAC-SHA256 over any bytes under any key. */
export function hmacBytes(key: Uint8Array, message: Uint8Array): string {
  return createHmac('sha256', key).update(message).digest('base64url');
}

/** HKDF-SHA256 with an empty salt; 32 bytes, so one block of RFC 5869 §2.3. node's hkdf takes at most 1 KiB of info. */
export function deriveKey(inputKey: Uint8Array, info: Uint8Array): Uint8Array {
  return createHmac('sha256', extractKey(inputKey)).update(info).update(Uint8Array.of(FIRST_BLOCK)).digest();
}

/** RFC 5869 §2.3: what the info of the first block ends with. */
export const FIRST_BLOCK = 1;

/** RFC 5869 §2.2: the pseudo-random key of HKDF with an empty salt, from which every expansion starts. */
export function extractKey(inputKey: Uint8Array): Uint8Array {
  return createHmac('sha256', new Uint8Array(KEY_BYTES)).update(inputKey).digest();
}

/** u32be length ‖ UTF-8 text, for each text: no two lists of texts give the same bytes. */
export function encodeFields(...texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}

function writePads(inner: Buffer, outer: Buffer, key: Uint8Array): void {
  inner.fill(0x36, 0, BLOCK_BYTES);
  outer.fill(0x5c, 0, BLOCK_BYTES);
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
}

function assertKey(key: Uint8Array): void {
  if (key.length !== KEY_BYTES) throw new RangeError(`expected a key of ${KEY_BYTES} bytes, got ${key.length}`);
}

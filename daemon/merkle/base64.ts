// Strict base64 (RFC 4648 §4) and unpadded base64url (§5): one text per value, so that no signed or hashed text
// has a second spelling. Node's decoder alone accepts flipped trailing bits, missing padding, spaces and both alphabets.

/** Standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64');
}

/** The bytes, or undefined unless `text` is exactly what encodeBase64 gives for them. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? bytes : undefined;
}

/** URL-safe alphabet, no padding. */
export function encodeBase64url(bytes: Uint8Array): string {
  return bufferOf(bytes).toString('base64url');
}

/** The bytes, or undefined unless `text` is exactly what encodeBase64url gives for them. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

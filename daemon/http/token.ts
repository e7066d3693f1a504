// Bearer tokens (RFC 6750). Only their SHA-256 is ever kept: the daemon cannot print a token it was given.
import { createHash, timingSafeEqual } from 'node:crypto';

/** SHA-256 of a token's UTF-8 bytes. Tokens carry 256 random bits, so a plain hash is enough. */
export function hashToken(token: string): Uint8Array {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** The token of an Authorization header; undefined when there is none in the Bearer scheme. */
export function parseBearer(header: string | undefined): string | undefined {
  return /^bearer +([A-Za-z0-9._~+/-]+=*)$/iu.exec(header ?? '')?.[1];
}

/** Compares hashes in constant time, so that an answer's delay tells nothing of the token. */
export function isToken(presented: string, tokenHash: Uint8Array): boolean {
  const hash = hashToken(presented);
  return tokenHash.length === hash.length && timingSafeEqual(hash, tokenHash);
}

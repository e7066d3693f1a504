// Names, ids and the text form ("vkey") of note keys (C2SP signed-note). Public halves only.
import { ParseError } from '../errors.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { ED25519_KEY_BYTES } from './ed25519.ts';
import { sha256 } from './hash.ts';

/** What a key signs: a note's text (type 0x01), or a witness statement on a checkpoint (type 0x04). */
export type KeyAlgorithm = 'ed25519' | 'cosignature-v1';

export interface Vkey {
  readonly name: string;
  /** 8 lower-case hex digits: the first 4 bytes of SHA-256(name ‖ 0x0A ‖ type ‖ public key). */
  readonly keyId: string;
  readonly algorithm: KeyAlgorithm;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

const typeBytes: Readonly<Record<KeyAlgorithm, number>> = { ed25519: 0x01, 'cosignature-v1': 0x04 };
const maxNameBytes = 255;
/** Longest name, key id, base64 of 33 bytes, two signs. */
const maxVkeyBytes = maxNameBytes + 8 + 44 + 2;

/** Not empty, at most 255 bytes, no Unicode space, no "+", no control character (signed-note, Format). */
export function isKeyName(name: string): boolean {
  const isInLimits = name.length > 0 && name.length <= maxNameBytes && Buffer.byteLength(name) <= maxNameBytes;
  return isInLimits && name.isWellFormed() && !/[\p{White_Space}+\0-\x1f]/u.test(name);
}

/** Throws ParseError `key-name-invalid`. */
export function assertKeyName(name: string): void {
  if (isKeyName(name)) return;
  throw new ParseError(
    'key-name-invalid',
    'expected a key name of 1 to 255 bytes without spaces and "+", got another',
    {
      hint: 'choose a log name made of letters, digits, dots, hyphens and slashes',
    },
  );
}

/** 8 lower-case hex digits (signed-note, Signatures). */
export function keyIdOf(name: string, algorithm: KeyAlgorithm, publicKey: Uint8Array): string {
  const input = Buffer.concat([Buffer.from(`${name}\n`), Uint8Array.of(typeBytes[algorithm]), publicKey]);
  return Buffer.from(sha256(input).subarray(0, 4)).toString('hex');
}

/** Throws ParseError `key-name-invalid`, or RangeError when the key is not 32 bytes. */
export function createVkey(name: string, algorithm: KeyAlgorithm, publicKey: Uint8Array): Vkey {
  assertKeyName(name);
  if (publicKey.length !== ED25519_KEY_BYTES) {
    throw new RangeError(`expected ${ED25519_KEY_BYTES} key bytes, got ${publicKey.length}`);
  }
  return { name, algorithm, publicKey, keyId: keyIdOf(name, algorithm, publicKey) };
}

/** `<name>+<hex key id>+<base64(type ‖ public key)>`. */
export function formatVkey({ name, keyId, algorithm, publicKey }: Vkey): string {
  const material = Buffer.concat([Uint8Array.of(typeBytes[algorithm]), publicKey]);
  return `${name}+${keyId}+${encodeBase64(material)}`;
}

/** Throws ParseError `vkey-malformed` unless the text is exactly what formatVkey gives for a key of a known type. */
export function parseVkey(text: string): Vkey {
  if (text.length > maxVkeyBytes) throw malformed();
  // Neither name nor key id holds a "+"; the base64 may.
  const parts = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name = '', keyId = '', encoded = ''] = parts ?? [];
  const material = decodeBase64(encoded);
  const algorithm = algorithmOf(material?.[0]);
  if (!isKeyName(name) || material?.length !== 1 + ED25519_KEY_BYTES || algorithm === undefined) throw malformed();
  const vkey = createVkey(name, algorithm, material.subarray(1));
  if (vkey.keyId !== keyId) throw malformed();
  return vkey;
}

function algorithmOf(typeByte: number | undefined): KeyAlgorithm | undefined {
  if (typeByte === typeBytes.ed25519) return 'ed25519';
  return typeByte === typeBytes['cosignature-v1'] ? 'cosignature-v1' : undefined;
}

function malformed(): ParseError {
  return new ParseError('vkey-malformed', 'expected a verifier key <name>+<key id>+<base64>, got another text', {
    hint: 'copy the whole verifier key again; one character changed or missing makes it invalid',
  });
}

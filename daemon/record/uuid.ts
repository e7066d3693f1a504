// UUID version 7 (RFC 9562 §5.7). Time and randomness are arguments.

/** `random` is 10 bytes. Ids made in one millisecond are unordered among themselves. */
export function uuidV7(timeMs: number, random: Uint8Array): string {
  if (random.length !== 10) throw new RangeError(`expected 10 random bytes, got ${random.length}`);
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timeMs) << 16n);
  bytes.set(random, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

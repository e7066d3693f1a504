// Serials are unsigned 64-bit integers carried as decimal text. Pure.

/** -1, 0 or 1. */
export function compareSerials(a: string, b: string): number {
  const left = BigInt(a);
  const right = BigInt(b);
  return left < right ? -1 : left > right ? 1 : 0;
}
